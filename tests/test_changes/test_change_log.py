"""What any change log does, whoever implements it, against a naive model of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.changes.change_log import ChangeLog, Timestamp, is_placed
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog

OpenLog = Callable[..., ChangeLog]
"""Opens an empty log, with ``limit`` and ``minimum_age``."""

IMPLEMENTATIONS: list[OpenLog] = [InMemoryChangeLog]

LIMIT, MINIMUM_AGE = 3, 10.0
FAMILIES = st.none() | st.frozensets(st.sampled_from("ABCD"), min_size=1, max_size=3)
CHANGES = st.builds(
    Change,
    st.sampled_from(ChangeKind),
    FAMILIES,
    st.none() | st.sampled_from(["t1", "t2"]),
)
NUMBERS = st.integers(-3, 40)
# What the wall clock does meanwhile is of no interest to a log: nothing within a process is reckoned by it.
STEPS = st.sampled_from([0.0, 5.0, -3600.0])


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda implementation: implementation.__name__)
def open_log(request: pytest.FixtureRequest) -> OpenLog:
    opened: OpenLog = request.param
    return opened


def change(families: str | None, entity: str | None = None, kind: ChangeKind = ChangeKind.UPDATED) -> Change:
    return Change(kind, None if families is None else frozenset(families), entity)


class LogAgainstModel(RuleBasedStateMachine):
    """Everything that was recorded, as a list; what a log keeps of it is above its tail."""

    open_log: ClassVar[OpenLog]

    @initialize()
    def opened(self) -> None:
        self.log = type(self).open_log(limit=LIMIT, minimum_age=MINIMUM_AGE)
        self.begin = self.log.head
        self.name = self.log.name
        self.recorded: list[tuple[int, Timestamp, Change]] = []
        self.superseded: dict[int, int] = {}
        self.now = Timestamp(1_000.0, 1.7e9)

    @rule(recorded=CHANGES, passed=st.floats(0, 50), stepped=STEPS)
    def append(self, recorded: Change, passed: float, stepped: float) -> None:
        self.now = Timestamp(self.now.boot + passed, self.now.wall + passed + stepped)
        seq = self.log.append(recorded, self.now)
        assert seq > (self.recorded[-1][0] if self.recorded else self.begin)
        self.recorded.append((seq, self.now, recorded))
        asyncio.run(self.log.appended(seq))

    @precondition(lambda self: self.recorded)
    @rule(data=st.data())
    def supersede(self, data: st.DataObject) -> None:
        """Of wide changes alone; those that are gone already make no difference."""
        wide = [seq for seq, _, recorded in self.recorded if recorded.families is None]
        if wide:
            seq = data.draw(st.sampled_from(wide))
            self.log.supersede(seq)
            self.superseded[seq] = self.log.head

    @rule(after=NUMBERS, through=NUMBERS, families=FAMILIES)
    def between(self, after: int, through: int, families: frozenset[str] | None) -> None:
        after, through = self.begin + after, self.begin + through
        found = list(self.log.between(after, through, families))
        assert {seq for seq, _ in found} == {
            seq for seq, _, one in self.counting(after, through) if touches(one, families)
        }
        assert all(one is self.change_of(seq) or one == self.change_of(seq) for seq, one in found)

    @rule(after=NUMBERS, through=NUMBERS, identity=st.sampled_from(["t1", "t2", "t3"]))
    def of_entity(self, after: int, through: int, identity: str) -> None:
        after, through = self.begin + after, self.begin + through
        assert {seq for seq, _ in self.log.of_entity(identity, after, through)} == {
            seq for seq, _, one in self.counting(after, through) if is_placed(one) and one.entity_id == identity
        }

    @rule(after=NUMBERS, through=NUMBERS, families=FAMILIES.filter(bool))
    def unplaced(self, after: int, through: int, families: frozenset[str]) -> None:
        after, through = self.begin + after, self.begin + through
        assert {seq for seq, _ in self.log.unplaced(after, through, families)} == {
            seq for seq, _, one in self.counting(after, through) if touches(one, families) and not is_placed(one)
        }

    @rule(ago=st.floats(0, 60), through=NUMBERS, families=FAMILIES)
    def since(self, ago: float, through: int, families: frozenset[str] | None) -> None:
        boot, through = self.now.boot - ago, self.begin + through
        assert list(self.log.since(boot, through, families)) == [
            (at.boot, one)
            for _, at, one in reversed(list(self.counting(self.begin, through)))
            if at.boot >= boot and touches(one, families)
        ]

    @invariant()
    def it_is_bounded_and_keeps_what_is_young(self) -> None:
        if not self.recorded:
            return
        kept = [at for seq, at, _ in self.recorded if seq > self.log.tail]
        young = [at for _, at, _ in self.recorded if self.now.boot - at.boot < MINIMUM_AGE]
        assert len(kept) <= 10 * LIMIT
        assert len(kept) >= min(len(self.recorded), LIMIT)
        assert len(kept) >= min(len(young), 10 * LIMIT)
        assert len(kept) <= LIMIT or self.now.boot - kept[0].boot < MINIMUM_AGE

    @invariant()
    def its_name_stays_and_its_head_is_the_newest(self) -> None:
        assert self.log.name == self.name
        assert self.log.head == (self.recorded[-1][0] if self.recorded else self.begin)
        assert self.log.tail <= self.log.head

    def counting(self, after: int, through: int) -> Iterator[tuple[int, Timestamp, Change]]:
        for seq, at, one in self.recorded:
            is_superseded = seq in self.superseded and self.superseded[seq] <= through
            if max(after, self.log.tail) < seq <= through and not is_superseded:
                yield seq, at, one

    def change_of(self, wanted: int) -> Change:
        return next(one for seq, _, one in self.recorded if seq == wanted)


def touches(one: Change, families: frozenset[str] | None) -> bool:
    return one.families is None or families is None or not one.families.isdisjoint(families)


def test_it_finds_what_a_list_finds(open_log: OpenLog) -> None:
    machine = type("LogMachine", (LogAgainstModel,), {"open_log": staticmethod(open_log)})
    run_state_machine_as_test(machine, settings=settings(deadline=None, max_examples=60, stateful_step_count=40))


def test_name_and_number_are_never_given_twice(open_log: OpenLog) -> None:
    """Not by another log, nor by the same one opened again: then it goes on where it was, or has another name."""
    given: set[tuple[str, int]] = set()
    for _ in range(3):
        log = open_log()
        for _ in range(5):
            pair = (log.name, log.append(change("A"), Timestamp(0.0, 0.0)))
            assert pair not in given
            given.add(pair)


def test_a_wide_change_told_in_detail_counts_for_reads_that_began_before(open_log: OpenLog) -> None:
    log, now = open_log(limit=4, minimum_age=0.0), Timestamp(0.0, 0.0)
    wide = log.append(change(None), now)
    first, second = log.append(change("A"), now), log.append(change("B"), now)
    log.supersede(wide)

    def found(through: int, families: frozenset[str] | None) -> set[int]:
        return {seq for seq, _ in log.between(wide - 1, through, families)}

    assert found(wide, frozenset("C")) == found(first, frozenset("C")) == {wide}
    assert found(second, frozenset("C")) == set()
    assert found(second, frozenset("A")) == {first}
    assert found(second, None) == {first, second}
    assert found(first, None) == {wide, first}


async def test_what_is_in_memory_is_there_at_once() -> None:
    """The hot path of a write: nothing to wait for, nobody else gets a turn."""
    log = InMemoryChangeLog()
    waiting = log.appended(log.append(change("A"), Timestamp(0.0, 0.0)))
    with pytest.raises(StopIteration):
        waiting.send(None)
