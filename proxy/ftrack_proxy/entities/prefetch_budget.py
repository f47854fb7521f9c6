"""How many rows may be prefetched, beyond what clients ask for: limited per client, and shared evenly."""

from __future__ import annotations

from dataclasses import dataclass, field

from ftrack_proxy.identity.principal import Principal

# What may be saved up, in seconds; a client that has taken nothing for as long no longer has a share.
_SAVED = 10.0


@dataclass(slots=True)
class PrefetchBudget:
    """Rows that one client may have prefetched: it earns ``rate`` a second, and keeps ten seconds' worth at most."""

    _left: float
    _at: float

    def take(self, wanted: int, rate: float, now: float) -> int:
        """Take up to ``wanted`` rows; returns how many are granted."""
        saved = self._saved(rate, now)
        granted = min(wanted, int(saved))
        self._left, self._at = saved - granted, now
        return granted

    def left(self, rate: float, now: float) -> int:
        """How many rows could be taken."""
        return int(self._saved(rate, now))

    def _saved(self, rate: float, now: float) -> float:
        return min(rate * _SAVED, self._left + (now - self._at) * rate)

    def is_idle(self, now: float) -> bool:
        """True if nothing was taken for so long that it makes no difference any more."""
        return now - self._at >= _SAVED


@dataclass(slots=True)
class PrefetchBudgets:
    """Rows that may be prefetched, ``rate`` a second: shared evenly between the clients that have any prefetched."""

    rate: float
    _of: dict[Principal, PrefetchBudget] = field(default_factory=dict)

    def take(self, client: Principal, wanted: int, now: float) -> int:
        """Take up to ``wanted`` rows for a client; returns how many are granted."""
        self._of = {one: budget for one, budget in self._of.items() if not budget.is_idle(now)}
        share = self.rate / len(self._of.keys() | {client})
        budget = self._of.setdefault(client, PrefetchBudget(share * _SAVED, now))
        return budget.take(wanted, share, now)

    def left(self, client: Principal, now: float) -> int:
        """How many rows a client could take."""
        there = {one for one, budget in self._of.items() if not budget.is_idle(now)}
        share = self.rate / len(there | {client})
        budget = self._of[client] if client in there else PrefetchBudget(share * _SAVED, now)
        return budget.left(share, now)
