"""How answers are written, as the client's headers ask (ftrack-protocol 1.2)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

_ON = frozenset({"1", "true"})


class EntityForm(Enum):
    """``NORMALISED``: in full only where an entity occurs first; ``DENORMALISED``: everywhere."""

    NORMALISED = b"n"
    DENORMALISED = b"d"


@dataclass(frozen=True, slots=True)
class Representation:
    """How answers are written: those of one ``tag`` alike, down to the byte.

    ``form`` is that of the entities in them, ``None`` if it is not known. The defaults are ftrack's.
    """

    tag: bytes = b"\0"
    form: EntityForm | None = EntityForm.NORMALISED


def representation_of(strict: Sequence[str], options: Sequence[str]) -> Representation:
    """Read the values of ``ftrack-strict-api``, which changes errors, and of ``ftrack-api-options``, which changes
    entities.
    """
    modes = (mode.strip().lower() for mode in strict)
    tag = "\0".join((*modes, "", *options, "")).encode("utf-8", "surrogatepass")
    return Representation(tag, form_of(";".join(options)))


def form_of(options: str) -> EntityForm | None:
    """Read ``ftrack-api-options``; ``None`` for options, or combinations of them, whose effect is not known."""
    on: set[str] = set()
    for option in filter(None, (part.strip() for part in options.split(";"))):
        match re.split("[:=]", option, maxsplit=1):
            case [name, value] if value.strip().lower() in _ON:
                on.add(name.strip())
            case _:
                return None
    if not on:
        return EntityForm.NORMALISED
    return EntityForm.DENORMALISED if on == {"strict", "denormalize"} else None
