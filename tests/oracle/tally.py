"""What a run has shown: reads checked, hits among them, and changes by kind."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from tests.oracle.wire import Heard

KINDS = ("exact", "equivalent", "window", "projection", "entity", "partial")
"""The ways in which an answer, or some of it, comes from what is stored."""


@dataclass
class Tally:
    """Counts of a run."""

    checked: int = 0
    hits: int = 0
    warming: int = 0
    deeds: Counter[str] = field(default_factory=Counter)
    ways: Counter[str] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    refused: int = 0

    def count(self, heard: Heard) -> None:
        """One more answer was checked."""
        self.checked += 1
        self.hits += heard.is_hit
        self.kinds[heard.kind] += 1

    @property
    def hit_ratio(self) -> float:
        """A run in which nearly nothing came from the store has shown nearly nothing."""
        return self.hits / self.checked if self.checked else 0.0

    def __str__(self) -> str:
        deeds = ", ".join(f"{kind} {count}" for kind, count in sorted(self.deeds.items()) if "+" not in kind)
        kinds = ", ".join(f"{kind} {count}" for kind, count in self.kinds.most_common() if kind)
        ways = ", ".join(f"{way} {count}" for way, count in sorted(self.ways.items()))
        return (
            f"{self.checked} reads checked, {self.hit_ratio:.0%} of them hits; {self.refused} writes refused\n"
            f"  hits: {kinds}\n  ways: {ways}\n  changes: {deeds}"
        )
