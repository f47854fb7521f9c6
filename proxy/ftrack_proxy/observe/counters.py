"""Counters that add up: every API operation is a hit, a miss, or part of a forwarded request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Since the start of the process.

    ``hits`` and ``misses`` count operations; ``writes`` and ``passed_through`` requests (a request that may
    have written is a write, whatever else is in it). ``joined`` are the misses that shared another's fetch, ``waiting``
    the reads that wait for one now.
    ``stale`` counts by reason the stored results that could not be served.
    """

    hits: int = 0
    misses: int = 0
    joined: int = 0
    waiting: int = 0
    writes: int = 0
    passed_through: int = 0
    stale: Counter[str] = field(default_factory=Counter)
    unreadable_events: Counter[str] = field(default_factory=Counter)
