"""Work that goes on for as long as anybody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class SharedTask(Generic[T]):
    """A task of its own that several may wait for. It is cancelled when the last of them has left."""

    def __init__(self, work: Coroutine[Any, Any, T], name: str) -> None:
        self.task = asyncio.get_running_loop().create_task(work, name=name)
        self.task.add_done_callback(_see)
        self._waiting = 0

    @property
    def is_open(self) -> bool:
        """True as long as it makes sense to wait for it."""
        return not self.task.done() and not self.task.cancelling()

    async def outcome(self, patience: float | None = None) -> T:
        """Wait for the task's outcome, at most ``patience`` seconds.

        Raises:
            TimeoutError: it took longer.
        """
        self._waiting += 1
        try:
            async with asyncio.timeout(patience):
                return await asyncio.shield(self.task)
        finally:
            self._waiting -= 1
            if not self._waiting and not self.task.done():
                self.task.cancel()


def _see(task: asyncio.Task[Any]) -> None:
    """Retrieve the exception: perhaps nobody waits for it any more, and asyncio would log it."""
    if not task.cancelled():
        task.exception()
