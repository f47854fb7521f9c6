"""How much work a judgement may be, counted in steps: beyond that, asking ftrack costs less."""

from __future__ import annotations

import math
from typing import Final

STEPS: Final = 5_000
"""Of one judgement. A step is a microsecond or two; meanwhile nobody else is answered."""


class OutOfBudget(Exception):
    """A judgement was given up."""


class Work:
    """Counts steps, and stops at ``limit``."""

    __slots__ = ("left",)

    def __init__(self, limit: float = STEPS) -> None:
        self.left = limit

    def spend(self, steps: int = 1) -> None:
        """Count some steps.

        Raises:
            OutOfBudget: there are none left.
        """
        self.left -= steps
        if self.left < 0:
            raise OutOfBudget


def unlimited() -> Work:
    """As much work as it takes."""
    return Work(math.inf)
