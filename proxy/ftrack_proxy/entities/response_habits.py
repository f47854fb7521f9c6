"""How a server writes answers that are not normalised (ftrack-protocol 3.2, 3.3): learned from answers.

Two things are open: whether what shares a column with what was asked comes along, as it does in normalised answers,
and whether an entity that stands inside itself is written in full again there. What has not been seen is not guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ftrack_proxy.queries.projection_tree import Tree
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import EntityType
from ftrack_proxy.schema.per_catalogue import per_catalogue


class ResponseHabit(Enum):
    """Whether a server does something."""

    UNSEEN = "unseen"
    YES = "yes"
    NO = "no"
    VARIES = "varies"

    def after(self, seen: ResponseHabit) -> ResponseHabit:
        """What is known once it was seen again."""
        if self in (ResponseHabit.UNSEEN, seen):
            return seen
        return self if seen is ResponseHabit.UNSEEN else ResponseHabit.VARIES


@dataclass(slots=True)
class ResponseHabits:
    """``siblings``: what shares a column comes along, equal to what was asked. ``repeats``: an entity inside itself is
    written in full again."""

    siblings: ResponseHabit = ResponseHabit.UNSEEN
    repeats: ResponseHabit = ResponseHabit.UNSEEN

    def learn(self, other: ResponseHabits) -> None:
        """Take in what one answer showed."""
        self.siblings = self.siblings.after(other.siblings)
        self.repeats = self.repeats.after(other.repeats)

    @property
    def vary(self) -> bool:
        """True if it cannot be told how some answers are written."""
        return ResponseHabit.VARIES in (self.siblings, self.repeats)

    def see_entity(self, entity: Mapping[str, Any], tree: Tree, declared: EntityType) -> None:
        """Look at one entity of which ``tree`` was asked."""
        for name in tree:
            for sibling in siblings_of(name, declared):
                if name in entity and sibling not in tree:
                    came = sibling in entity
                    same = not came or entity[sibling] == entity[name]
                    seen = (ResponseHabit.YES if came else ResponseHabit.NO) if same else ResponseHabit.VARIES
                    self.siblings = self.siblings.after(seen)

    def see_repeated(self, entity: Mapping[str, Any], tree: Tree, declared: EntityType) -> bool:
        """Look at an entity inside itself; false if it is cut short there."""
        wanted = [name for name in tree if name in declared.attributes and name not in declared.primary_key]
        came = [name for name in wanted if name in entity]
        if wanted:
            seen = ResponseHabit.VARIES if came and came != wanted else ResponseHabit.YES if came else ResponseHabit.NO
            self.repeats = self.repeats.after(seen)
        return bool(came)


def siblings_of(name: str, declared: EntityType) -> tuple[str, ...]:
    """The other attributes that are the same column or relation on the server."""
    attribute = declared.attributes.get(name)
    if attribute is None:
        return ()
    column = declared.columns.get(attribute.alias or name, ())
    return tuple(other for other in column if other != name)


@per_catalogue
def doubled(catalogue: Catalogue, type_name: str) -> frozenset[str]:
    """The attributes of a type that share their column with another."""
    declared = catalogue.types[type_name]
    return frozenset(name for name in declared.attributes if siblings_of(name, declared))


def with_siblings(tree: Tree, declared: EntityType) -> Tree:
    """What was asked, and what shares a column with it, showing the same."""
    shown = dict(tree)
    for name, below in tree.items():
        for sibling in siblings_of(name, declared):
            shown.setdefault(sibling, below)
    return shown


def is_alike(tree: Tree, declared: EntityType) -> bool:
    """True if those that share a column show the same: what a server writes otherwise is not known."""
    return all(tree[name] == tree[other] for name in tree for other in siblings_of(name, declared) if other in tree)
