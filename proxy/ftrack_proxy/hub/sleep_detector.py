"""Notices that the machine slept, or that this process was stopped, though a socket may look as open as before.

No one clock tells on every system: some stop in sleep, and that which people read can be set. So two are compared
with each other, and both with how often somebody looked.
"""

from __future__ import annotations

from typing import Final

from ftrack_proxy.ports import Clock

# Seconds within which somebody has to look again.
EVERY: Final = 1.0
# How late a look may come: a busy process is not one that stood still.
_LATE: Final = 10.0
# By how much the clocks may drift apart between two looks. More is sleep, by which one of them stood still, or a
# clock that was set; which of the two cannot be told.
_DRIFT: Final = 2.0


class SleepDetector:
    """``steady`` never goes back; whether it goes on in sleep depends on the system. ``wall`` is the time of day."""

    def __init__(self, steady: Clock, wall: Clock) -> None:
        self._steady = steady
        self._wall = wall
        self._seen = (steady(), wall())

    def stood_still(self) -> bool:
        """Return whether time went by unnoticed since the last look."""
        now = (self._steady(), self._wall())
        steadily, by_the_wall = now[0] - self._seen[0], now[1] - self._seen[1]
        self._seen = now
        return abs(by_the_wall - steadily) > _DRIFT or steadily > EVERY + _LATE
