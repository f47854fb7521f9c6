"""When the interpreter collects cyclic garbage: young generations by itself, the oldest while the proxy is idle.

A full collection takes some hundred milliseconds once there are millions of objects, and blocks every request. Nearly
all objects of the proxy are freed without it, by reference counting.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

# Thresholds of the first two generations: collecting them takes a millisecond or two.
_YOUNG_GENERATIONS = (2_000, 10)
_NEVER = 2**30
_LOOK_EVERY = 1.0


class IdleSchedule:
    """Tells when a full collection is due: once after ``quiet`` seconds without activity, and at the latest after
    ``longest`` seconds."""

    def __init__(self, now: float, *, quiet: float = 5.0, longest: float = 3_600.0) -> None:
        self._quiet = quiet
        self._longest = longest
        self._activity = 0
        self._last_activity = now
        self._last_look = now

    def is_due(self, now: float, activity: int) -> bool:
        """Note the activity so far, a growing number, and tell whether a collection is due."""
        if activity != self._activity:
            self._activity, self._last_activity = activity, now
        if self._last_look > self._last_activity:
            return False
        due = now - self._last_activity >= self._quiet or now - self._last_look >= self._longest
        if due:
            self._last_look = now
        return due


async def collect_when_idle(activity: Callable[[], int]) -> None:
    """Collect while the proxy is idle, for ever; ``activity`` is a number that grows with what happens.

    Objects that exist at the beginning, the program itself, are exempt.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_YOUNG_GENERATIONS, _NEVER)
    times = IdleSchedule(time.monotonic())
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        if times.is_due(time.monotonic(), activity()):
            gc.collect()
