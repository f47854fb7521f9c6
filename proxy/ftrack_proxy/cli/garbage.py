"""When the interpreter looks for cyclic garbage: the young by itself, the old while nobody waits.

To look at everything takes some hundred milliseconds once there are millions of objects, and nobody is answered
meanwhile. Nearly all that the proxy gives up is freed without it, by reference counting.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Callable

# Objects that are looked at by themselves: up to 2,000 of the youngest, and ten times that of those that outlived one
# look (a millisecond or two).
_YOUNG = (2_000, 10)
_NEVER = 2**30
_LOOK_EVERY = 1.0


class QuietTimes:
    """Tells when to look at everything: once after ``quiet`` seconds in which nothing happened, and every ``longest``
    seconds if there is no such time."""

    def __init__(self, now: float, *, quiet: float = 5.0, longest: float = 3_600.0) -> None:
        self._quiet = quiet
        self._longest = longest
        self._activity = 0
        self._last_activity = now
        self._last_look = now

    def is_due(self, now: float, activity: int) -> bool:
        """Take note of how much has happened so far, a number that grows, and tell whether it is time."""
        if activity != self._activity:
            self._activity, self._last_activity = activity, now
        if self._last_look > self._last_activity:
            return False
        due = now - self._last_activity >= self._quiet or now - self._last_look >= self._longest
        if due:
            self._last_look = now
        return due


async def collect_in_quiet_times(activity: Callable[[], int]) -> None:
    """Look for garbage in quiet times, for ever; ``activity`` grows with what happens.

    What is there at the beginning, the program itself, is not looked at again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_YOUNG, _NEVER)
    times = QuietTimes(time.monotonic())
    while True:
        await asyncio.sleep(_LOOK_EVERY)
        if times.is_due(time.monotonic(), activity()):
            gc.collect()
