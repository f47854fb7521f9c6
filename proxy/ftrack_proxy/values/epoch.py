"""The uninterrupted periods of a change feed, by name."""

from __future__ import annotations

from typing import NamedTuple


class Epoch(NamedTuple):
    """One uninterrupted period of a change feed, or of there being none.

    ``feed`` is a name that no other feed has, in whatever process; ``number`` counts the periods of that feed. So two
    epochs that are equal are the same one, also if one of them was written down by another process.
    """

    feed: str
    number: int

    def following(self) -> Epoch:
        """The feed's next epoch."""
        return Epoch(self.feed, self.number + 1)
