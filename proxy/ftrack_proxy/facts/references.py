"""Which attributes refer to which rows, where the schema document does not say it (ftrack-protocol 5.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.custom_attributes import CUSTOM_ATTRIBUTE_OWNERS
from ftrack_proxy.facts.evidence import Source, assumed, inferred, seen
from ftrack_proxy.facts.type_names import (
    ANY,
    ASSET,
    ASSET_VERSION,
    CONTEXT,
    LINK,
    LINK_FROM,
    LIST,
    NOTE,
    RESOURCE,
    STATUS_CHANGE,
    VALUE,
)


@dataclass(frozen=True, slots=True)
class IrregularKey:
    """The foreign key behind a scalar relation that is not called ``<relation>_id``.

    ``owner``: of this type alone, and then nothing else is looked for. ``suffix``: of types whose names end so.
    ``relation`` is ``ANY`` for every relation of these.
    """

    relation: str
    key: str
    source: Source
    owner: str | None = None
    suffix: str | None = None


@dataclass(frozen=True, slots=True)
class OpenKey:
    """An id that can be one of several families' (``ANY``: of any), with no relation that would show it."""

    family: str
    attribute: str
    targets: frozenset[str]
    source: Source


@dataclass(frozen=True, slots=True)
class WeakReference:
    """A reference whose owner outlives what it points to: it loses the reference, and no row goes."""

    attribute: str
    source: Source


@dataclass(frozen=True, slots=True)
class ForeignReference:
    """A reference that may lead into another project, so that its owner does not belong to what it points to."""

    family: str
    attribute: str
    source: Source


@dataclass(frozen=True, slots=True)
class CollectionDivider:
    """By this attribute of the items, the server tells collections of one item type apart: with it, a row goes from
    one of its owner's collections into another."""

    attribute: str
    source: Source


_WORD: Final = "another word for it"

IRREGULAR_KEYS: Final = (
    IrregularKey("parent", "context_id", seen("ftrack-protocol 5.8", _WORD), owner=ASSET),
    IrregularKey("user", "resource_id", seen("ftrack-protocol 5.8", _WORD), owner="Recipient"),
    IrregularKey(
        ANY, "to_id", seen("ftrack-protocol 5.8", "each type of link names its end after a type"), suffix=LINK
    ),
    IrregularKey(
        ANY, "from_id", seen("ftrack-protocol 5.8", "each type of link names its end after a type"), suffix=LINK_FROM
    ),
    IrregularKey("author", "user_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("owner", "user_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("recipient", "resource_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("asset_version", "version_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("invitee", "review_session_invitee_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("_task_workflow", "task_workflow_schema_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("_version_workflow", "asset_version_workflow_schema_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("_task_type_schema", "task_type_schema_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("event", "social_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("task_type", "type_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("task_status", "status_id", seen("ftrack-protocol 5.8", _WORD)),
    IrregularKey("object_type_to", "object_type_id_to", seen("ftrack-protocol 5.8", _WORD)),
)

_CUSTOM_ATTRIBUTE_OWNERS: Final = frozenset(owner.family for owner in CUSTOM_ATTRIBUTE_OWNERS)
_ANYTHING: Final = frozenset({ANY})

OPEN_KEYS: Final = (
    OpenKey(
        NOTE, "parent_id", frozenset({CONTEXT, ASSET, ASSET_VERSION, RESOURCE, LIST, "ReviewSessionObject"}),
        inferred("ftrack-protocol 5.8", "the types that have `notes`"),
    ),
    OpenKey(
        STATUS_CHANGE, "parent_id", frozenset({CONTEXT, ASSET_VERSION}),
        inferred("ftrack-protocol 5.3, 5.8", "its two concrete types"),
    ),
    OpenKey(
        "ListObject", "entity_id", frozenset({CONTEXT, ASSET_VERSION}),
        inferred("ftrack-protocol 5.3, 5.8", "the two types of list"),
    ),
    OpenKey(
        VALUE, "entity_id", _CUSTOM_ATTRIBUTE_OWNERS,
        inferred("ftrack-protocol 5.3, 5.8", "whatever can have custom attributes"),
    ),
    OpenKey(LINK, "from_id", _CUSTOM_ATTRIBUTE_OWNERS, inferred("ftrack-protocol 5.3, 5.8", "the same")),
    OpenKey(LINK, "to_id", _CUSTOM_ATTRIBUTE_OWNERS, inferred("ftrack-protocol 5.3, 5.8", "the same")),
    OpenKey("Event", "parent_id", _ANYTHING, seen("ftrack-protocol 5.8, 7.8", "`parent_type` tells")),
    OpenKey("Metadata", "parent_id", _ANYTHING, seen("ftrack-protocol 5.8", "`parent_type` tells")),
    OpenKey("EntitySetting", "parent_id", _ANYTHING, seen("ftrack-protocol 5.8", "`parent_type` tells")),
)  # fmt: skip

WEAK_REFERENCES: Final = tuple(
    WeakReference(name, assumed("ftrack-protocol 2.3, 5.8", "nobody loses a shot with its thumbnail"))
    for name in ("thumbnail", "thumbnail_id")
)

THUMBNAIL: Final = ("thumbnail", "thumbnail_id", "thumbnail_url", "thumbnail_source_id")
"""The attributes that show a thumbnail, and change when its component goes (ftrack-protocol 5.5)."""

FOREIGN_REFERENCES: Final = tuple(
    ForeignReference(
        ASSET_VERSION, name,
        assumed("ftrack-protocol 5.8", "the task that a version was made for; the version belongs to its asset"),
    )
    for name in ("task_id", "task")
)  # fmt: skip

COLLECTION_DIVIDERS: Final = (
    CollectionDivider("type", seen("ftrack-protocol 5.8", "assignments and allocations of appointments")),
    *(
        CollectionDivider(name, inferred("ftrack-protocol 5.3, 5.8", "collections of one type's rows"))
        for name in (
            "system_type", "entity_type", "parent_type", "from_entity_type", "to_entity_type", "object_type_id",
        )
    ),
)  # fmt: skip
