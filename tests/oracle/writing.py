"""Writes as clients send them, and the values in them by seeded chance."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from tests.oracle.population import Population, Row

Operation = dict[str, Any]


@dataclass(frozen=True)
class Deed:
    """A batch of writes, and what kind of change it is."""

    kind: str
    operations: tuple[Operation, ...]


def created(kind: str, **data: Any) -> Operation:
    return {"action": "create", "entity_type": kind, "entity_data": {"__entity_type__": kind, **data}}


def updated(kind: str, key: str | list[str], **data: Any) -> Operation:
    return {
        "action": "update",
        "entity_type": kind,
        "entity_key": [key] if isinstance(key, str) else key,
        "entity_data": {"__entity_type__": kind, **data},
    }


def deleted(kind: str, key: str | list[str]) -> Operation:
    return {"action": "delete", "entity_type": kind, "entity_key": [key] if isinstance(key, str) else key}


class Chance:
    """Draws values, and rows that are there."""

    def __init__(self, population: Population, chance: random.Random) -> None:
        self._there = population
        self._chance = chance
        self._count = 0

    def _word(self) -> str:
        self._count += 1
        return f"{self._chance.choice(('plate', 'matte', 'wip', 'final', 'draft'))} {self._count}"

    def _name(self) -> str:
        """Often a name that others have too, so that criteria meet it."""
        known = self._there.pick(self._chance.choice(("Task", "Shot", "Sequence")))
        return str(known["name"]) if known is not None and self._chance.random() < 0.4 else self._word()

    def _moment(self) -> dict[str, str]:
        day = self._chance.randint(1, 28)
        return {"__type__": "datetime", "value": f"2031-{self._chance.randint(1, 12):02}-{day:02}T08:00:00"}

    def _any(self, kind: str) -> Row:
        row = self._there.pick(kind)
        return row if row is not None else {"id": None}
