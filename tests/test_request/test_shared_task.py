from __future__ import annotations

import asyncio

import pytest

from ftrack_proxy.request.running.shared_task import SharedTask


class Work:
    """Work that goes on until a test says so."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.was_dropped = False

    async def do(self) -> str:
        try:
            await self.may_end.wait()
        except asyncio.CancelledError:
            self.was_dropped = True
            raise
        return "done"


async def gone(*waiting: asyncio.Task[str]) -> None:
    for one in waiting:
        one.cancel()
    await asyncio.wait(waiting)
    await asyncio.sleep(0)


async def started(awaited: SharedTask[str], patience: float | None = None) -> asyncio.Task[str]:
    waiting = asyncio.create_task(awaited.outcome(patience))
    await asyncio.sleep(0)
    return waiting


async def test_it_goes_on_as_long_as_anybody_waits() -> None:
    work = Work()
    awaited = SharedTask(work.do(), "work")
    first, second, third = [await started(awaited) for _ in range(3)]
    await gone(first, third)
    assert awaited.is_open
    work.may_end.set()
    assert await second == "done"
    assert not work.was_dropped
    assert not awaited.is_open
    assert await awaited.outcome() == "done"


async def test_it_is_dropped_with_the_last() -> None:
    work = Work()
    awaited = SharedTask(work.do(), "work")
    first, second = [await started(awaited) for _ in range(2)]
    await gone(first)
    second.cancel()
    with pytest.raises(asyncio.CancelledError):
        await second
    # Nobody joins what is being dropped.
    assert not awaited.is_open
    await asyncio.wait([awaited.task])
    assert work.was_dropped


async def test_patience_ends_the_waiting_and_with_the_last_the_work() -> None:
    work = Work()
    awaited = SharedTask(work.do(), "work")
    patient = await started(awaited)
    with pytest.raises(TimeoutError):
        await awaited.outcome(0.01)
    assert awaited.is_open
    work.may_end.set()
    assert await patient == "done"
    work = Work()
    awaited = SharedTask(work.do(), "work")
    with pytest.raises(TimeoutError):
        await awaited.outcome(0.01)
    await asyncio.wait([awaited.task])
    assert work.was_dropped


async def test_all_get_the_error() -> None:
    async def fail() -> str:
        await asyncio.sleep(0)
        raise ZeroDivisionError

    awaited = SharedTask(fail(), "work")
    outcomes = await asyncio.gather(*(awaited.outcome() for _ in range(3)), return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [ZeroDivisionError] * 3
