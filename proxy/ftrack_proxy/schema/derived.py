"""Values that come from other rows, or from nothing that changes are told of (ftrack-protocol 5.5, 7.6).

Neither the schema's ``computed`` flag nor the type system shows them: one table says for each attribute,
or for a whole type, from which (type, attribute) pairs the server makes it. ``"*"`` stands for any
attribute. The rows it comes from are usually not in the answer (the ancestors of a ``link``), so no ids
narrow it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute
from ftrack_proxy.schema.families import COMPONENT, CONTEXT, LIST, RESOURCE, STATUS_CHANGE

Sources = frozenset[tuple[str, str]]


def _of(type_name: str, *attributes: str) -> Sources:
    return frozenset((type_name, attribute) for attribute in attributes or ("*",))


# Names and types of all ancestors, and where they hang (7.6); a project may show its full name.
_HIERARCHY: Final = _of(CONTEXT, "name", "parent_id", "project_id", "context_type", "object_type_id") | _of(
    "Project", "full_name"
)
_ASSET_LINK: Final = _HIERARCHY | _of("Asset", "name", "context_id")
_VERSION_LINK: Final = _ASSET_LINK | _of("AssetVersion", "version", "asset_id", "task_id")
_LATEST: Final = _of("AssetVersion", "asset_id", "version", "date", "is_published")
_THUMBNAIL: Final = (
    _of(CONTEXT, "thumbnail_id", "parent_id")
    | _of("AssetVersion", "thumbnail_id", "task_id", "asset_id", "version")
    | _of("Asset", "context_id")
    | _of(COMPONENT)
)
_LIST_ITEMS: Final = _of("ListObject")
_VERSION_LINKS: Final = _of("AssetVersionLink")
_LABELS: Final = _of("NoteLabelLink")
_TIME: Final = _of("Timelog") | _of(CONTEXT, "parent_id")
_REVIEW_THUMBNAIL: Final = _of("ReviewSessionObject") | _of("AssetVersion", "thumbnail_id") | _of(COMPONENT)

ATTRIBUTES: Final[Mapping[tuple[str, str], Sources]] = {
    # -- names of everything above
    (CONTEXT, "link"): _HIERARCHY,
    (RESOURCE, "link"): _of(RESOURCE),
    ("Asset", "link"): _ASSET_LINK,
    ("AssetVersion", "link"): _VERSION_LINK,
    ("*", "link"): _VERSION_LINK,
    # -- the tree
    (CONTEXT, "ancestors"): _of(CONTEXT, "parent_id"),
    (CONTEXT, "descendants"): _of(CONTEXT, "parent_id"),
    (CONTEXT, "children"): _of(CONTEXT, "parent_id"),
    ("Asset", "ancestors"): _of(CONTEXT, "parent_id") | _of("Asset", "context_id"),
    # -- the project of what hangs below contexts: a move carries it along (7.6)
    ("Asset", "project_id"): _of(CONTEXT, "parent_id", "project_id") | _of("Asset", "context_id"),
    ("AssetVersion", "project_id"): _of(CONTEXT, "parent_id", "project_id")
    | _of("Asset", "context_id")
    | _of("AssetVersion", "asset_id"),
    ("Note", "project_id"): _of(CONTEXT, "parent_id", "project_id")
    | _of("Asset", "context_id")
    | _of("AssetVersion", "asset_id")
    | _of("Note", "parent_id", "in_reply_to_id"),
    # -- versions
    ("Asset", "latest_version"): _LATEST,
    ("AssetVersion", "is_latest_version"): _LATEST,
    ("AssetVersion", "uses_versions"): _VERSION_LINKS,
    ("AssetVersion", "used_in_versions"): _VERSION_LINKS,
    # -- sums
    (CONTEXT, "time_logged"): _TIME,
    (CONTEXT, "bid_time_logged_difference"): _TIME | _of("TypedContext", "bid"),
    # -- notes: set by replies
    ("Note", "thread_activity"): _of("Note", "date", "in_reply_to_id", "thread_activity"),
    # -- labels have replaced categories: what is left of these shows the labels
    ("Note", "category"): _LABELS,
    ("Note", "category_id"): _LABELS,
    # -- thumbnails, inherited from parents and versions
    ("*", "thumbnail_url"): _THUMBNAIL | _of("ComponentLocation"),
    ("*", "thumbnail_source_id"): _THUMBNAIL,
    ("ReviewSession", "thumbnail_id"): _REVIEW_THUMBNAIL,
    ("ReviewSession", "thumbnail"): _REVIEW_THUMBNAIL,
    ("ReviewSession", "thumbnail_source_id"): _REVIEW_THUMBNAIL,
    ("ReviewSession", "is_open"): _of("ReviewSession", "start_date", "end_date", "availability"),
    # -- URLs
    ("*", "url"): _of("ComponentLocation") | _of("Location") | _of(COMPONENT),
    # -- collections over a table of pairs, which the schema does not mention
    (LIST, "items"): _LIST_ITEMS,
    (CONTEXT, "lists"): _LIST_ITEMS,
    ("AssetVersion", "lists"): _LIST_ITEMS,
    ("WorkflowSchema", "statuses"): _of("WorkflowSchemaStatus"),
    ("TaskTypeSchema", "types"): _of("TaskTypeSchemaType"),
    ("Type", "task_type_schemas"): _of("TaskTypeSchemaType"),
    ("ProjectSchema", "object_types"): _of("ProjectSchemaObjectType"),
    ("ObjectType", "project_schemas"): _of("ProjectSchemaObjectType"),
}

_SAME: Final[Mapping[str, str]] = {"_link": "link", "project": "project_id"}
"""Second names of the same value."""

_OWNERS: Final[Mapping[str, Sources]] = {
    "Context": _of(CONTEXT, "custom_attributes", "parent_id", "project_id", "object_type_id", "type_id"),
    "Asset": _of("Asset", "custom_attributes", "context_id") | _of(CONTEXT, "custom_attributes", "parent_id"),
    "AssetVersion": _of("AssetVersion", "custom_attributes", "asset_id")
    | _of("Asset", "custom_attributes", "context_id")
    | _of(CONTEXT, "custom_attributes", "parent_id"),
    "User": _of(RESOURCE, "custom_attributes"),
    "List": _of(LIST, "custom_attributes", "project_id") | _of("Project", "custom_attributes"),
    "ListObject": _of("ListObject") | _of(LIST, "custom_attributes"),
}
_CUSTOM_VALUE: Final = "CustomAttributeValue"
_ALL_OWNERS: Final = frozenset().union(*_OWNERS.values())
_VALUE_COMMON: Final = _of(_CUSTOM_VALUE) | _of("CustomAttributeConfiguration")

_LOG_TYPES: Final = frozenset({"Event", "Feed"})


def sources_of_type(type_name: str, catalogue: Catalogue) -> Sources:
    """What the rows of a type are made from, beside their own table.

    * Custom values are announced on the owner (7.5), and dense ones are inherited, or defaults of the
      configuration (3.5, 4.5); they exist for every owner.
    * A status change is a row that the server writes when ``status_id`` of a task or version changes.
    """
    if type_name.endswith(_CUSTOM_VALUE):
        return _known(_OWNERS.get(type_name.removesuffix(_CUSTOM_VALUE), _ALL_OWNERS) | _VALUE_COMMON, catalogue)
    if catalogue.family_of.get(type_name) == STATUS_CHANGE:
        return _known(_of("TypedContext", "status_id") | _of("AssetVersion", "status_id"), catalogue)
    return frozenset()


def sources_of(type_name: str, attribute: str, catalogue: Catalogue) -> Sources:
    """What an attribute is made from; empty if it is a plain column or relation."""
    return _known(_entry(type_name, attribute, catalogue) or frozenset(), catalogue)


def is_volatile(type_name: str, attribute: Attribute, catalogue: Catalogue) -> bool:
    """Whether a value follows the clock or the caller, or comes from we do not know what: never outlives
    its age.

    URLs are signed or carry credentials (5.5); ``is_open`` of a review session follows the clock; a computed
    attribute that has no entry above may be made from anything. The activity log grows with every write
    (7.8).
    """
    if type_name in _LOG_TYPES or attribute.value_type == "object":
        return True
    if attribute.name == "is_open" and type_name == "ReviewSession":
        return True
    return attribute.computed and _entry(type_name, attribute.name, catalogue) is None


def _entry(type_name: str, attribute: str, catalogue: Catalogue) -> Sources | None:
    name = _SAME.get(attribute, attribute)
    found = ATTRIBUTES.get((catalogue.family_of.get(type_name, type_name), name))
    if found is None and (name != "link" or attribute in ("link", "_link")):
        found = ATTRIBUTES.get(("*", name))
    return found


def _known(sources: Sources, catalogue: Catalogue) -> Sources:
    """Leave out types that this workspace's document does not have."""
    return frozenset(source for source in sources if source[0] in catalogue.types)
