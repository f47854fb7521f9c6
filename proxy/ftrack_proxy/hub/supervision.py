"""Tasks that have to run for as long as the proxy does: one that ends is noticed and restarted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

Work = Callable[[], Coroutine[Any, Any, None]]
OnEnd = Callable[[Exception], None]

_PAUSE = 1.0


class TaskEnded(Exception):
    """A task that should run for ever has returned, or was cancelled from elsewhere."""


class Supervisor:
    """Runs tasks until it is closed; ``on_end`` of a task is called at once when it has ended before."""

    def __init__(self, pause: float = _PAUSE) -> None:
        self._pause = pause
        self._tasks: dict[Work, asyncio.Task[None]] = {}
        self._is_closed = False

    def start(self, work: Work, name: str, on_end: OnEnd) -> None:
        """Run ``work`` now, and again whenever it has ended."""
        if self._is_closed:
            return
        task = asyncio.get_running_loop().create_task(work(), name=name)
        self._tasks[work] = task
        task.add_done_callback(lambda done: self._ended(work, name, on_end, done))

    def is_running(self, work: Work) -> bool:
        """Whether a started task has not ended. It is told so before ``on_end`` is."""
        return work in self._tasks and not self._tasks[work].done()

    async def close(self) -> None:
        """End all tasks."""
        self._is_closed = True
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    def _ended(self, work: Work, name: str, on_end: OnEnd, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if self._is_closed:
            return
        task.get_loop().call_later(self._pause, self.start, work, name, on_end)
        on_end(error if isinstance(error, Exception) else TaskEnded(name))
