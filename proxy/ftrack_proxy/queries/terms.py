"""How the answer to a read may be kept, as the cache policy decides it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Terms:
    """How an answer may be kept: ``max_age`` in seconds, whether it needs events, whether it may go to disk."""

    max_age: float
    event_invalidated: bool
    durable: bool
