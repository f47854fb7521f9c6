"""Collections whose members do not point back to their owner: they are joined by pairs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Where the pairs of a collection stand; ``members`` is ``None`` where they can be of several tables."""

    table: str
    owner: str
    member: str
    members: str | None


@dataclass(frozen=True)
class Kept:
    """A collection whose pairs no client sees: the owner's row keeps the ids, under a name of the server's own."""

    column: str
    members: str


_ITEMS = Pair("ListObject", "list_id", "entity_id", None)
_LISTS = Pair("ListObject", "entity_id", "list_id", "List")

# (owner's table, attribute) -> pairs (ftrack-protocol 5.7 for the columns, 5.8 for the collections).
PAIRS: dict[tuple[str, str], Pair] = {
    ("List", "items"): _ITEMS,
    ("Context", "lists"): _LISTS,
    ("AssetVersion", "lists"): _LISTS,
    # `linkedversionid` is `from_id`: what is used; `versionid` is `to_id`: what uses it.
    ("AssetVersion", "uses_versions"): Pair("AssetVersionLink", "to_id", "from_id", "AssetVersion"),
    ("AssetVersion", "used_in_versions"): Pair("AssetVersionLink", "from_id", "to_id", "AssetVersion"),
    ("WorkflowSchema", "statuses"): Pair("WorkflowSchemaStatus", "workflow_schema_id", "status_id", "Status"),
    ("TaskTypeSchema", "types"): Pair("TaskTypeSchemaType", "task_type_schema_id", "type_id", "Type"),
    ("Type", "task_type_schemas"): Pair("TaskTypeSchemaType", "type_id", "task_type_schema_id", "TaskTypeSchema"),
    ("ProjectSchema", "object_types"): Pair(
        "ProjectSchemaObjectType", "project_schema_id", "object_type_id", "ObjectType"
    ),
    ("ObjectType", "project_schemas"): Pair(
        "ProjectSchemaObjectType", "object_type_id", "project_schema_id", "ProjectSchema"
    ),
}
KEPT: dict[tuple[str, str], Kept] = {
    ("Context", "scopes"): Kept("_scope_ids", "Scope"),
    ("Configuration", "read_security_roles"): Kept("_read_role_ids", "SecurityRole"),
    ("Configuration", "write_security_roles"): Kept("_write_role_ids", "SecurityRole"),
}
