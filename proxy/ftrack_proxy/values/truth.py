"""Three-valued logic: what is not known is neither true nor false."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum


class Truth(Enum):
    """Certainly so, certainly not, or not known."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"


def truth(value: bool) -> Truth:
    """The certain one."""
    return Truth.TRUE if value else Truth.FALSE


def negated(value: Truth) -> Truth:
    """Not: what is unknown stays so."""
    match value:
        case Truth.TRUE:
            return Truth.FALSE
        case Truth.FALSE:
            return Truth.TRUE
        case Truth.UNKNOWN:
            return Truth.UNKNOWN


def conjunction(values: Iterable[Truth]) -> Truth:
    """And: one false decides."""
    found = Truth.TRUE
    for value in values:
        if value is Truth.FALSE:
            return value
        if value is Truth.UNKNOWN:
            found = value
    return found


def disjunction(values: Iterable[Truth]) -> Truth:
    """Or: one true decides."""
    found = Truth.FALSE
    for value in values:
        if value is Truth.TRUE:
            return value
        if value is Truth.UNKNOWN:
            found = value
    return found
