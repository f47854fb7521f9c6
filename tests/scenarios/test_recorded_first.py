"""G1, G2: nobody is told of a change before a restart would find it in the log; reads that start meanwhile know it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
import requests

from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.request.ledger.journal import Journal
from tests.harness import PATIENCE, until
from tests.scenarios.hub_client import HubClient
from tests.scenarios.studio import Studio, open_studio, warm


class SlowLog(InMemoryChangeLog):
    """A log on a slow disk: nothing is written down until it is let."""

    def __init__(self) -> None:
        super().__init__()
        self.is_slow = False
        self.waiting = 0
        self._written = asyncio.Event()

    async def appended(self, seq: int) -> None:
        if self.is_slow:
            self.waiting += 1
            await self._written.wait()

    def write(self) -> None:
        self.is_slow = False
        self._written.set()


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, open_log=SlowLog) as studio:
        yield studio


def slowed(studio: Studio) -> SlowLog:
    log = studio.proxy.parts.journal.log
    assert isinstance(log, SlowLog)
    log.is_slow = True
    return log


def write_by_api(studio: Studio) -> Any:
    return studio.person().update("Task", studio.task, name="new").status


def write_otherwise(studio: Studio) -> Any:
    """By a request that is passed through."""
    user, key = studio.server.credentials("bo")
    component = studio.server.production.components[0]
    studio.server.put_component(component, b"bytes")
    path = f"/component/remove?id={component}&username={user}&apiKey={key}"
    with requests.get(studio.proxy.url + path, timeout=PATIENCE) as answer:
        return answer.status_code


def hear_of_it(studio: Studio) -> Any:
    with HubClient(studio.proxy.url, *studio.server.credentials("ana")) as client:
        client.subscribe("topic=ftrack.update")
        before = studio.changes
        log = slowed(studio)
        assert log.is_slow
        studio.server.update("Task", studio.task, name="heard")
        studio.wait_for_change(before)
        return client.wait_for("ftrack.update")["topic"]


@pytest.mark.required("G1.4")
@pytest.mark.parametrize("told", [write_by_api, write_otherwise, hear_of_it])
def test_holds(told: Callable[[Studio], Any], studio: Studio) -> None:
    ana = studio.person()
    assert warm(ana, studio.name_of_task).rows[0]["name"] != "new"
    log = slowed(studio) if told is not hear_of_it else studio.proxy.parts.journal.log
    assert isinstance(log, SlowLog)
    waiting: Future[Any] = studio.threads.submit(told, studio)
    until(lambda: log.waiting, "somebody to wait for the log")
    assert not ana.ask(studio.name_of_task).is_hit
    assert not waiting.done()
    studio.proxy.inside(log.write)
    assert waiting.result(PATIENCE)


@pytest.mark.parametrize("told", [write_by_api, write_otherwise, hear_of_it])
def test_fails_without_its_rule(told: Callable[[Studio], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(_: Journal) -> None: ...

    monkeypatch.setattr(Journal, "recorded", at_once)
    with open_studio(tmp_path, open_log=SlowLog) as studio:
        log = slowed(studio)
        assert told(studio)
        assert not log.waiting
