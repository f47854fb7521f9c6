"""Telling how something stands: each change once, and not more often than people can read."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

S = TypeVar("S")
# So many changes are said in so many seconds.
_MOST, _PERIOD = 4, 60.0


class TransitionLog(Generic[S]):
    """Says a state when it changes. Changes in quick succession are left out; the state that they led to is said.

    To be used in a running event loop.
    """

    def __init__(self, said: S, say: Callable[[S], None], most: int = _MOST, period: float = _PERIOD) -> None:
        self._said = self._state = said
        self._say = say
        self._period = period
        self._times: deque[float] = deque([-math.inf] * most, most)
        self._timer: asyncio.TimerHandle | None = None

    def turn(self, state: S) -> None:
        """Take note of the state that it is in now."""
        self._state = state
        if state == self._said or self._timer is not None:
            return
        loop = asyncio.get_running_loop()
        due = self._times[0] + self._period
        if loop.time() >= due:
            self._now(loop)
        else:
            self._timer = loop.call_at(due, self._due, loop)

    def _due(self, loop: asyncio.AbstractEventLoop) -> None:
        self._timer = None
        if self._state != self._said:
            self._now(loop)

    def _now(self, loop: asyncio.AbstractEventLoop) -> None:
        self._times.append(loop.time())
        self._said = self._state
        self._say(self._state)
