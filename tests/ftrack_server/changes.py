"""Writes on the world: create, update, delete, with what the server does on its own, and a list of what changed."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import Any

from . import aftermath, custom_links
from .cascade import key_of, remove
from .database import Key, Row
from .lineage import path_above
from .model import DENSE_SUFFIX
from .pairs import KEPT, PAIRS, Pair
from .serialise import decode
from .world import World


class WriteError(ValueError):
    """The write cannot be done; ``kind`` is the exception's name on the wire."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(text)
        self.kind = kind


@dataclass
class Changed:
    """One row's change: ``action`` is add, update, remove or move; ``values`` maps attributes to (old, new)."""

    row: Row
    action: str
    values: dict[str, tuple[Any, Any]]
    # As they were at that moment: a later operation of the batch may remove them.
    parents: list[Row] = field(default_factory=list)
    project_ids: frozenset[str] = frozenset()


_ABSTRACT = ("Context", "TypedContext", "Component", "Resource", "List", "StatusChange", "CustomConfigurationBase")
_SYSTEM_TYPES = {
    "FileComponent": "file", "SequenceComponent": "sequence", "ContainerComponent": "container",
    "TypedContextList": "task", "AssetVersionList": "assetversion",
}  # fmt: skip
# Keys of members that can be without an owner: one that is left out of a written collection loses it.
_LOOSE = ("version_id", "container_id")


class Writer:
    """Carries out the writes of one batch for one user; ``changed`` collects what happened, in order."""

    def __init__(self, world: World, user_id: str) -> None:
        self._world = world
        self._model = world.model
        self._database = world.database
        self._user_id = user_id
        self.changed: list[Changed] = []

    def create(self, type_name: str, data: dict[str, Any]) -> Row:
        """Add an entity; ids are the client's, or made here."""
        if self._is_dense(type_name):
            return self._set_custom_value(type_name, self._plain(type_name, data))
        if type_name in _ABSTRACT:
            raise WriteError("ValidationError", f"{type_name} is a family of types: name one of its members")
        row: Row = {"__type__": type_name, **self._defaults(type_name)}
        row.update(self._plain(type_name, data))
        if row.get("id") is None and "id" in self._model.primary_key(type_name):
            row["id"] = str(uuid.uuid4())
        self._complete(row)
        row.update(aftermath.set_along(self._world, row, set(row)))
        if self._model.table(type_name) == "CustomAttributeLink":
            row["__type__"] = custom_links.typed(self._world, row.get("to_id"), "CustomAttributeLink")
        key = self._key(row)
        present = self._database.get(self._model.table(type_name), key)
        if present is not None and aftermath.MADE_HERE not in present:
            raise WriteError("DuplicateEntryError", f"Duplicate entry {', '.join(map(str, key))} for {type_name}")
        self._put(row)
        self._note(row, "add", {name: (None, value) for name, value in row.items() if value is not None})
        self._set_collections(row, type_name, data)
        if row["__type__"] == "Note" and row.get("in_reply_to_id"):
            self._touch_thread(row["in_reply_to_id"])
        aftermath.after_create(self._world, row)
        return row

    def update(self, type_name: str, key: Key, data: dict[str, Any]) -> Row:
        """Change an entity."""
        plain = self._plain(type_name, data)
        if self._is_dense(type_name):
            return self._set_custom_value(type_name, {"configuration_id": key[0], "entity_id": key[1], **plain})
        row = self._find(type_name, key)
        values = {name: (row.get(name), new) for name, new in plain.items() if row.get(name) != new}
        values = {name: pair for name, pair in values.items() if name not in self._model.primary_key(type_name)}
        if values:
            old = row
            moved = self._model.table(type_name) == "Context" and "parent_id" in values
            if moved:
                self._demand_place(old, values["parent_id"][1])
            row = {**row, **{name: new for name, (_, new) in values.items()}}
            along = aftermath.set_along(self._world, row, set(values))
            values |= {name: (row.get(name), new) for name, new in along.items() if row.get(name) != new}
            row.update(along)
            self._put(row)
            row = self._follow(row, values)
            if row.get("project_id") != old.get("project_id"):
                values["project_id"] = old.get("project_id"), row.get("project_id")
            self._note(row, "move" if moved else "update", values, old)
            aftermath.after_update(self._world, row, values)
        self._set_collections(row, type_name, data)
        return row

    def delete(self, type_name: str, key: Key) -> None:
        """Remove an entity and what hangs on it."""
        if self._is_dense(type_name):
            self._unset_custom_value(type_name, key)
            return
        row = self._find(type_name, key)
        self._note(row, "remove", {name: (value, None) for name, value in row.items() if value is not None})
        remove(self._world, row)
        aftermath.after_delete(self._world, row)

    # -- values ----------------------------------------------------------------------------------------

    def _plain(self, type_name: str, data: dict[str, Any]) -> Row:
        """The data's scalars and keys, relations turned into keys."""
        plain: Row = {}
        for name, value in data.items():
            if name.startswith("__"):
                continue
            if not self._model.has(type_name, name):
                raise WriteError("KeyError", f"No attribute {name!r} on {type_name}")
            target = self._model.target(type_name, name)
            if target is None:
                plain[name] = decode(value)
            elif not self._model.is_collection(type_name, name):
                key = self._model.key_of(type_name, name)
                if key is not None:
                    plain[key] = value.get("id") if isinstance(value, dict) else value
        return plain

    def _set_collections(self, row: Row, type_name: str, data: dict[str, Any]) -> None:
        """Members named under a collection point back to their owner from now on."""
        for name, value in data.items():
            if name.startswith("__") or not isinstance(value, list) or not self._model.has(type_name, name):
                continue
            if self._model.target(type_name, name) is None or not self._model.is_collection(type_name, name):
                continue
            members = [member for member in value if isinstance(member, dict) and "id" in member]
            pair = PAIRS.get((self._model.table(row["__type__"]), name))
            if pair is not None:
                self._join(row, pair, [member["id"] for member in members])
                continue
            kept_in = KEPT.get((self._model.table(row["__type__"]), name))
            if kept_in is not None:
                present = self._database.get(self._model.table(row["__type__"]), self._key(row)) or row
                self._put({**present, kept_in.column: [member["id"] for member in members]})
                continue
            key = self._model.reverse_key(type_name, name)
            if key is None:
                continue
            for member in members:
                found = self._world.by_key(member["__entity_type__"], (member["id"],))
                if found is not None and found.get(key) != row["id"]:
                    self.update(member["__entity_type__"], (member["id"],), {key: row["id"]})
            if key in _LOOSE:
                kept = {member["id"] for member in members}
                for member in self._world.related(row, name, type_name):
                    if member["id"] not in kept:
                        self.update(member["__type__"], (member["id"],), {key: None})

    def _join(self, row: Row, pair: Pair, members: list[str]) -> None:
        """Make the members of a collection those that were sent: new pairs are made, others removed."""
        before = {joined[pair.member]: joined for joined in self._world.joined(row, pair)}
        for member in dict.fromkeys(members):
            values = {pair.owner: row["id"], pair.member: member}
            if member not in before:
                self.create(pair.table, values)
        for member, joined in before.items():
            if member not in members:
                self.delete(pair.table, self._key(joined))

    def _defaults(self, type_name: str) -> Row:
        found: Row = {}
        for name, definition in self._model.schemas[type_name]["properties"].items():
            if "default" in definition and definition["default"] != "{uid}":
                found[name] = definition["default"]
        if type_name in _SYSTEM_TYPES:
            found["system_type"] = _SYSTEM_TYPES[type_name]
        return found

    def _complete(self, row: Row) -> None:
        """What the server sets by itself on a new row."""
        now = self._world.clock()
        table = self._model.table(row["__type__"])
        if table == "Context" and row["__type__"] != "Project":
            row["parent_id"] = row.get("parent_id") or row.get("project_id")
            parent = self._database.get("Context", (row["parent_id"],))
            if parent is None:
                raise WriteError("ValidationError", f"A {row['__type__']} needs a parent")
            row["project_id"] = self._world.project_of(parent)
            row["status_id"] = row.get("status_id") or self._first("Status")
        elif table == "AssetVersion":
            versions = self._database.tables["AssetVersion"].having("asset_id", row.get("asset_id"))
            row["version"] = row.get("version") or 1 + max((v["version"] for v in versions), default=0)
            row["date"] = row.get("date") or now
            row["user_id"] = row.get("user_id") or self._user_id
            row["status_id"] = row.get("status_id") or self._first("Status")
        elif table == "Note":
            row["date"] = row["thread_activity"] = row.get("date") or now
            row["user_id"] = row.get("user_id") or self._user_id
        elif table == "Timer":
            row["start"] = row.get("start") or now
        elif table == "Job":
            row["user_id"] = row.get("user_id") or self._user_id
        for name, value in (("created_at", now), ("created_by_id", self._user_id)):
            if row.get(name) is None and self._model.has(row["__type__"], name):
                row[name] = value
        if row.get("thumbnail_id") is None and self._model.has(row["__type__"], "thumbnail_id"):
            row["thumbnail_id"] = None

    def _demand_place(self, row: Row, parent_id: Any) -> None:
        """A context can stand below another one, but not below itself."""
        parent = self._database.get("Context", (parent_id,))
        if parent is None or row["id"] in (parent["id"], *(above["id"] for above in self._world.parents(parent))):
            raise WriteError("ValidationError", f"{row['__type__']} {row['id']} cannot be moved to {parent_id}")

    def _follow(self, row: Row, values: dict[str, tuple[Any, Any]]) -> Row:
        """Change what the server changes along with a row; returns the row as it is then."""
        table = self._model.table(row["__type__"])
        if table == "Context" and "parent_id" in values:
            parent = self._database.get("Context", (row["parent_id"],))
            project = self._world.project_of(parent) if parent is not None else None
            row = {**row, "project_id": project}
            self._put(row)
            for moved in self._world.below(row):
                if moved.get("project_id") != project:
                    self._put({**moved, "project_id": project})
        if table in ("Context", "AssetVersion") and "status_id" in values:
            kind = "TypedContextStatusChange" if table == "Context" else "AssetVersionStatusChange"
            old, new = values["status_id"]
            self._put(
                {
                    "__type__": kind, "id": str(uuid.uuid4()), "date": self._world.clock(), "from_status_id": old,
                    "status_id": new, "parent_id": row["id"], "parent_type": row["__type__"], "user_id": self._user_id,
                }
            )  # fmt: skip
        return row

    def _touch_thread(self, note_id: str) -> None:
        note = self._database.get("Note", (note_id,))
        if note is not None:
            now = self._world.clock()
            self._note(note, "update", {"thread_activity": (note.get("thread_activity"), now)})
            self._put({**note, "thread_activity": now})

    def _set_custom_value(self, type_name: str, plain: Row) -> Row:
        """A dense value is written: the raw row is set, and the change appears on the owner (ftrack-protocol 7.5)."""
        key = (plain["configuration_id"], plain["entity_id"])
        configuration = self._database.get("Configuration", (key[0],))
        owner = self._world.find(key[1])
        if configuration is None or owner is None:
            raise WriteError("ValueError", f"Could not find entity {type_name} with entity_key {list(key)}")
        if configuration not in self._world.configurations(owner):
            raise WriteError("ValidationError", f"{configuration['key']} does not apply to {owner['__type__']}")
        old = self._world.custom_value(owner, configuration)
        self._database.put(
            "CustomAttributeValue",
            key,
            {
                "__type__": "CustomAttributeValue",
                "configuration_id": key[0],
                "entity_id": key[1],
                "value": plain.get("value"),
            },
        )
        if old != plain.get("value"):
            self._note(owner, "update", {f"custom:{configuration['key']}": (old, plain.get("value"))})
        found = next(v for v in self._world.custom_values(owner) if v["configuration_id"] == key[0])
        return {**found, "__type__": type_name}

    def _unset_custom_value(self, type_name: str, key: Key) -> None:
        """The stored value goes; what is inherited, or the default, shows again."""
        self._find(type_name, key)
        configuration, owner = self._database.get("Configuration", (key[0],)), self._world.find(key[1])
        if configuration is None or owner is None or self._database.get("CustomAttributeValue", key) is None:
            return
        old = self._world.custom_value(owner, configuration)
        self._database.remove("CustomAttributeValue", key)
        new = self._world.custom_value(owner, configuration)
        if old != new:
            self._note(owner, "update", {f"custom:{configuration['key']}": (old, new)})

    # -- rows ------------------------------------------------------------------------------------------

    def _find(self, type_name: str, key: Key) -> Row:
        row = self._world.by_key(type_name, key)
        if row is None:
            raise WriteError("ValueError", f"Could not find entity {type_name} with entity_key {list(key)}")
        return row

    def _key(self, row: Row) -> Key:
        return key_of(self._world, row)

    def _put(self, row: Row) -> None:
        self._database.put(self._model.table(row["__type__"]), self._key(row), row)

    def _first(self, table: str) -> Any:
        return next(iter(self._database.tables[table].rows.values()))["id"]

    def _is_dense(self, type_name: str) -> bool:
        return type_name.endswith(DENSE_SUFFIX)

    def _note(self, row: Row, action: str, values: dict[str, tuple[Any, Any]], old: Row | None = None) -> None:
        """Remember a change; what has left a project is told to the people of both."""
        values = {name: pair for name, pair in values.items() if not name.startswith("_")}
        projects = [self._world.project_of(known) for known in (row, old) if known is not None]
        concerned = frozenset(project for project in projects if project is not None)
        self.changed.append(Changed(row, action, values, path_above(self._world, row), concerned))
