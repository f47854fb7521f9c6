"""The entities that exist at the moment, and picks among them, drawn from a seed."""

from __future__ import annotations

import random
from typing import Any

from tests.ftrack_server import FtrackServer

Row = dict[str, Any]
_IN_FOCUS = 0.6


class Population:
    """Picks rows out of the server's present state. Only asked while nobody writes."""

    def __init__(self, server: FtrackServer, chance: random.Random) -> None:
        self._world = server.engine._world
        self._made = server.production
        self._chance = chance
        self._seen: dict[str, dict[str, None]] = {}
        self.to_come: list[str] = []

    @property
    def users(self) -> list[str]:
        return list(self._made.users.values())

    @property
    def configurations(self) -> list[Row]:
        return [r for r in self._world.rows("CustomAttributeConfiguration") if r.get("key")]

    def rows(self, type_name: str) -> list[Row]:
        found = list(self._world.rows(type_name))
        self._seen.setdefault(type_name, {}).update((str(row["id"]), None) for row in found if "id" in row)
        return found

    def gone(self, type_name: str) -> list[str]:
        """The ids of what was there when one was last looked for, and is no more."""
        seen = list(self._seen.get(type_name, ()))
        there = {str(row["id"]) for row in self.rows(type_name)} if seen else set()
        return [identity for identity in seen if identity not in there]

    def again(self, row: Row) -> Row | None:
        """The same row as it is now, if it is there."""
        return next((found for found in self.rows(row["__type__"]) if found["id"] == row["id"]), None)

    def pick(self, type_name: str) -> Row | None:
        """Any row; mostly one of the few in focus, so that changes meet questions."""
        found = self.rows(type_name)
        if self._chance.random() < _IN_FOCUS:
            found = found[:1] + found[-2:]
        return self._chance.choice(found) if found else None

    def some(self, type_name: str, most: int = 4) -> list[Row]:
        picked = [row for _ in range(self._chance.randint(1, most)) if (row := self.pick(type_name)) is not None]
        return list({str(row["id"]): row for row in picked}.values())

    def custom_value(self, owner: Row, configuration: Row) -> Any:
        """The value that an entity shows, its own or inherited."""
        values = self._world.custom_values(owner)
        return next((v["value"] for v in values if v["configuration_id"] == configuration["id"]), None)

    def new_id(self) -> str:
        """An id that follows from the seed. Clients make ids, so somebody may have asked for it already."""
        while len(self.to_come) < 3:
            bits = f"{self._chance.getrandbits(128):032x}"
            self.to_come.append(f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-a{bits[17:20]}-{bits[20:]}")
        return self.to_come.pop(0)

    def object_type(self, type_name: str) -> str:
        """The id that tells objects of a type."""
        return self._world.model.object_types[type_name]

    def project_of(self, row: Row) -> str | None:
        """The project that a row belongs to."""
        return self._world.project_of(row)

    def is_below(self, context: Row, above: Row) -> bool:
        """Whether a context is the other one or lies below it."""
        return context["id"] == above["id"] or any(p["id"] == above["id"] for p in self._world.parents(context))

    def custom_key(self, owner: Row) -> Row | None:
        """A configuration that applies to an entity."""
        found = self._world.configurations(owner)
        return self._chance.choice(found) if found else None
