"""Questions about the production: queries of many forms, drawn from a seed."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.oracle.forms import FORMS, PARTS
from tests.oracle.population import Population

_SLOT = re.compile(r"\{(\w+)\}")
_WORDS = ("plate", "matte", "wip", "final", "draft")


@dataclass(frozen=True)
class Question:
    """A batch of queries that somebody asks; ``denormalised``: nothing is to be shortened in the answer."""

    user: str
    expressions: tuple[str, ...]
    denormalised: bool = False

    @property
    def ordered(self) -> tuple[bool, ...]:
        return tuple("order by" in expression for expression in self.expressions)

    @property
    def operations(self) -> list[dict[str, Any]]:
        return [{"action": "query", "expression": expression} for expression in self.expressions]


class Questions:
    """Makes questions."""

    def __init__(self, population: Population, chance: random.Random, users: tuple[str, ...]) -> None:
        self._population = population
        self._chance = chance
        self._users = users

    def question(self) -> Question:
        """A question of one of the users; sometimes a batch."""
        count = self._chance.choice((1, 1, 1, 1, 2, 3))
        expressions = tuple(self.expression() for _ in range(count))
        return Question(self._chance.choice(self._users), expressions, self._chance.random() < 0.15)

    def expression(self) -> str:
        """One of the forms, or a combination of projections, criteria, order and window of one type."""
        if self._chance.random() < 0.3:
            return self._filled(self._chance.choice(FORMS))
        return self._combined()

    def _filled(self, form: str) -> str:
        return _SLOT.sub(lambda slot: self._slot(slot[1]), form)

    def _combined(self) -> str:
        kind = self._chance.choice(list(PARTS))
        parts = PARTS[kind]
        projections = self._chance.sample(
            parts.projections, min(len(parts.projections), self._chance.choice((1, 1, 1, 2, 2, 3, 5)))
        )
        text = f"select {', '.join(projections)} from {kind}"
        criteria = [self._chance.choice(parts.criteria) for _ in range(self._chance.choice((0, 1, 1, 1, 2, 2, 3)))]
        if criteria:
            joined = criteria[0]
            for criterion in criteria[1:]:
                joined = f"{joined} {self._chance.choice(('and', 'and', 'or'))} {criterion}"
            text += f" where {joined}" if self._chance.random() < 0.9 else f" where not ({joined})"
        if self._chance.random() < 0.4:
            order = self._chance.sample(parts.order, self._chance.randint(1, min(2, len(parts.order))))
            text += " order by " + ", ".join(f"{o} {self._chance.choice(('asc', 'desc'))}" for o in order)
            if self._chance.random() < 0.6:
                text += f" offset {self._chance.choice((0, 0, 1, 3))} limit {self._chance.choice((1, 2, 5, 10))}"
        elif self._chance.random() < 0.15:
            text += f" limit {self._chance.choice((1, 3, 8))}"
        return self._filled(text)

    def _slot(self, name: str) -> str:
        fixed = _SLOTS.get(name)
        if fixed is not None:
            return fixed(self)
        many = name.endswith("s") and name.removesuffix("s") in _TYPES
        kind = _TYPES[name.removesuffix("s") if many else name]
        if many:
            return ", ".join(f'"{row["id"]}"' for row in self._population.some(kind)) or '"none"'
        row = self._population.pick(kind)
        return str(row["id"]) if row is not None else "none"

    def name_of(self, kind: str) -> str:
        row = self._population.pick(kind)
        return str((row or {}).get("name") or "nobody")

    def key(self) -> str:
        return str(self._chance.choice(self._population.configurations)["key"])

    def word(self) -> str:
        return self._chance.choice(_WORDS)

    def number(self) -> str:
        return str(self._chance.choice((0, 1, 2, 3, 3600, 7200, 14400)))


_TYPES = {
    "project": "Project", "sequence": "Sequence", "shot": "Shot", "task": "Task", "asset": "Asset",
    "version": "AssetVersion", "note": "Note", "list": "TypedContextList", "user": "User", "status": "Status",
    "type": "Type", "context": "TypedContext", "component": "Component", "priority": "Priority", "folder": "Folder",
    "group": "Group", "label": "NoteCategory",
}  # fmt: skip
_SLOTS: dict[str, Callable[[Questions], str]] = {
    "project_name": lambda q: q.name_of("Project"),
    "sequence_name": lambda q: q.name_of("Sequence"),
    "shot_name": lambda q: q.name_of("Shot"),
    "task_name": lambda q: q.name_of("Task"),
    "asset_name": lambda q: q.name_of("Asset"),
    "status_name": lambda q: q.name_of("Status"),
    "type_name": lambda q: q.name_of("Type"),
    "list_name": lambda q: q.name_of("TypedContextList"),
    "key": lambda q: q.key(),
    "word": lambda q: q.word(),
    "number": lambda q: q.number(),
}
