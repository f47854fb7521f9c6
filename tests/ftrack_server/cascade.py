"""Which rows are deleted along with a row, and which only lose a reference to it (ftrack-protocol 2.3)."""

from __future__ import annotations

from .database import Row
from .world import World

# Table -> (table, key on it) of the rows that go too.
_BELOW: dict[str, tuple[tuple[str, str], ...]] = {
    "Context": (
        ("Context", "parent_id"), ("Asset", "context_id"), ("Appointment", "context_id"), ("Note", "parent_id"),
        ("Metadata", "parent_id"), ("Timelog", "context_id"), ("Timer", "context_id"), ("ListObject", "entity_id"),
        ("TypedContextLink", "from_id"), ("TypedContextLink", "to_id"), ("CustomAttributeValue", "entity_id"),
        ("StatusChange", "parent_id"), ("CustomAttributeLink", "from_id"), ("CustomAttributeLink", "to_id"),
        ("List", "project_id"), ("ReviewSession", "project_id"), ("UserSecurityRoleProject", "project_id"),
    ),
    "Asset": (
        ("AssetVersion", "asset_id"), ("Metadata", "parent_id"), ("CustomAttributeValue", "entity_id"),
        ("CustomAttributeLink", "from_id"), ("CustomAttributeLink", "to_id"),
    ),
    "AssetVersion": (
        ("Component", "version_id"), ("Note", "parent_id"), ("Metadata", "parent_id"), ("ListObject", "entity_id"),
        ("CustomAttributeValue", "entity_id"), ("StatusChange", "parent_id"), ("AssetVersionLink", "from_id"),
        ("AssetVersionLink", "to_id"), ("ReviewSessionObject", "version_id"), ("CustomAttributeLink", "from_id"),
        ("CustomAttributeLink", "to_id"),
    ),
    "Component": (
        ("ComponentLocation", "component_id"), ("Component", "container_id"), ("Metadata", "parent_id"),
        ("NoteComponent", "component_id"), ("JobComponent", "component_id"),
    ),
    "Note": (
        ("Note", "in_reply_to_id"), ("Metadata", "parent_id"), ("NoteComponent", "note_id"), ("Recipient", "note_id"),
        ("NoteLabelLink", "note_id"),
    ),
    "List": (("ListObject", "list_id"), ("CustomAttributeValue", "entity_id"), ("Metadata", "parent_id")),
    "Resource": (
        ("Appointment", "resource_id"), ("Membership", "user_id"), ("Membership", "group_id"),
        ("Recipient", "resource_id"), ("CustomAttributeValue", "entity_id"), ("CustomAttributeLink", "to_id"),
        ("CustomAttributeLink", "from_id"), ("UserSecurityRole", "user_id"), ("Timer", "user_id"),
        ("Metadata", "parent_id"),
    ),
    "Job": (("JobComponent", "job_id"),),
    "Location": (("ComponentLocation", "location_id"),),
    "ReviewSession": (("ReviewSessionObject", "review_session_id"), ("ReviewSessionInvitee", "review_session_id")),
    "ReviewSessionObject": (("Note", "parent_id"),),
    "UserSecurityRole": (("UserSecurityRoleProject", "user_security_role_id"),),
    "Configuration": (("CustomAttributeValue", "configuration_id"), ("CustomAttributeLink", "configuration_id")),
}  # fmt: skip
# Table -> (table, key on it) of the rows that stay, with null instead.
_FORGOTTEN: dict[str, tuple[tuple[str, str], ...]] = {
    "Context": (("AssetVersion", "task_id"),),
    "Component": (
        ("Context", "thumbnail_id"), ("AssetVersion", "thumbnail_id"), ("Resource", "thumbnail_id"),
    ),
    "Resource": (
        ("Context", "created_by_id"), ("AssetVersion", "user_id"), ("Note", "user_id"), ("Timelog", "user_id"),
        ("List", "user_id"), ("StatusChange", "user_id"), ("Job", "user_id"),
    ),
    "Status": (("Context", "status_id"), ("AssetVersion", "status_id")),
    "Type": (("Context", "type_id"),),
    "Priority": (("Context", "priority_id"),),
}  # fmt: skip


def remove(world: World, row: Row) -> None:
    """Remove a row and what hangs on it; of the latter no event tells (ftrack-protocol 7.6)."""
    table, database = world.model.table(row["__type__"]), world.database
    identity = row.get("id")
    for child_table, key in _BELOW.get(table, ()):
        for child in database.tables[child_table].having(key, identity):
            if database.get(child_table, key_of(world, child)) is not None:
                remove(world, child)
    for user_table, key in _FORGOTTEN.get(table, ()):
        for user in database.tables[user_table].having(key, identity):
            database.put(user_table, key_of(world, user), {**user, key: None})
    database.remove(table, key_of(world, row))


def key_of(world: World, row: Row) -> tuple[object, ...]:
    """A row's primary key."""
    return tuple(row.get(name) for name in world.model.primary_key(row["__type__"]))
