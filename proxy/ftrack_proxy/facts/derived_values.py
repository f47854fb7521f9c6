"""Values that ftrack makes from other rows, from the clock, or for the caller (ftrack-protocol 5.5, 7.6).

Neither the schema's ``computed`` flag nor its types show them, and no event names them when what they are made from
changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.evidence import Source, assumed, inferred, seen
from ftrack_proxy.facts.type_names import (
    ANY,
    ASSET,
    ASSET_VERSION,
    COMPONENT,
    COMPONENT_LOCATION,
    CONFIGURATION,
    CONTEXT,
    LIST,
    NOTE,
    PROJECT,
    RESOURCE,
    REVIEW_SESSION,
    STATUS_CHANGE,
    TIMELOG,
    TYPED_CONTEXT,
    VALUE,
)

Sources = frozenset[tuple[str, str]]
"""What something is made from: (type, attribute) pairs, where ``ANY`` stands for any attribute."""


def sources(type_name: str, *attributes: str) -> Sources:
    """The attributes of one type; without any, all of them."""
    return frozenset((type_name, attribute) for attribute in attributes or (ANY,))


@dataclass(frozen=True, slots=True)
class DerivedValue:
    """Attributes of a family (``ANY``: wherever they occur) and what ftrack makes them from."""

    family: str
    attributes: tuple[str, ...]
    made_from: Sources
    source: Source


@dataclass(frozen=True, slots=True)
class DerivedRows:
    """All rows of a family follow from other rows."""

    family: str
    made_from: Sources
    source: Source


@dataclass(frozen=True, slots=True)
class SecondName:
    """``name`` shows what ``attribute`` shows: what holds for the one holds for the other."""

    name: str
    attribute: str
    source: Source


@dataclass(frozen=True, slots=True)
class VolatileValue:
    """What changes by itself: an attribute, or all attributes (``ANY``), of a type; or all values of a kind
    (``value_type``, as the schema document calls it) wherever they occur."""

    type_name: str
    attribute: str
    source: Source
    value_type: str | None = None


# Names and types of all ancestors, and where they stand; a project may show its full name.
CONTEXT_LINK: Final = sources(
    CONTEXT, "name", "parent_id", "project_id", "context_type", "object_type_id"
) | sources(PROJECT, "full_name")  # fmt: skip
_ASSET_LINK: Final = CONTEXT_LINK | sources(ASSET, "name", "context_id")
VERSION_LINK: Final = _ASSET_LINK | sources(ASSET_VERSION, "version", "asset_id", "task_id")
LATEST: Final = sources(ASSET_VERSION, "asset_id", "version", "date", "is_published")
_TREE: Final = sources(CONTEXT, "parent_id")
_ASSET_PROJECT: Final = sources(CONTEXT, "parent_id", "project_id") | sources(ASSET, "context_id")
_VERSION_PROJECT: Final = _ASSET_PROJECT | sources(ASSET_VERSION, "asset_id")
_TIME: Final = sources(TIMELOG) | _TREE
_THUMBNAIL: Final = (
    sources(CONTEXT, "thumbnail_id", "parent_id")
    | sources(ASSET_VERSION, "thumbnail_id", "task_id", "asset_id", "version")
    | sources(ASSET, "context_id")
    | sources(COMPONENT)
)
_REVIEW_THUMBNAIL: Final = (
    sources("ReviewSessionObject") | sources(ASSET_VERSION, "thumbnail_id") | sources(COMPONENT)
)  # fmt: skip

_NAMES_ABOVE: Final = "the names of everything above"
_PAIRS: Final = "a collection over a table of pairs"

DERIVED_VALUES: Final = (
    DerivedValue(CONTEXT, ("link",), CONTEXT_LINK, seen("ftrack-protocol 5.5, 7.6", _NAMES_ABOVE)),
    DerivedValue(RESOURCE, ("link",), sources(RESOURCE), inferred("ftrack-protocol 5.5", "a resource stands alone")),
    DerivedValue(ASSET, ("link",), _ASSET_LINK, seen("ftrack-protocol 5.5, 7.6", _NAMES_ABOVE)),
    DerivedValue(ASSET_VERSION, ("link",), VERSION_LINK, seen("ftrack-protocol 5.5, 7.6", _NAMES_ABOVE)),
    DerivedValue(ANY, ("link",), VERSION_LINK, assumed("ftrack-protocol 5.5", "as those of versions")),
    DerivedValue(
        CONTEXT, ("ancestors", "descendants", "children"), _TREE, seen("ftrack-protocol 5.5, 7.6", "the tree"),
    ),
    DerivedValue(
        ASSET, ("ancestors",), _TREE | sources(ASSET, "context_id"), seen("ftrack-protocol 5.5", "newer servers"),
    ),
    DerivedValue(ASSET, ("project_id",), _ASSET_PROJECT, seen("ftrack-protocol 5.5, 7.6", "a move takes it along")),
    DerivedValue(
        ASSET_VERSION, ("project_id",), _VERSION_PROJECT, seen("ftrack-protocol 5.5, 7.6", "a move takes it along"),
    ),
    DerivedValue(
        NOTE, ("project_id",), _VERSION_PROJECT | sources(NOTE, "parent_id", "in_reply_to_id"),
        seen("ftrack-protocol 5.5, 7.6", "a move takes it along"),
    ),
    DerivedValue(
        ASSET, ("latest_version",), LATEST,
        inferred("ftrack-protocol 5.5, 7.6", "by number or date, perhaps of published ones only"),
    ),
    DerivedValue(
        ASSET_VERSION, ("is_latest_version",), LATEST,
        inferred("ftrack-protocol 5.5, 7.6", "by number or date, perhaps of published ones only"),
    ),
    DerivedValue(
        ASSET_VERSION, ("uses_versions", "used_in_versions"), sources("AssetVersionLink"),
        seen("ftrack-protocol 5.5", _PAIRS),
    ),
    DerivedValue(CONTEXT, ("time_logged",), _TIME, inferred("ftrack-protocol 5.5, 7.6", "a sum over all below")),
    DerivedValue(
        CONTEXT, ("bid_time_logged_difference",), _TIME | sources(TYPED_CONTEXT, "bid"),
        inferred("ftrack-protocol 5.5, 7.6", "a sum over all below"),
    ),
    DerivedValue(
        NOTE, ("thread_activity",), sources(NOTE, "date", "in_reply_to_id", "thread_activity"),
        seen("ftrack-protocol 5.5, 7.6", "set by replies"),
    ),
    DerivedValue(
        NOTE, ("category", "category_id"), sources("NoteLabelLink"),
        inferred("ftrack-protocol 5.3", "labels have replaced categories, and are their table"),
    ),
    DerivedValue(
        ANY, ("thumbnail_url",), _THUMBNAIL | sources(COMPONENT_LOCATION),
        seen("ftrack-protocol 5.5, 7.6", "inherited from parents and versions"),
    ),
    DerivedValue(
        ANY, ("thumbnail_source_id",), _THUMBNAIL,
        seen("ftrack-protocol 5.5, 7.6", "inherited from parents and versions"),
    ),
    DerivedValue(
        REVIEW_SESSION, ("thumbnail_id", "thumbnail", "thumbnail_source_id"), _REVIEW_THUMBNAIL,
        inferred("ftrack-protocol 5.5", "computed; what it shows are its objects"),
    ),
    DerivedValue(
        REVIEW_SESSION, ("is_open",), sources(REVIEW_SESSION, "start_date", "end_date", "availability"),
        inferred("ftrack-protocol 5.5", "computed from its dates"),
    ),
    DerivedValue(
        ANY, ("url",), sources(COMPONENT_LOCATION) | sources("Location") | sources(COMPONENT),
        inferred("ftrack-protocol 5.5", "where a component is"),
    ),
    DerivedValue(LIST, ("items",), sources("ListObject"), seen("ftrack-protocol 5.8", _PAIRS)),
    DerivedValue(CONTEXT, ("lists",), sources("ListObject"), seen("ftrack-protocol 5.8", _PAIRS)),
    DerivedValue(ASSET_VERSION, ("lists",), sources("ListObject"), seen("ftrack-protocol 5.8", _PAIRS)),
    DerivedValue(
        "WorkflowSchema", ("statuses",), sources("WorkflowSchemaStatus"), inferred("ftrack-protocol 5.6, 5.8", _PAIRS)
    ),
    DerivedValue(
        "TaskTypeSchema", ("types",), sources("TaskTypeSchemaType"), inferred("ftrack-protocol 5.6, 5.8", _PAIRS)
    ),
    DerivedValue(
        "Type", ("task_type_schemas",), sources("TaskTypeSchemaType"), inferred("ftrack-protocol 5.6, 5.8", _PAIRS)
    ),
    DerivedValue(
        "ProjectSchema", ("object_types",), sources("ProjectSchemaObjectType"),
        inferred("ftrack-protocol 5.6, 5.8", _PAIRS),
    ),
    DerivedValue(
        "ObjectType", ("project_schemas",), sources("ProjectSchemaObjectType"),
        inferred("ftrack-protocol 5.6, 5.8", _PAIRS),
    ),
)  # fmt: skip

DERIVED_ROWS: Final = (
    DerivedRows(
        STATUS_CHANGE, sources(TYPED_CONTEXT, "status_id") | sources(ASSET_VERSION, "status_id"),
        inferred("ftrack-protocol 5.3, 5.8", "the server writes one when the status of a task or version changes"),
    ),
    DerivedRows(
        VALUE, sources(VALUE) | sources(CONFIGURATION),
        seen("ftrack-protocol 3.5, 4.5, 7.5", "set on the owner, whose event names them; inherited, or a default"),
    ),
)  # fmt: skip

SECOND_NAMES: Final = (
    SecondName("_link", "link", seen("ftrack-protocol 5.7", "one column behind both")),
    SecondName("project", "project_id", seen("ftrack-protocol 5.8", "the relation on the key")),
)

VOLATILE_VALUES: Final = (
    VolatileValue("Event", ANY, seen("ftrack-protocol 7.8", "the activity log grows with every write")),
    VolatileValue("Feed", ANY, seen("ftrack-protocol 7.8", "the activity log grows with every write")),
    VolatileValue(REVIEW_SESSION, "is_open", seen("ftrack-protocol 5.5", "opens and closes by the clock")),
    VolatileValue(
        ANY, ANY, seen("ftrack-protocol 5.2, 5.5", "URLs that are signed or carry credentials"), value_type="object",
    ),
)  # fmt: skip
