"""A task that should run for ever is started again, however it ended, and that is told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from ftrack_proxy.hub.supervision import Supervisor, TaskEnded


@pytest.fixture
async def supervisor() -> AsyncIterator[Supervisor]:
    found = Supervisor(pause=0.0)
    yield found
    await found.close()


class Worker:
    """Runs until it is told how to end."""

    def __init__(self) -> None:
        self.runs = 0
        self.ended: asyncio.Queue[Exception] = asyncio.Queue()
        self.started = asyncio.Event()
        self._how: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def work(self) -> None:
        self.runs += 1
        self._how = asyncio.get_running_loop().create_future()
        self.started.set()
        await self._how

    async def end(self, error: BaseException | None) -> Exception:
        await self.started.wait()
        self.started.clear()
        if error is None:
            self._how.set_result(None)
        elif isinstance(error, asyncio.CancelledError):
            self._how.cancel()
        else:
            self._how.set_exception(error)
        return await self.ended.get()


@pytest.mark.parametrize("error", [None, ValueError("x"), RecursionError(), asyncio.CancelledError()])
async def test_it_runs_again_however_it_ended(supervisor: Supervisor, error: BaseException | None) -> None:
    async with asyncio.timeout(20):
        worker = Worker()
        supervisor.start(worker.work, "work", worker.ended.put_nowait)
        for _ in range(3):
            told = await worker.end(error)
            assert told is error or isinstance(told, TaskEnded)
            assert not supervisor.is_running(worker.work)
        await worker.started.wait()
    assert worker.runs == 4
    assert supervisor.is_running(worker.work)


async def test_it_is_not_running_from_the_moment_of_its_end(supervisor: Supervisor) -> None:
    worker = Worker()
    assert not supervisor.is_running(worker.work)
    supervisor.start(worker.work, "work", worker.ended.put_nowait)
    await worker.started.wait()
    worker._how.set_exception(ValueError())
    while supervisor.is_running(worker.work):  # noqa: ASYNC110 - the very moment
        await asyncio.sleep(0)
    assert worker.ended.empty()


async def test_after_the_end_of_all_nothing_is_started_or_told() -> None:
    supervisor = Supervisor(pause=0.0)
    worker = Worker()
    supervisor.start(worker.work, "work", worker.ended.put_nowait)
    await worker.started.wait()
    await supervisor.close()
    supervisor.start(worker.work, "work", worker.ended.put_nowait)
    await asyncio.sleep(0)
    assert (worker.runs, worker.ended.empty()) == (1, True)
