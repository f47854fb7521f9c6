"""Writes are finished once they have begun, whoever still waits for them (G8)."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from ftrack_proxy.ports import Dispatch

T = TypeVar("T")
# Seconds that a write is given to end after its client has left.
_LEFT_ALONE = 300.0


class BegunWrites:
    """Requests to ftrack that do not end with their clients."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()

    async def outcome(self, work: Coroutine[Any, Any, T], dispatch: Dispatch | None, name: str) -> T:
        """Do ``work`` for a client, and return what comes of it.

        If the client leaves (the caller is cancelled), what has begun by ``dispatch`` is finished, or cancelled if it
        does not end in time. What has not begun is withdrawn: the client may do it again. ``None``: it only reads, and
        ends with its client.
        """
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if dispatch is None or dispatch.withdraw():
                task.cancel()
            else:
                late = asyncio.get_running_loop().call_later(_LEFT_ALONE, task.cancel)
                task.add_done_callback(lambda _: late.cancel())
            raise

    async def finish(self, patience: float) -> None:
        """Wait, at most ``patience`` seconds, for what is under way: also for those whose clients have left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved: perhaps nobody waits for it any more, and asyncio would log it
