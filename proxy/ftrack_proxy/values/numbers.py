"""Numbers as every reading takes them, and how near is the same."""

from __future__ import annotations

import math
from typing import Any


def number_of(known: Any) -> float | None:
    """A number as every reading takes it; ``None`` for what Python alone understands (``1_0``, ``inf``)."""
    try:
        found = float(known)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if math.isfinite(found) and "_" not in str(known) else None


def is_close(mine: float, theirs: float) -> bool:
    """True if two numbers may be the same once digits are dropped: how many are kept is not known."""
    return math.isclose(mine, theirs, rel_tol=1e-5, abs_tol=1e-5)
