"""What `ftrack.update` says of a transaction (ftrack-protocol 7): table names, server columns, values as text."""

from __future__ import annotations

import datetime
from typing import Any

from .changes import Changed
from .database import Row
from .world import World

# Table -> `entityType` of the events that are known to exist; changes of other tables are silent (7.3).
_ANNOUNCED = {
    "AssetVersion": "assetversion",
    "Note": "note",
    "List": "list",
    "ListObject": "listobject",
    "Appointment": "appointment",
    "TypedContextLink": "dependency",
    "UserSecurityRoleProject": "userroleproject",
    "Job": "job",
    "Timer": "timer",
    "Timelog": "timelog",
    "ReviewSessionObject": "reviewsessionobject",
}


def legacy_type(row: Row, world: World) -> str | None:
    """The lower-case table-level name, or ``None`` for a table without events."""
    if row["__type__"] == "Project":
        return "show"
    table = world.model.table(row["__type__"])
    if table == "Context":
        return "task"
    if row["__type__"] == "User":
        return "user"
    return _ANNOUNCED.get(table)


def update_data(
    changed: list[Changed], world: World, user: Row | None, client_token: str | None, push_token: str | None
) -> dict[str, Any] | None:
    """The event's ``data`` for the changes of one transaction; ``None`` if none of them is announced."""
    entities = [entity for change in changed if (entity := _entity(change, world)) is not None]
    if not entities:
        return None
    ids = dict.fromkeys(step["entityId"] for entity in entities for step in entity["parents"])
    name = f"{user.get('first_name')} {user.get('last_name')}" if user else None
    return {
        "entities": entities,
        "parents": list(ids),
        "user": {"userid": user["id"], "name": name} if user else None,
        "clientToken": client_token,
        "pushToken": push_token,
    }


def _entity(change: Changed, world: World) -> dict[str, Any] | None:
    row = change.row
    entity_type = legacy_type(row, world)
    if entity_type is None:
        return None
    changes = _changes(change, world)
    parents = _parents(row, change.parents, world)
    return {
        "entityId": row["id"],
        "entityType": entity_type,
        "entity_type": row["__type__"],
        "objectTypeId": "timer" if entity_type == "timer" else row.get("object_type_id"),
        "parentId": parents[1]["entityId"] if len(parents) > 1 else None,
        "action": change.action,
        "keys": list(changes),
        "changes": changes,
        "parents": parents,
    }


def _changes(change: Changed, world: World) -> dict[str, Any]:
    columns = world.model.columns(change.row["__type__"])
    found = {}
    for name, (old, new) in change.values.items():
        column = name.removeprefix("custom:") if name.startswith("custom:") else columns.get(name, name)
        found[column] = {"old": _text(old), "new": _text(new)}
    return found


def _text(value: Any) -> Any:
    """Values in events are not the API's typed values (7.2)."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return str(value)


def _parents(row: Row, above: list[Row], world: World) -> list[dict[str, Any]]:
    """The path upwards, the entity itself first, its project last."""
    path = [row, *above]
    steps = []
    for index, step in enumerate(path):
        following = path[index + 1] if index + 1 < len(path) else None
        steps.append(
            {
                "entityId": step["id"],
                "entityType": legacy_type(step, world) or step["__type__"].lower(),
                "entity_type": step["__type__"],
                "parentId": following["id"] if following else None,
            }
        )
    return steps
