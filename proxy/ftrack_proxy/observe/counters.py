"""Counters that add up: every API operation is a hit, a miss, or part of a forwarded request."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Counters:
    """Since the start of the process.

    ``hits`` and ``misses`` count operations; ``writes`` and ``passed_through`` requests (a request that may
    have written is a write, whatever else is in it). ``joined`` are the misses that shared another's fetch, ``waiting``
    the reads that wait for one now. ``kinds`` are the hits by how they were found. ``prefetches`` are requests that
    asked for more than a client did, ``prefetched`` the rows that they brought, ``prefetched_used`` the answers
    that came from those.
    ``stale`` counts by reason the stored results that could not be served, ``faults`` by kind what went wrong in
    the proxy itself without costing anybody an answer.
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
    unreadable_events: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
