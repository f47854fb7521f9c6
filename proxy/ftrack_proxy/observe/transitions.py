"""Logging the state of something: each change once, and no more often than people can read."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

S = TypeVar("S")
# So many changes are logged in so many seconds.
_MOST, _PERIOD = 4, 60.0


class TransitionLog(Generic[S]):
    """Logs a state when it changes. Of changes in quick succession only the state that they led to is logged.

    To be used in a running event loop.
    """

    def __init__(self, initial: S, write: Callable[[S], None], most: int = _MOST, period: float = _PERIOD) -> None:
        self._logged = self._state = initial
        self._write = write
        self._period = period
        self._times: deque[float] = deque([-math.inf] * most, most)
        self._timer: asyncio.TimerHandle | None = None

    def update(self, state: S) -> None:
        """Note the state that it is in now, and log it if it changed."""
        self._state = state
        if state == self._logged or self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        due = self._times[0] + self._period
        if loop.time() >= due:
            self._now(loop)
        else:
            self._timer = loop.call_at(due, self._due, loop)

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._state != self._logged:
            self._now(loop)

    def _now(self, loop: asyncio.AbstractEventLoop) -> None:
        self._times.append(loop.time())
        self._logged = self._state
        self._write(self._state)
