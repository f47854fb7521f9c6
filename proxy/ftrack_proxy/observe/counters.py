"""Counters. Every API operation is a hit, a miss, or part of a forwarded request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from ftrack_proxy.protocol.headers import Handling

# Kinds that are told apart; a tally is shown as a whole, and the first of each kind is logged.
_MOST_KINDS: Final = 50
_OTHERS: Final = "others"


class Tally(Counter[str]):
    """Counts by kind, of a bounded number of kinds."""

    def note(self, kind: str) -> bool:
        """Count one, and return True if it is the first of its kind."""
        if kind not in self and len(self) >= _MOST_KINDS:
            kind = _OTHERS
        self[kind] += 1
        return self[kind] == 1


@dataclass(slots=True)
class Counters:
    """Since the start of the process.

    ``hits`` and ``misses`` count operations; ``writes`` and ``passed_through`` requests (a request that may
    have written is a write, whatever else is in it). ``joined`` are the misses that shared another's fetch, ``waiting``
    the reads that wait for one now. ``kinds`` are the hits by how they were found. ``prefetches`` are requests that
    asked for more than a client did, ``prefetched`` the rows that they brought, ``prefetched_used`` the answers
    that came from those.
    ``stale`` counts by reason the stored results that could not be served, ``faults`` by kind the errors in
    the proxy itself that cost no client an answer.
    """

    hits: int = 0
    misses: int = 0
    joined: int = 0
    waiting: int = 0
    writes: int = 0
    passed_through: int = 0
    prefetches: int = 0
    prefetched: int = 0
    prefetched_used: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    stale: Counter[str] = field(default_factory=Counter)
    unreadable_events: Tally = field(default_factory=Tally)
    faults: Tally = field(default_factory=Tally)

    def count(self, handling: Handling) -> None:
        """Count one operation that was answered."""
        if handling.forwarded is None:
            self.hits += 1
            self.kinds[handling.detail or ""] += 1
        else:
            self.misses += 1
            self.joined += handling.collapsed

    @property
    def activity(self) -> int:
        """A number that grows with everything that is asked."""
        return self.hits + self.misses + self.writes + self.passed_through
