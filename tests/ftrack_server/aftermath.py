"""What the server writes by itself along with a client's write; no event tells of it (ftrack-protocol 7.6)."""

from __future__ import annotations

import uuid
from typing import Any

from .database import Row
from .world import World

Values = dict[str, tuple[Any, Any]]

# Marks rows that a client may still write itself: then the client's are taken.
MADE_HERE = "_made_here"


def set_along(world: World, row: Row, names: set[str]) -> Row:
    """The values that follow from written ones, in the same row."""
    found: Row = {}
    table = world.model.table(row["__type__"])
    if table == "Note" and "completed_by_id" in names:
        found["completed_at"] = world.clock() if row.get("completed_by_id") else None
    if table == "Job" and "status" in names:
        found["finished_at"] = world.clock() if row.get("status") in ("done", "failed") else None
    if table == "Context" and "object_type_id" in names:
        types = {identity: name for name, identity in world.model.object_types.items()}
        found["__type__"] = types.get(row["object_type_id"], row["__type__"])
    return found


def after_create(world: World, row: Row) -> None:
    """Rows that come with a new one."""
    match world.model.table(row["__type__"]):
        case "Note":
            _notify(world, row)
            _label(world, row, row.get("category_id"))
        case "NoteLabelLink":
            _categorise(world, row["note_id"])
        case "Component":
            _measure(world, row.get("container_id"))
        case "Resource" if row["__type__"] == "User":
            _admit(world, row)
        case _:
            pass


def after_update(world: World, row: Row, values: Values) -> None:
    """Rows that change with one."""
    table = world.model.table(row["__type__"])
    if table == "Note" and "category_id" in values:
        _label(world, row, row.get("category_id"))
    if table == "Component" and not {"container_id", "size"}.isdisjoint(values):
        for container in {row.get("container_id"), values.get("container_id", (None, None))[0]}:
            _measure(world, container)


def after_delete(world: World, row: Row) -> None:
    """Rows that change when one is gone."""
    match world.model.table(row["__type__"]):
        case "NoteLabelLink":
            _categorise(world, row["note_id"])
        case "Component":
            _measure(world, row.get("container_id"))
        case _:
            pass


def _notify(world: World, note: Row) -> None:
    """A note goes to its author, to whom it answers, and to those who work on what it is about."""
    people = [note["user_id"]]
    answered = world.database.get("Note", (note.get("in_reply_to_id"),))
    if answered is not None:
        people.append(answered["user_id"])
    about = note.get("parent_id")
    people += [job["resource_id"] for job in world.database.tables["Appointment"].having("context_id", about)]
    for person in dict.fromkeys(people):
        key = (note["id"], person)
        if person is not None and world.database.get("Recipient", key) is None:
            row = {"__type__": "Recipient", "note_id": note["id"], "resource_id": person, MADE_HERE: True}
            world.database.put("Recipient", key, row)


def _label(world: World, note: Row, category: Any) -> None:
    """A category that is set is the note's one label from then on."""
    for link in world.database.tables["NoteLabelLink"].having("note_id", note["id"]):
        if link["label_id"] != category:
            world.database.remove("NoteLabelLink", (note["id"], link["label_id"]))
    if category is not None:
        row = {"__type__": "NoteLabelLink", "note_id": note["id"], "label_id": category, MADE_HERE: True}
        world.database.put("NoteLabelLink", (note["id"], category), row)


def _categorise(world: World, note_id: Any) -> None:
    """The category shows the first of a note's labels."""
    note = world.database.get("Note", (note_id,))
    if note is not None:
        links = world.database.tables["NoteLabelLink"].having("note_id", note_id)
        category = links[0]["label_id"] if links else None
        if note.get("category_id") != category:
            world.database.put("Note", (note_id,), {**note, "category_id": category})


def _measure(world: World, container_id: Any) -> None:
    """A container is as large as all that it contains."""
    container = world.database.get("Component", (container_id,))
    if container is not None:
        members = world.database.tables["Component"].having("container_id", container_id)
        size = sum(member.get("size") or 0 for member in members)
        if container.get("size") != size:
            world.database.put("Component", (container_id,), {**container, "size": size})


def _admit(world: World, user: Row) -> None:
    """A new user has the first of the roles."""
    roles = list(world.database.tables["SecurityRole"].rows.values())
    if roles:
        identity = str(uuid.uuid4())
        row = {
            "__type__": "UserSecurityRole", "id": identity, "user_id": user["id"], "security_role_id": roles[0]["id"],
            "is_all_open_projects": True, "is_all_projects": True,
        }  # fmt: skip
        world.database.put("UserSecurityRole", (identity,), row)
