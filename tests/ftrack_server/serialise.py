"""Rows to JSON: an entity is written in full once per response, and short after that (ftrack-protocol 3)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from . import custom_links
from .database import Row
from .language import Path
from .world import World

Tree = dict[str, "Tree"]
Identity = tuple[Any, ...]


def tree_of(paths: list[Path]) -> Tree:
    """Projections as a tree of attribute names."""
    tree: Tree = {}
    for path in paths:
        level = tree
        for step in path:
            level = level.setdefault(step.name, {})
    return tree


def united(into: Tree, tree: Tree) -> None:
    """Add one tree to another."""
    for name, below in tree.items():
        united(into.setdefault(name, {}), below)


@dataclass(frozen=True)
class Writing:
    """What the protocol leaves open. Where nothing is shortened: whether attributes of one column come along with each
    other there, too, and whether an entity inside itself is cut short all the same. Anywhere: attributes of a type
    that come along unasked."""

    siblings: bool = True
    cut_inside_itself: bool = False
    unasked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class ResponseWriter:
    """Writes all entities of one response.

    Everything is loaded first (``load``) and written afterwards (``write``), so that the first occurrence of an
    entity carries what any operation of the batch has loaded on it (3.2). With ``denormalise`` nothing is
    shortened.
    """

    def __init__(
        self,
        world: World,
        visible: Callable[[Row], bool],
        base_url: Callable[[str], str],
        denormalise: bool,
        writing: Writing = Writing(),
    ) -> None:
        self._writing = writing
        self._world = world
        self._model = world.model
        self._visible = visible
        self._absolute = base_url
        self._denormalise = denormalise
        self._loaded: dict[Identity, Tree] = {}
        self._written: set[Identity] = set()

    def load(self, row: Row, type_name: str, tree: Tree) -> None:
        """Note what is projected of a row, and of the rows behind it."""
        identity = self._identity(row)
        loaded = self._loaded.setdefault(identity, {})
        for attribute, below in tree.items():
            holder = self._model.holder(self._shown(row, type_name), attribute)
            if holder is None or not self._has(row, type_name, attribute):
                continue
            for name in self._model.siblings(holder, attribute):
                loaded.setdefault(name, {})
            target = self._model.target(holder, attribute)
            if target is None:
                continue
            below = below or self._pair(holder, attribute)
            for found in self._world.related(row, attribute, holder):
                if self._visible(found):
                    self.load(found, target, below)

    def write(self, row: Row, type_name: str, tree: Tree, above: tuple[Identity, ...] = ()) -> dict[str, Any]:
        """Write one entity; ``tree`` counts only where nothing is shortened."""
        shown = self._shown(row, type_name)
        identity = self._identity(row)
        # Answers are written after all operations of the batch: a later one may have changed the row (2.2).
        row = self._world.database.get(identity[0], identity[1:]) or row
        entity: dict[str, Any] = {"__entity_type__": shown}
        for key in self._model.primary_key(shown):
            entity[key] = encode(row.get(key))
        inside = self._writing.cut_inside_itself and identity in above
        repeated = inside if self._denormalise else identity in self._written
        if repeated:
            return entity
        self._written.add(identity)
        attributes = self._in_full(shown, tree) if self._denormalise else self._loaded.get(identity, {})
        tree = attributes if self._denormalise else tree
        for name in (*self._model.system_projections(shown), *self._writing.unasked.get(shown, ())):
            entity[name] = encode(self._world.value(row, name))
        for attribute in attributes:
            if self._has(row, type_name, attribute):
                below = tree.get(attribute, {})
                entity[attribute] = self._value(row, type_name, attribute, below, (*above, identity))
        return entity

    def _in_full(self, shown: str, tree: Tree) -> Tree:
        """What is asked of an entity, and what is the same column: both show what is asked of either."""
        if not self._writing.siblings:
            return tree
        found: Tree = {}
        for attribute, below in tree.items():
            siblings = self._model.siblings(shown, attribute) if self._model.has(shown, attribute) else [attribute]
            for name in (attribute, *siblings):
                united(found.setdefault(name, {}), below)
        return found

    def _value(self, row: Row, type_name: str, attribute: str, below: Tree, above: tuple[Identity, ...]) -> Any:
        holder = self._model.holder(self._shown(row, type_name), attribute)
        assert holder is not None
        target = self._model.target(holder, attribute)
        if target is None:
            return self._scalar(row, attribute)
        found = [r for r in self._world.related(row, attribute, holder) if self._visible(r)]
        below = below or self._pair(holder, attribute)
        written = [self.write(r, target, below, above) for r in found]
        if self._model.is_collection(holder, attribute):
            return written
        return written[0] if written else None

    def _pair(self, holder: str, attribute: str) -> Tree:
        """A mapped array without a sub-path comes with its keys and values (3.5)."""
        pair = self._model.definition(holder, attribute).get("key_value_attributes", {})
        return {name: {} for name in pair.values()}

    def _scalar(self, row: Row, attribute: str) -> Any:
        value = encode(self._world.value(row, attribute))
        if attribute in ("url", "thumbnail_url") and isinstance(value, dict):
            return {name: self._absolute(address) for name, address in value.items()}
        return value

    def _shown(self, row: Row, type_name: str) -> str:
        shown = self._model.shown_type(row["__type__"], type_name)
        return custom_links.view_of(self._world, row, shown)

    def _has(self, row: Row, type_name: str, attribute: str) -> bool:
        return self._model.has(self._shown(row, type_name), attribute)

    def _identity(self, row: Row) -> Identity:
        concrete = row["__type__"]
        keys = self._model.primary_key(concrete)
        return (self._model.table(concrete), *(row.get(key) for key in keys))


def encode(value: Any) -> Any:
    """A value as it goes over the wire (3.5)."""
    if isinstance(value, datetime.datetime):
        return {"__type__": "datetime", "value": value.replace(microsecond=0).isoformat()}
    return value


def decode(value: Any) -> Any:
    """A value as clients send it: date-times with or without offset become naive UTC."""
    if isinstance(value, dict) and value.get("__type__") in ("datetime", "date"):
        moment = datetime.datetime.fromisoformat(str(value["value"]).replace("Z", "+00:00"))
        if moment.tzinfo is not None:
            moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
        return moment.replace(microsecond=0)
    return value
