"""Which types show the same rows (ftrack-protocol 5.3).

A query on a base type returns rows of its members, events name tables, answers name concrete types. A document says by
itself which types share a table, and newer ones declare base types (``$mixin``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.evidence import Source, inferred, seen
from ftrack_proxy.facts.type_names import (
    COMPONENT,
    CONFIGURATION,
    CONTEXT,
    LINK,
    LINK_FROM,
    LIST,
    NOTE_CATEGORY,
    PROJECT,
    RESOURCE,
    STATUS_CHANGE,
    TYPED_CONTEXT,
    VALUE,
)


@dataclass(frozen=True, slots=True)
class BaseType:
    """A query on ``name`` also returns rows of ``members``, which may have tables of their own."""

    name: str
    members: tuple[str, ...]
    source: Source


@dataclass(frozen=True, slots=True)
class SharedRows:
    """Types that show the same rows under several names, one ``family``: ``names``, and all that end in one of
    ``suffixes``.

    ``by_way``: which of the types a row has depends on the way by which it is reached. ``suffix_is_base``: a type
    returns rows of all whose names end in its own.
    """

    family: str
    names: tuple[str, ...]
    suffixes: tuple[str, ...]
    source: Source
    by_way: bool = False
    suffix_is_base: bool = False


@dataclass(frozen=True, slots=True)
class OneTypePerRow:
    """No row of ``family`` shows under two types of which neither is a base of the other."""

    family: str
    source: Source


@dataclass(frozen=True, slots=True)
class Classifier:
    """``attribute`` tells the types of ``family`` apart, so that an update of it makes one type of another.

    Types with the attribute ``told_by`` have it.
    """

    family: str
    attribute: str
    told_by: str
    source: Source


BASE_TYPES: Final = (
    BaseType(CONTEXT, (TYPED_CONTEXT, PROJECT), seen("ftrack-protocol 3.4, 5.3")),
    BaseType(COMPONENT, ("FileComponent", "SequenceComponent", "ContainerComponent"), seen("ftrack-protocol 3.4, 5.3")),
    BaseType(RESOURCE, ("BaseUser", "User", "Collaborator", "Group"), seen("ftrack-protocol 5.3")),
    BaseType("BaseUser", ("User", "Collaborator"), seen("ftrack-protocol 5.3", "declared by newer documents")),
    BaseType(LIST, ("TypedContextList", "AssetVersionList"), seen("ftrack-protocol 5.3")),
    BaseType(STATUS_CHANGE, ("TypedContextStatusChange", "AssetVersionStatusChange"), seen("ftrack-protocol 5.3")),
    BaseType(
        "CustomConfigurationBase",
        (CONFIGURATION, "CustomAttributeLinkConfiguration"),
        seen("ftrack-protocol 5.3"),
    ),
)

SHARED_ROWS: Final = (
    SharedRows(
        NOTE_CATEGORY,
        ("NoteLabel", NOTE_CATEGORY),
        (),
        seen("ftrack-protocol 5.3", "both are the table NoteCategory; a note's category is a label, too"),
        by_way=True,
    ),
    SharedRows(
        VALUE,
        (),
        (VALUE,),
        seen("ftrack-protocol 5.3", "a value appears as it is stored, and densely for each kind of owner"),
    ),
    SharedRows(
        LINK,
        (),
        (LINK, LINK_FROM),
        seen("ftrack-protocol 5.3", "one link appears under up to four types"),
        by_way=True,
        suffix_is_base=True,
    ),
)

ONE_TYPE_PER_ROW: Final = tuple(
    OneTypePerRow(family, inferred("ftrack-protocol 5.3", f"`{teller}` has one value"))
    for family, teller in ((CONTEXT, "object_type_id"), (COMPONENT, "system_type"), (LIST, "system_type"))
)

CLASSIFIER: Final = Classifier(
    CONTEXT, "object_type_id", "context_type", seen("ftrack-protocol 3.3, 5.3", "the classifier of the table Task")
)
