"""The schema: asked for in the background, at growing intervals, and kept for the next start."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.request.ledger.schema_source import SchemaSource
from tests.test_schema.documents import DOCUMENT

UPSTREAM = "https://studio.example"


class Stage:
    """Schemas with an upstream and a disk of the test's, and a clock that does not go by itself."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, kept: Any = None) -> None:
        self.now, self.asked, self.changes = 1000.0, [], 0
        self.kept: list[Any] = []
        self.full = False
        self.outcome: Any = None
        self.counters = Counters()
        self.schema = KnownSchema(on_change=self._change)
        self.schemas = SchemaSource(self.schema, self.counters, UPSTREAM, self._save)
        monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: self.now)
        if kept is not None:
            self.schemas.restore(kept)

    def _change(self) -> None:
        self.changes += 1

    def _save(self, document: Any) -> None:
        if self.full:
            raise OSError(28, "no space left on device")
        self.kept.append(document)

    async def _ask(self) -> Any:
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        if isinstance(self.outcome, asyncio.Event):
            await self.outcome.wait()
            return DOCUMENT
        return self.outcome

    async def seek(self, asker: bytes = b"ana") -> int:
        """Seek, let it come to an end if it can; returns how often ftrack was asked in all."""

        def asking() -> Any:
            self.asked.append(asker)
            return self._ask()

        self.schemas.seek(asker, asking)
        for _ in range(5):
            await asyncio.sleep(0)
        return len(self.asked)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


async def test_it_is_asked_for_once_and_kept(stage: Stage) -> None:
    stage.outcome = DOCUMENT
    assert await stage.seek() == 1
    assert stage.schema.catalogue is not None
    assert await stage.seek(b"bo") == 1
    await stage.schemas.close()
    assert [document["document"] for document in stage.kept] == [DOCUMENT]
    # What is sent again needs no second writing.
    stage.schemas.learn(DOCUMENT)
    await stage.schemas.close()
    assert len(stage.kept) == 1


@pytest.mark.parametrize("outcome", [None, ValueError("broken"), [], [1], {"a": 1}, RecursionError()], ids=repr)
async def test_failures_are_repeated_at_growing_intervals(stage: Stage, outcome: Any) -> None:
    stage.outcome = outcome
    times = []
    for _ in range(2_000):
        before = len(stage.asked)
        if await stage.seek() > before:
            times.append(stage.now - 1000)
        stage.now += 1
    assert times[:6] == [0, 1, 3, 7, 15, 31]
    assert times[-1] - times[-2] == 300
    assert stage.schema.catalogue is None
    # Others may have more luck.
    stage.outcome = DOCUMENT
    await stage.seek(b"bo")
    assert stage.schema.catalogue is not None


async def test_many_who_hang_are_not_joined_by_more(stage: Stage) -> None:
    stage.outcome = asyncio.Event()
    for asker in range(100):
        await stage.seek(b"%d" % asker)
        await stage.seek(b"%d" % asker)
    assert len(stage.asked) == 4
    stage.outcome.set()
    await stage.schemas.close()


async def test_refusals_of_very_many_are_not_remembered(stage: Stage) -> None:
    for asker in range(1_001):
        await stage.seek(b"%d" % asker)
    assert await stage.seek(b"1000") == 1_001
    assert await stage.seek(b"0") == 1_002


async def test_the_first_ones_wait_for_a_moment_only_once(stage: Stage) -> None:
    stage.outcome = asyncio.Event()
    await stage.seek()
    waiting = asyncio.create_task(stage.schemas.grace())
    await asyncio.sleep(0)
    assert not waiting.done()
    stage.outcome.set()
    await waiting
    assert stage.schema.catalogue is not None
    stage.schema.catalogue, stage.schema.is_confirmed = None, False
    stage.now += 1
    stage.outcome = asyncio.Event()
    await stage.seek()
    again = asyncio.create_task(stage.schemas.grace())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert again.done()
    await stage.schemas.close()


async def _kept(monkeypatch: pytest.MonkeyPatch, schema_hash: str | None = "h1") -> Any:
    first = Stage(monkeypatch)
    first.schema.learn_server_information({"schema_hash": schema_hash})
    first.schemas.learn(DOCUMENT)
    await first.schemas.close()
    return first.kept[0]


async def test_the_next_start_goes_by_it_until_ftrack_confirms_it(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, await _kept(monkeypatch))
    assert stage.schema.catalogue is not None
    assert not stage.schema.is_confirmed
    assert await stage.seek() == 1
    stage.now += 10
    stage.outcome = DOCUMENT
    assert await stage.seek() == 2
    assert stage.schema.is_confirmed
    assert await stage.seek() == 2
    await stage.schemas.close()
    assert (stage.changes, stage.kept) == (0, [])


async def test_another_document_than_the_one_kept_changes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, await _kept(monkeypatch))
    stage.outcome = DOCUMENT[:-1]
    await stage.seek()
    await stage.schemas.close()
    assert stage.changes == 1
    assert stage.schema.catalogue is not None
    assert [document["document"] for document in stage.kept] == [DOCUMENT[:-1]]


async def test_another_hash_than_the_one_kept_changes_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    stage = Stage(monkeypatch, await _kept(monkeypatch))
    stage.schema.learn_server_information({"schema_hash": "h1"})
    assert stage.changes == 0
    stage.schema.learn_server_information({"schema_hash": "h2"})
    assert stage.changes == 1
    assert stage.schema.catalogue is None


@pytest.mark.parametrize(
    "change",
    [
        lambda kept: {**kept, "upstream": "https://other.example"}, lambda kept: {**kept, "format": 99},
        lambda kept: {**kept, "document": None}, lambda kept: {**kept, "document": [{"id": 5}]},
        lambda kept: {"format": 1, "upstream": UPSTREAM}, lambda kept: [], lambda kept: None, lambda kept: "x",
    ],
)  # fmt: skip
async def test_what_was_kept_of_something_else_does_not_count(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    stage = Stage(monkeypatch, change(await _kept(monkeypatch)))
    assert stage.schema.catalogue is None
    stage.outcome = DOCUMENT
    await stage.seek()
    assert stage.schema.catalogue is not None
    await stage.schemas.close()
    assert stage.changes == 0


async def test_a_full_disk_costs_the_next_start_one_request(stage: Stage) -> None:
    stage.full, stage.outcome = True, DOCUMENT
    await stage.seek()
    await stage.schemas.close()
    assert stage.schema.catalogue is not None
    assert not stage.counters.faults
