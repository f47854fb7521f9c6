"""Rows as the server sees them: attributes, relations, collections, and what is derived from other rows."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Any

from .database import Database, Row
from .model import DENSE_SUFFIX, Model
from .pairs import KEPT, PAIRS, Pair

# Tables of rows that others name by id alone.
_OWNERS = (
    "Context", "AssetVersion", "Asset", "Component", "Resource", "List", "Note", "ReviewSession", "ReviewSessionObject",
    "ListObject", "TypedContextLink", "AssetVersionLink", "CalendarEvent",
)  # fmt: skip
# Entity families and the `entity_type` of the custom attribute configurations that apply to them.
_CONFIGURED = {"Context": "task", "AssetVersion": "assetversion", "Asset": "asset", "Resource": "user", "List": "list"}
_DENSE_OF = {
    "Context": "ContextCustomAttributeValue",
    "AssetVersion": "AssetVersionCustomAttributeValue",
    "Asset": "AssetCustomAttributeValue",
    "Resource": "UserCustomAttributeValue",
    "List": "ListCustomAttributeValue",
}


class World:
    """The database with the model's meaning, at one moment."""

    def __init__(self, database: Database, model: Model, clock: Callable[[], datetime.datetime]) -> None:
        self.database = database
        self.model = model
        self.clock = clock

    def rows(self, type_name: str) -> Iterator[Row]:
        """All rows of a type, dense custom attribute values included."""
        if self._is_dense(type_name):
            for table, dense in _DENSE_OF.items():
                if dense == type_name:
                    for owner in list(self.database.tables[table].rows.values()):
                        yield from self.custom_values(owner)
            return
        for row in self.database.tables[self.model.table(type_name)].rows.values():
            if self._belongs(row, type_name):
                yield row

    def rows_having(self, type_name: str, attribute: str, value: Any) -> list[Row] | None:
        """Rows of a type by an indexed attribute; ``None`` if that cannot be looked up."""
        if self._is_dense(type_name):
            if attribute != "entity_id":
                return None
            owner = self.find(value)
            return self.custom_values(owner) if owner is not None else []
        table = self.database.tables[self.model.table(type_name)]
        if [attribute] == self.model.primary_key(type_name):
            row = table.rows.get((value,))
            rows = [] if row is None else [row]
        elif table.is_indexed(attribute):
            rows = table.having(attribute, value)
        else:
            return None
        return [row for row in rows if self._belongs(row, type_name)]

    def by_key(self, type_name: str, key: tuple[Any, ...]) -> Row | None:
        """One row by its primary key."""
        if self._is_dense(type_name):
            owner = self.find(key[1])
            values = self.custom_values(owner) if owner is not None else []
            return next((value for value in values if value["configuration_id"] == key[0]), None)
        row = self.database.get(self.model.table(type_name), key)
        return row if row is not None and self._belongs(row, type_name) else None

    def _belongs(self, row: Row, type_name: str) -> bool:
        """True if a row is among those of a type; a custom link belongs to the views of what it leads to (5.3)."""
        if not self.model.is_a(row["__type__"], type_name):
            return False
        end = self.model.link_end(type_name) if row["__type__"] != type_name else None
        return end is None or self.by_key(end[1], (row.get(end[0]),)) is not None

    def find(self, identity: Any) -> Row | None:
        """The entity that custom attributes, notes, metadata or links name, by id alone."""
        for table in _OWNERS:
            row = self.database.get(table, (identity,))
            if row is not None:
                return row
        return None

    def value(self, row: Row, attribute: str) -> Any:
        """A value of a row, computed if it is of that kind."""
        computed = _COMPUTED.get(attribute)
        if computed is not None and attribute not in row:
            return computed(self, row)
        return row.get(attribute)

    def related(self, row: Row, attribute: str, seen_as: str | None = None) -> list[Row]:
        """The rows behind a relation or collection."""
        pair = PAIRS.get((self.model.table(row["__type__"]), attribute))
        if pair is not None:
            return self._members(row, pair)
        kept = KEPT.get((self.model.table(row["__type__"]), attribute))
        if kept is not None:
            members = self.database.tables[kept.members].rows
            return [members[(identity,)] for identity in row.get(kept.column, ()) if (identity,) in members]
        special = _RELATED.get((self.model.table(row["__type__"]), attribute)) or _RELATED.get(("*", attribute))
        if special is not None:
            return special(self, row)
        type_name = seen_as if seen_as and self.model.has(seen_as, attribute) else row["__type__"]
        if not self.model.has(type_name, attribute):
            return []
        target = self.model.target(type_name, attribute)
        if target is None:
            return []
        if self.model.is_collection(type_name, attribute):
            key = self.model.reverse_key(type_name, attribute)
            if key is None:
                return []
            found = self.rows_having(target, key, row.get("id"))
            return found if found is not None else [r for r in self.rows(target) if r.get(key) == row.get("id")]
        key = self.model.key_of(type_name, attribute)
        identity = None if key is None else row.get(key)
        if identity is None:
            return []
        found_row = self.by_key(target, (identity,))
        return [] if found_row is None else [found_row]

    def joined(self, row: Row, pair: Pair) -> list[Row]:
        """The pairs that join a row to the members of a collection."""
        return self.database.tables[pair.table].having(pair.owner, row["id"])

    def _members(self, row: Row, pair: Pair) -> list[Row]:
        identities = [joined[pair.member] for joined in self.joined(row, pair)]
        if pair.members is None:
            found = [self.find(identity) for identity in identities]
        else:
            found = [self.database.get(pair.members, (identity,)) for identity in identities]
        return [member for member in found if member is not None]

    # -- hierarchy -------------------------------------------------------------------------------------

    def parents(self, context: Row) -> list[Row]:
        """The contexts above, nearest first, the project last."""
        found: list[Row] = []
        current: Row | None = context
        while current is not None and current.get("parent_id"):
            current = self.database.get("Context", (current["parent_id"],))
            if current is not None:
                found.append(current)
        return found

    def below(self, context: Row) -> list[Row]:
        """All contexts below."""
        found: list[Row] = []
        pending = [context]
        while pending:
            children = self.database.tables["Context"].having("parent_id", pending.pop()["id"])
            found.extend(children)
            pending.extend(children)
        return found

    def project_of(self, row: Row) -> str | None:
        """The project that a row belongs to, by whatever path; ``None`` for what belongs to none."""
        table = self.model.table(row["__type__"])
        if table == "Context":
            return row["id"] if row["__type__"] == "Project" else row.get("project_id")
        if row.get("project_id"):
            return str(row["project_id"])
        for key, owner_table in (
            ("context_id", "Context"), ("asset_id", "Asset"), ("version_id", "AssetVersion"),
            ("component_id", "Component"), ("list_id", "List"), ("review_session_id", "ReviewSession"),
            ("note_id", "Note"), ("container_id", "Component"), ("in_reply_to_id", "Note"),
            ("review_session_object_id", "ReviewSessionObject"), ("calendar_event_id", "CalendarEvent"),
            ("social_id", "Event"),
        ):  # fmt: skip
            if row.get(key):
                owner = self.database.get(owner_table, (row[key],))
                if owner is not None:
                    return self.project_of(owner)
        for key in ("parent_id", "entity_id", "from_id"):
            owner = self.find(row[key]) if row.get(key) else None
            if owner is not None:
                return self.project_of(owner)
        return None

    # -- custom attributes -----------------------------------------------------------------------------

    def _is_dense(self, type_name: str) -> bool:
        return type_name.endswith(DENSE_SUFFIX) and type_name != DENSE_SUFFIX

    def configurations(self, owner: Row) -> list[Row]:
        """The custom attribute configurations that apply to an entity."""
        table = self.model.table(owner["__type__"])
        entity_type = "show" if owner["__type__"] == "Project" else _CONFIGURED.get(table)
        found = []
        for row in self.database.tables["Configuration"].rows.values():
            if row["__type__"] != "CustomAttributeConfiguration":
                continue
            hierarchical = row["is_hierarchical"] and table == "Context"
            own = row["entity_type"] == entity_type and not row["is_hierarchical"]
            if hierarchical or (own and row.get("object_type_id") in (None, owner.get("object_type_id"))):
                found.append(row)
        return found

    def custom_values(self, owner: Row) -> list[Row]:
        """The dense values of an entity: own, inherited or default (ftrack-protocol 4.5)."""
        dense = _DENSE_OF.get(self.model.table(owner["__type__"]))
        if dense is None or owner["__type__"] == "Group":
            return []
        return [
            {
                "__type__": dense,
                "configuration_id": configuration["id"],
                "entity_id": owner["id"],
                "key": configuration["key"],
                "value": self.custom_value(owner, configuration),
            }
            for configuration in self.configurations(owner)
        ]

    def custom_value(self, owner: Row, configuration: Row) -> Any:
        holders = [owner, *(self.parents(owner) if configuration["is_hierarchical"] else [])]
        for holder in holders:
            stored = self.database.get("CustomAttributeValue", (configuration["id"], holder["id"]))
            if stored is not None:
                return stored["value"]
        return configuration.get("default")


def _link(world: World, row: Row) -> Any:
    table = world.model.table(row["__type__"])
    steps = []
    if table == "Context":
        steps = [*reversed(world.parents(row)), row]
    elif table in ("Asset", "AssetVersion", "Component"):
        above = {"Asset": ("Context", "context_id"), "AssetVersion": ("Asset", "asset_id"),
                 "Component": ("AssetVersion", "version_id")}[table]  # fmt: skip
        owner = world.database.get(above[0], (row.get(above[1]),))
        inner = _link(world, owner) if owner is not None else []
        return [*inner, {"type": row["__type__"], "id": row["id"], "name": _name(world, row)}]
    return [{"type": s["__type__"], "id": s["id"], "name": s.get("name")} for s in steps] or None


def _name(world: World, row: Row) -> Any:
    if row["__type__"] != "AssetVersion":
        return row.get("name")
    asset = world.database.get("Asset", (row["asset_id"],))
    return f"{asset['name'] if asset else ''} - v{row['version']}"


def _versions(world: World, asset_id: Any) -> list[Row]:
    rows = world.database.tables["AssetVersion"].having("asset_id", asset_id)
    return sorted(rows, key=lambda row: row["version"])


def _is_latest(world: World, row: Row) -> Any:
    versions = _versions(world, row.get("asset_id"))
    return bool(versions) and versions[-1]["id"] == row["id"]


def _time_logged(world: World, row: Row) -> Any:
    logs = world.database.tables["Timelog"].having("context_id", row["id"])
    return float(sum(log.get("duration") or 0 for log in logs))


def _address(what: str, attribute: str) -> Callable[[World, Row], Any]:
    """An object with a URL, under both keys that public code reads (ftrack-protocol 1.1)."""

    def found(_: World, row: Row) -> Any:
        identity = row.get(attribute) or row.get("component_id")
        address = f"/component/{what}?id={identity}"
        return {"url": address, "value": address} if identity else None

    return found


_COMPUTED: dict[str, Callable[[World, Row], Any]] = {
    "link": _link,
    "_link": _link,
    "is_latest_version": _is_latest,
    "time_logged": _time_logged,
    "bid_time_logged_difference": lambda world, row: float(row.get("bid") or 0) - _time_logged(world, row),
    "thumbnail_url": _address("thumbnail", "thumbnail_id"),
    "url": _address("get", "component_id"),
    "context_type": lambda _, row: "show" if row["__type__"] == "Project" else "task",
    "is_open": lambda world, row: bool(row.get("is_open", True)),
}


def _of_context(world: World, row: Row) -> Row | None:
    return world.database.get("Context", (row.get("context_id"),))


def _appointments(kind: str | None) -> Callable[[World, Row], list[Row]]:
    def found(world: World, row: Row) -> list[Row]:
        key = "resource_id" if world.model.table(row["__type__"]) == "Resource" else "context_id"
        rows = world.database.tables["Appointment"].having(key, row["id"])
        return [r for r in rows if kind in (None, r["type"])]

    return found


def _custom_links(key: str) -> Callable[[World, Row], list[Row]]:
    return lambda world, row: world.database.tables["CustomAttributeLink"].having(key, row["id"])


_RELATED: dict[tuple[str, str], Callable[[World, Row], list[Row]]] = {
    ("Context", "ancestors"): lambda world, row: list(reversed(world.parents(row))),
    ("Context", "descendants"): lambda world, row: world.below(row),
    ("Asset", "ancestors"): lambda world, row: (
        [] if (c := _of_context(world, row)) is None else [*reversed(world.parents(c)), c]
    ),
    ("Asset", "latest_version"): lambda world, row: _versions(world, row["id"])[-1:],
    ("*", "assignments"): _appointments("assignment"),
    ("*", "allocations"): _appointments("allocation"),
    ("*", "appointments"): _appointments(None),
    ("*", "custom_attributes"): lambda world, row: world.custom_values(row),
    ("SettingComponent", "setting"): lambda world, row: (
        [] if (s := world.database.get("Setting", (row.get("name"), row.get("group")))) is None else [s]
    ),
    ("*", "custom_attribute_links"): _custom_links("from_id"),
    ("*", "custom_attribute_links_from"): _custom_links("to_id"),
}
