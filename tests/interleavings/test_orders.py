"""Every order of begin, change, finish and gap: no read shows what was before something that was known when it began.

A play has lanes of steps, each in its own order; it is performed in every order in which the lanes can be merged. What
waits at the end of it is finished, oldest first, and then one more read is made.

`R1` `R2` a read begins · `1>` `2>` the first, second request that reads arrives at ftrack · `1<` `2<` and is answered ·
`W` a write begins · `W>` `W<` the same for it · `W!` its answer gets lost · `F` somebody else changes the task ·
`E` the oldest event is heard · `cut` `back` the feed is interrupted, and is there again
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.settings import Settings
from tests.ftrack_server import Engine, ProductionPlan
from tests.ftrack_server.schemas import build_schemas
from tests.harness import settings_for
from tests.interleavings.orders import Lane, orders
from tests.interleavings.stage import RAY, Stage
from tests.switches import without

BY_ID = 'select name from Task where id is "{task}"'
LIST = 'select name, description from Task where project.id is "{project}"'
OTHERWISE = 'select name from Task where id is "{task}" and name is_not "nothing"'


@cache
def _ftrack() -> tuple[Engine, Binder, Settings]:
    schema, settings = KnownSchema(on_change=lambda: None), settings_for("http://ftrack.test", Path())
    schema.learn_schemas(build_schemas())
    return Engine(ProductionPlan(sequences=1, shots=1, tasks=2)), Binder(schema, settings.policy), settings


@dataclass
class _Read:
    known: int
    task: asyncio.Task[Any]


class Play:
    """One order, on a stage of its own. ``known``: the newest commit that was answered for, heard of, or not heard."""

    def __init__(self, first: str, second: str) -> None:
        engine, binder, settings = _ftrack()
        made = engine.production
        self.stage, self.engine, self.task = Stage(engine, binder, settings), engine, made.tasks[0]
        names = {"task": self.task, "project": made.projects[0]}
        self.expressions = {"R1": first.format(**names), "R2": second.format(**names)}
        self.reads: dict[str, _Read] = {}
        self.write: asyncio.Task[Any] | None = None
        self.known = engine.commits
        self.commits = {self._now(): self.known}

    async def perform(self, steps: tuple[str, ...]) -> None:
        # After it the client is trusted.
        await self._ask("select id from Status")
        self.stage.ftrack.exchanges.clear()
        for step in steps:
            self._step(step)
            await self.stage.settle()
            self._note_answers()
        await self.stage.drain()
        self._note_answers()
        await self._ask("", self._read("R3", self.expressions["R2"]).task)
        for name, read in self.reads.items():
            self._check(name, read)
        assert self.stage.faults == {}

    def _step(self, step: str) -> None:
        ftrack, feed = self.stage.ftrack, self.stage.feed
        match step:
            case "R1" | "R2":
                self._read(step, self.expressions[step])
            case "W":
                name = f"own {self.engine.commits}"
                data = {"__entity_type__": "Task", "name": name}
                update = {"action": "update", "entity_type": "Task", "entity_key": [self.task], "entity_data": data}
                self.write = self.stage.call([update])
            case "F":
                self._change(f"foreign {self.engine.commits}")
            case "E":
                if feed.live and ftrack.unheard:
                    commit, frame = ftrack.unheard.popleft()
                    self.stage.intake.take(frame)
                    self.known = max(self.known, commit)
            case "cut" | "back":
                ftrack.unheard.clear()
                feed.turn(live=step == "back")
                self.known = self.engine.commits
            case _:
                self._move(step)

    def _move(self, step: str) -> None:
        """Let a request arrive, be answered or get lost, if there is one."""
        asked = [exchange for exchange in self.stage.ftrack.exchanges if exchange.writes == step.startswith("W")]
        number = 0 if step.startswith("W") else int(step[0]) - 1
        if number < len(asked):
            move = {">": self.stage.ftrack.arrive, "<": self.stage.ftrack.answer, "!": self.stage.ftrack.lose}
            move[step[1]](asked[number])
            self.commits.setdefault(self._now(), self.engine.commits)

    def _change(self, name: str) -> None:
        data = {"__entity_type__": "Task", "name": name}
        update = {"action": "update", "entity_type": "Task", "entity_key": [self.task], "entity_data": data}
        self.stage.ftrack.carry_out(RAY, [update])
        self.commits[name] = self.engine.commits

    def _note_answers(self) -> None:
        """G1, G8: once the client has an answer to its write, or hears that there is none."""
        if self.write is not None and self.write.done():
            written = [commit for name, commit in self.commits.items() if name.startswith("own")]
            self.known = max(self.known, *written, 0)

    def _read(self, name: str, expression: str) -> _Read:
        read = _Read(self.known, self.stage.call([{"action": "query", "expression": expression}]))
        self.reads[name] = read
        return read

    async def _ask(self, expression: str, task: asyncio.Task[Any] | None = None) -> None:
        task = task or self.stage.call([{"action": "query", "expression": expression}])
        await self.stage.drain()
        assert task.done()

    def _now(self) -> str:
        name: str = self.engine.query(f'select name from Task where id is "{self.task}"')[0]["name"]
        return name

    def _check(self, name: str, read: _Read) -> None:
        rows = orjson.loads(read.task.result().body)[0]["data"]
        seen = next(row["name"] for row in rows if row["id"] == self.task)
        assert self.commits[seen] >= read.known, (
            f"{name} shows {seen!r}, older than commit {read.known}: {self.commits}"
        )


READ, READ_TOO = ("R1", "1>", "1<"), ("R2", "2>", "2<")
# Where no lane has the first read, it has begun before everything else.
WRITE: list[Lane] = [READ, ("W", "W>", "W<"), ("R2",)]
EVENT: list[Lane] = [READ, ("F", "E"), ("R2",)]
PLAYS: dict[str, tuple[list[Lane], str, str]] = {
    "a write": (WRITE, BY_ID, BY_ID),
    "a write, of a list that is known": (WRITE, LIST, BY_ID),
    "a write, in two ways": (WRITE, OTHERWISE, LIST),
    "a write whose answer gets lost": ([READ, ("W", "W>", "W!"), ("R2",)], BY_ID, BY_ID),
    "an event": (EVENT, BY_ID, BY_ID),
    "an event, of a list that is known": (EVENT, LIST, BY_ID),
    "an event, in two ways": (EVENT, OTHERWISE, LIST),
    "a gap after a change": ([READ, ("F", "cut", "back"), ("R2",)], BY_ID, BY_ID),
    "a change in a gap": ([READ, ("cut", "F", "back"), ("R2",)], LIST, BY_ID),
    "two reads and an event": ([("1>", "1<"), READ_TOO, ("F", "E")], BY_ID, BY_ID),
}


@pytest.mark.required("G1.1", "G2.1", "G3.1", "G3.2", "G4.1", "G8.2")
@pytest.mark.parametrize("play", PLAYS)
async def test_no_read_is_older_than_what_was_known_when_it_began(play: str) -> None:
    await _performed(play)


# Play -> the rule without which it fails in some order.
NEEDED = {
    "a write": "own writes are recorded",
    "a write whose answer gets lost": "own writes are recorded",
    "an event": "events are recorded",
    "an event, of a list that is known": "a result counts from before its fetch",
    "an event, in two ways": "results are judged by later changes",
    "a gap after a change": "another epoch is unverified",
    "two reads and an event": "rows are judged by later changes",
}


@pytest.mark.parametrize("play", NEEDED)
async def test_some_order_fails_without_the_rule(play: str) -> None:
    with without(NEEDED[play]), pytest.raises(AssertionError, match="older than commit"):
        await _performed(play)


async def _performed(play: str) -> None:
    lanes, first, second = PLAYS[play]
    begun = () if any("R1" in lane for lane in lanes) else ("R1",)
    for merged in orders(lanes):
        steps = (*begun, *merged)
        performed = Play(first, second)
        try:
            await performed.perform(steps)
        except AssertionError as error:
            raise AssertionError(f"in the order {' '.join(steps)}: {error}") from error
