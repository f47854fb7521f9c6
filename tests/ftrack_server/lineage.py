"""The path from a row upwards, as events tell it (ftrack-protocol 7.1)."""

from __future__ import annotations

from .database import Row
from .world import World

# Keys by which a row hangs on another one, the nearest first.
_UPWARDS = (
    ("asset_id", "Asset"), ("context_id", "Context"), ("list_id", "List"), ("from_id", "Context"),
    ("user_id", "Resource"), ("version_id", "AssetVersion"), ("review_session_id", "ReviewSession"),
    ("project_id", "Context"),
)  # fmt: skip
# A user is the author of these, not what they hang on.
_AUTHORED = ("AssetVersion", "Note", "List", "Timelog", "Timer")


def path_above(world: World, row: Row) -> list[Row]:
    """What a row hangs on, the nearest first, the project last."""
    table = world.model.table(row["__type__"])
    if table == "Context":
        return world.parents(row)
    if table == "UserSecurityRoleProject":
        return _role_above(world, row)
    for key, owner_table in _UPWARDS:
        if not row.get(key) or (key == "user_id" and table in _AUTHORED):
            continue
        owner = world.database.get(owner_table, (row[key],))
        if owner is not None:
            return [owner, *path_above(world, owner)]
    owner = world.find(row["parent_id"]) if row.get("parent_id") else None
    return [] if owner is None else [owner, *path_above(world, owner)]


def _role_above(world: World, row: Row) -> list[Row]:
    role = world.database.get("UserSecurityRole", (row.get("user_security_role_id"),))
    user = None if role is None else world.database.get("Resource", (role.get("user_id"),))
    project = world.database.get("Context", (row.get("project_id"),))
    return [found for found in (user, project) if found is not None]
