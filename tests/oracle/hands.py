"""Rows change to an owner in another project: they and what hangs on them come or go for users who do not see both."""

from __future__ import annotations

import random

from tests.oracle.population import Population, Row
from tests.oracle.writing import Deed, Operation, updated

# Type of the row -> (key, types of its owner).
_OWNED: dict[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "Task": (("parent_id", ("Shot", "Sequence", "Project")),),
    "Shot": (("parent_id", ("Sequence", "Project")),),
    "Asset": (("context_id", ("Shot", "Sequence")),),
    "AssetVersion": (("asset_id", ("Asset",)),),
    "Note": (("parent_id", ("Task", "Shot", "AssetVersion")), ("in_reply_to_id", ("Note",))),
    "FileComponent": (("version_id", ("AssetVersion",)),),
    "TypedContextList": (("project_id", ("Project",)),),
    "ListObject": (("list_id", ("TypedContextList",)), ("entity_id", ("Task", "Shot"))),
    "Appointment": (("context_id", ("Task", "Shot")),),
    "Timelog": (("context_id", ("Task",)),),
    "TypedContextLink": (("from_id", ("Task",)), ("to_id", ("Task",))),
}
# No event tells of these, so only our own clients may write them.
_UNTOLD = frozenset({"Asset", "FileComponent"})


class Hands:
    """Makes such deeds."""

    def __init__(self, population: Population, chance: random.Random) -> None:
        self._there = population
        self._chance = chance

    def deed(self, *, announced: bool) -> tuple[Row, Deed] | None:
        """A row, and its way into another project; ``announced``: events tell of it."""
        kinds = [kind for kind in _OWNED if not (announced and kind in _UNTOLD)]
        kind = self._chance.choice([*kinds, "Note", "Note", "AssetVersion"])
        key, owners = self._chance.choice(_OWNED[kind])
        row = self._reply() if key == "in_reply_to_id" else self._there.pick(kind)
        if row is None:
            return None
        found = [owner for name in owners for owner in self._there.rows(name) if self._is_elsewhere(row, owner)]
        if not found:
            return None
        owner = self._chance.choice(found)
        return row, Deed("other project", (self._goes(row, key, owner),))

    def _reply(self) -> Row | None:
        replies = [note for note in self._there.rows("Note") if note.get("in_reply_to_id")]
        return self._chance.choice(replies) if replies else None

    def _is_elsewhere(self, row: Row, owner: Row) -> bool:
        there, here = self._there.project_of(owner), self._there.project_of(row)
        replies_to_itself = owner["__type__"] == "Note" and (owner["id"] == row["id"] or owner.get("in_reply_to_id"))
        return there is not None and there != here and not replies_to_itself

    @staticmethod
    def _goes(row: Row, key: str, owner: Row) -> Operation:
        values = {key: owner["id"]}
        if row["__type__"] == "Note" and key == "parent_id":
            values["parent_type"] = owner["__type__"]
        return updated(row["__type__"], row["id"], **values)
