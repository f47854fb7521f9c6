"""One change: what is known of it, and how far it may reach (ftrack-protocol 7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final


class ChangeKind(Enum):
    ADDED = "added"
    UPDATED = "updated"
    REMOVED = "removed"
    MOVED = "moved"
    UNKNOWN = "unknown"


class ChangeSource(Enum):
    OWN_WRITE = "own_write"
    HUB_EVENT = "hub_event"
    LOCATION_EVENT = "location_event"
    PURGE = "purge"
    SCHEMA = "schema"
    UNKNOWN = "unknown"


class Unknown(Enum):
    """The one value that stands for a value that was not told; null is a value."""

    VALUE = "unknown"

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final = Unknown.VALUE

OldNew = tuple[Any, Any]


@dataclass(frozen=True, slots=True)
class Change:
    """What changed, as far as it is known.

    ``families`` is None if anything may have changed. ``entity_id`` is None if any entity of the families may
    have. ``attributes`` maps API names to (old, new), either of which may be ``UNKNOWN``; values from
    events are untyped texts (7.2). Custom attributes stand under ``custom_attributes`` as two mappings by
    key. ``attributes_complete``: no attribute that is not listed changed; for an added entity it is never so.
    ``ancestors`` are the ids above it, nearest first, with the family of each in ``ancestor_families``; empty
    if not known.

    Names in an event can mean two things: ``otherwise`` is the same change read in the other way, and whatever either
    reading alters may have changed. ``doubtful``: a reading that is hardly meant. ``uncertain`` are attributes whose
    values may be another's of the same name.
    """

    kind: ChangeKind
    families: frozenset[str] | None
    entity_id: str | None = None
    entity_type: str | None = None
    attributes: Mapping[str, OldNew] = field(default_factory=dict, hash=False)
    ancestors: tuple[str, ...] = ()
    ancestor_families: tuple[str, ...] = ()
    source: ChangeSource = ChangeSource.UNKNOWN
    attributes_complete: bool = False
    otherwise: Change | None = field(default=None, compare=False)
    doubtful: bool = False
    uncertain: frozenset[str] = frozenset()

    @property
    def readings(self) -> tuple[Change, ...]:
        """The ways in which it can be read."""
        return (self,) if self.otherwise is None else (self, self.otherwise)


def anything(source: ChangeSource, kind: ChangeKind = ChangeKind.UNKNOWN) -> Change:
    """A change that may have touched anything."""
    return Change(kind, None, source=source)
