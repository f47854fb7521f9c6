from __future__ import annotations

import asyncio
import threading

from ftrack_proxy.request.running.threads import in_thread, working_for


async def test_what_one_client_has_done_holds_up_no_other() -> None:
    release, begun = threading.Event(), threading.Semaphore(0)

    def long() -> str:
        begun.release()
        release.wait(20)
        return "long"

    async def work(client: str, short: bool) -> str:
        working_for.set(client)
        return await in_thread(str, "short") if short else await in_thread(long)

    hers = [asyncio.create_task(work("ana", short=False)) for _ in range(5)]
    try:
        await asyncio.to_thread(begun.acquire, timeout=20)
        assert await asyncio.wait_for(asyncio.create_task(work("ben", short=True)), 20) == "short"
        # Of the five one is being done.
        assert not begun.acquire(blocking=False)
    finally:
        release.set()
    assert await asyncio.gather(*hers) == ["long"] * 5


async def test_an_error_is_the_caller_s() -> None:
    try:
        await in_thread(int, "x")
    except ValueError:
        return
    raise AssertionError
