"""How much more than asked for may be asked of ftrack."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Budget:
    """Rows that may be prefetched: ``rate`` a second, and at once what ten seconds' silence saved up."""

    rate: float
    _left: float = -1.0
    _at: float = 0.0

    def take(self, wanted: int, now: float) -> int:
        """Take up to ``wanted`` rows; returns how many are granted."""
        most = self.rate * 10
        saved = most if self._left < 0 else min(most, self._left + (now - self._at) * self.rate)
        granted = min(wanted, int(saved))
        self._left, self._at = saved - granted, now
        return granted
