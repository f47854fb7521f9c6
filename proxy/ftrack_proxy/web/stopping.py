"""Shutdown: one deadline for all steps, and the share of it that each may use."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from ftrack_proxy.observe.exception_summary import exception_summary

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Deadline:
    """``total`` seconds from when it was made."""

    total: float
    clock: Callable[[], float] = time.monotonic
    began: float = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "began", self.clock())

    def left(self, share: float = 1.0) -> float:
        """Seconds until ``share`` of the time is over."""
        return max(0.0, self.began + self.total * share - self.clock())


@dataclass(frozen=True, slots=True)
class StopStep:
    """Something to be ended: its name for the log, and the share of the time by which it has to be done."""

    what: str
    end: Callable[[], Awaitable[object]]
    share: float = 1.0


async def end_in_order(steps: Sequence[StopStep], deadline: Deadline) -> None:
    """Run the steps in order. One that fails or takes too long is logged, and the next one runs."""
    for step in steps:
        task = asyncio.ensure_future(step.end())
        await asyncio.wait([task], timeout=deadline.left(step.share))
        if not task.done():
            task.cancel()
            _log.warning("stopping: %s could not be ended in time", step.what)
        elif not task.cancelled() and (error := task.exception()) is not None:
            _log.warning("stopping: %s did not end well: %s", step.what, exception_summary(error))
