"""What has begun is finished, what has not is withdrawn."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from ftrack_proxy.ports import Dispatch
from ftrack_proxy.request.running import begun_writes
from ftrack_proxy.request.running.begun_writes import BegunWrites

pytestmark = pytest.mark.required("G8.1")


class Work:
    """Work that goes on until a test says so."""

    def __init__(self) -> None:
        self.may_end = asyncio.Event()
        self.said = ""

    async def do(self) -> str:
        self.said = "cancelled"
        await self.may_end.wait()
        self.said = "done"
        return self.said


async def left(writes: BegunWrites, work: Work, dispatch: Dispatch | None) -> None:
    """A client that begins something and leaves."""
    client = asyncio.create_task(writes.outcome(work.do(), dispatch, "work"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    client.cancel()
    with suppress(asyncio.CancelledError):
        await client


async def test_a_client_that_stays_gets_what_comes_of_it() -> None:
    work = Work()
    work.may_end.set()
    assert await BegunWrites().outcome(work.do(), Dispatch(), "work") == "done"


async def test_what_goes_wrong_reaches_the_client() -> None:
    async def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await BegunWrites().outcome(fail(), Dispatch(), "work")


@pytest.mark.parametrize(
    ("dispatch", "said"), [(Dispatch(begun=True), "done"), (Dispatch(begun=False), "cancelled"), (None, "cancelled")]
)
async def test_a_client_that_leaves(dispatch: Dispatch | None, said: str) -> None:
    writes, work = BegunWrites(), Work()
    await left(writes, work, dispatch)
    work.may_end.set()
    await writes.finish(10.0)
    assert work.said == said
    assert dispatch is None or dispatch.withdrawn == (said == "cancelled")


async def test_what_nobody_waits_for_does_not_go_on_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(begun_writes, "_LEFT_ALONE", 0.0)
    writes, work = BegunWrites(), Work()
    await left(writes, work, Dispatch(begun=True))
    await writes.finish(10.0)
    assert work.said == "cancelled"


async def test_the_end_waits_for_a_while_only() -> None:
    writes, work = BegunWrites(), Work()
    await writes.finish(0.0)
    await left(writes, work, Dispatch(begun=True))
    await writes.finish(0.0)
    assert work.said == "cancelled"
    work.may_end.set()
    await writes.finish(10.0)
    assert work.said == "done"
