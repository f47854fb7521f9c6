"""The header ``ftrack-api-options``: how entities are written in an answer (ftrack-protocol 1.2)."""

from __future__ import annotations

import re
from enum import Enum


class Manner(Enum):
    """``NORMALISED``: in full only where an entity occurs first; ``DENORMALISED``: everywhere."""

    NORMALISED = b"n"
    DENORMALISED = b"d"


_ON = frozenset({"1", "true"})


def manner_of(options: str) -> Manner | None:
    """Read the header; ``None`` for options, or combinations of them, whose effect is not known."""
    on: set[str] = set()
    for option in filter(None, (part.strip() for part in options.split(";"))):
        match re.split("[:=]", option, maxsplit=1):
            case [name, value] if value.strip().lower() in _ON:
                on.add(name.strip())
            case _:
                return None
    if not on:
        return Manner.NORMALISED
    return Manner.DENORMALISED if on == {"strict", "denormalize"} else None
