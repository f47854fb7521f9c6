"""Detects that the machine slept or that this process was suspended, even if sockets still look open.

No single clock shows it on every system: some stop during sleep, and the time of day can be set. So two are compared
with each other, and with how often they were read.
"""

from __future__ import annotations

from typing import Final

from ftrack_proxy.ports import Clock

# Seconds between two looks.
LOOK_INTERVAL: Final = 1.0
# How late a look may come without counting as sleep: the process may be busy.
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
        return abs(by_the_wall - steadily) > _DRIFT or steadily > LOOK_INTERVAL + _LATE
