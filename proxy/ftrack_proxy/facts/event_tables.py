"""What items of update events name beside tables and columns of the schema (ftrack-protocol 7.1, 7.3, 7.9)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.evidence import Source, inferred, seen
from ftrack_proxy.facts.type_names import ASSET_VERSION, COMPONENT, COMPONENT_LOCATION, TIMER


@dataclass(frozen=True, slots=True)
class UnlistedTable:
    """A name in events (lower case, without underscores) that no schema document has, and the types that its rows may
    show in."""

    name: str
    types: tuple[str, ...]
    source: Source


UNLISTED_TABLES: Final = (
    UnlistedTable(
        "socialnotification",
        ("Feed", "Event"),
        seen("ftrack-protocol 7.3, 7.7", "rows of the activity stream that share an event with others"),
    ),
    UnlistedTable(
        "team", ("Group", "Membership"), inferred("ftrack-protocol 7.3", "ignored by name in public handlers")
    ),
)


@dataclass(frozen=True, slots=True)
class TypeByObjectType:
    """An item whose ``objectTypeId`` is this text tells of a row of ``type_name``."""

    object_type: str
    type_name: str
    source: Source


TYPES_BY_OBJECT_TYPE: Final = (TypeByObjectType("timer", TIMER, seen("ftrack-protocol 7.1, 7.3")),)

PROJECT_TABLE: Final = "show"
"""The table of projects, at which every path upwards ends (ftrack-protocol 7.1)."""


@dataclass(frozen=True, slots=True)
class EncodedAlong:
    """Rows of this family may come or change when an event tells that media were ``encoded``."""

    family: str
    source: Source


ENCODED_ALONG: Final = (
    EncodedAlong(ASSET_VERSION, seen("ftrack-protocol 7.1", "its thumbnail")),
    EncodedAlong(COMPONENT, seen("ftrack-protocol 7.1", "new components")),
    EncodedAlong(COMPONENT_LOCATION, inferred("ftrack-protocol 2.3, 7.1", "where they are")),
    EncodedAlong("Job", seen("ftrack-protocol 2.3", "the job that did it")),
    EncodedAlong("JobComponent", seen("ftrack-protocol 2.3", "new components are linked to the job")),
)


@dataclass(frozen=True, slots=True)
class LocationTopic:
    """A topic on which client libraries tell that a component has reached a location (``arrives``) or left it."""

    name: str
    arrives: bool
    source: Source


LOCATION_TOPICS: Final = (
    LocationTopic(
        "ftrack.location.component-added", True, seen("ftrack-protocol 7.9", "if their event hub is connected")
    ),
    LocationTopic(
        "ftrack.location.component-removed", False, seen("ftrack-protocol 7.9", "if their event hub is connected")
    ),
)
