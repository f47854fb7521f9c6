"""Changes aimed at an entity that is being read at the moment."""

from __future__ import annotations

import random
from typing import Any

from tests.oracle.population import Population, Row
from tests.oracle.writing import Deed, created, deleted, updated

_CONTEXTS = ("Task", "Shot", "Sequence", "Folder")


class Aimed:
    """Makes deeds that hit a given row; events tell of all of them."""

    def __init__(self, population: Population, chance: random.Random) -> None:
        self._there = population
        self._chance = chance
        self._count = 0

    def several_values(self, row: Row) -> Deed:
        """Several attributes of a row become others at once."""
        values = self._values(row["__type__"])
        chosen = self._chance.sample(sorted(values), self._chance.randint(2, len(values)))
        return Deed("several values", (updated(row["__type__"], row["id"], **{n: values[n] for n in chosen}),))

    def deed(self, row: Row) -> Deed:
        """Something happens to a row: another value, another place, or its end."""
        kind, chosen = row["__type__"], self._chance.random()
        if chosen < 0.1 and kind in ("Task", "AssetVersion", "Note") and len(self._there.rows(kind)) > 3:
            return Deed("remove it", (deleted(kind, row["id"]),))
        above = self._there.pick(self._chance.choice(("Shot", "Sequence")))
        if chosen < 0.3 and kind in ("Task", "Shot") and above is not None and not self._there.is_below(above, row):
            return Deed("move it", (updated(kind, row["id"], parent_id=above["id"]),))
        found = self._something_below(row) if chosen < 0.5 else self._something_beside(row) if chosen < 0.65 else None
        return found or self.several_values(row)

    def _something_beside(self, row: Row) -> Deed | None:
        """What the row's derived values come from goes, or goes elsewhere; the row itself stays as it is."""
        kind, key = ("AssetVersion", "asset_id") if row["__type__"] == "AssetVersion" else ("Timelog", "context_id")
        owner = row[key] if kind == "AssetVersion" else row["id"]
        rows = [other for other in self._there.rows(kind) if other["id"] != row["id"]]
        beside = [other for other in rows if other[key] == owner]
        elsewhere = [other for other in rows if other[key] != owner]
        chosen = self._chance.random()
        if beside and chosen < 0.4 and len(rows) > 3:
            return Deed("remove beside it", (deleted(kind, beside[-1]["id"]),))
        if beside and elsewhere and chosen < 0.6:
            target = self._chance.choice(elsewhere)[key]
            return Deed("take from beside it", (updated(kind, beside[-1]["id"], **{key: target}),))
        if elsewhere and chosen < 0.8 and row["__type__"] in ("AssetVersion", "Task", "Shot"):
            brought = self._chance.choice(elsewhere)["id"]
            return Deed("bring beside it", (updated(kind, brought, **{key: owner}),))
        if kind == "AssetVersion":
            return Deed("publish beside it", (created(kind, id=self._there.new_id(), asset_id=owner),))
        return None

    def _something_below(self, row: Row) -> Deed | None:
        """Something new hangs on a row."""
        kind, identity = row["__type__"], self._there.new_id()
        self._count += 1
        note = created("Note", id=identity, content=f"turn {self._count}", parent_id=row["id"], parent_type=kind)
        if kind == "AssetVersion":
            return Deed("note on it", (note,))
        if kind not in _CONTEXTS:
            return None
        below = "Task" if kind in ("Task", "Shot") else "Shot"
        who = self._chance.choice(self._there.users)
        choices = (
            ("note on it", note),
            ("child of it", created(below, id=identity, name=f"turn {self._count}", parent_id=row["id"])),
            (
                "assign it",
                created("Appointment", id=identity, type="assignment", context_id=row["id"], resource_id=who),
            ),
            ("time on it", created("Timelog", id=identity, duration=60.0, context_id=row["id"], user_id=who)),
        )
        kind_of, operation = self._chance.choice(choices)
        return Deed(kind_of, (operation,))

    def _values(self, kind: str) -> dict[str, Any]:
        self._count += 1
        word, status = f"turn {self._count}", self._id("Status")
        if kind in _CONTEXTS:
            return {"name": word, "description": word, "sort": float(self._count), "status_id": status}
        if kind == "AssetVersion":
            return {"comment": word, "status_id": status, "task_id": self._id("Task")}
        if kind == "Project":
            return {"full_name": word, "name": word}
        if kind == "User":
            return {"first_name": word, "last_name": word}
        return {"content": word, "is_todo": self._count % 2 == 0}

    def _id(self, kind: str) -> Any:
        row = self._there.pick(kind)
        return row["id"] if row is not None else None

    @staticmethod
    def can_hit(kind: str) -> bool:
        """Whether there are deeds for rows of a type."""
        return kind in (*_CONTEXTS, "AssetVersion", "Project", "User", "Note")

    def someone(self) -> Row:
        """A row that can be aimed at."""
        kinds = ("Task", "Task", "Task", "Shot", "Shot", "Sequence", "AssetVersion", "AssetVersion", "Note", "Project")
        while True:
            row = self._there.pick(self._chance.choice(kinds))
            if row is not None:
                return row
