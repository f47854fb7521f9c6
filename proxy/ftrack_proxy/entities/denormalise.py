"""Answers put together from known entities, written as ftrack writes them (ftrack-protocol 3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftrack_proxy.entities.entity_store import EntityRef, EntityStore, Observation
from ftrack_proxy.entities.implied_attributes import comes_along
from ftrack_proxy.entities.response_habits import ResponseHabit, doubled, is_alike, with_siblings
from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.queries.projection_tree import EMPTY, Tree, covers, united
from ftrack_proxy.schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class DenormalisedRows:
    """Rows ready to be encoded, and the observations that they are made of."""

    rows: list[dict[str, Any]]
    used: Mapping[EntityRef, Observation]


class MissingValue(Exception):
    """Something that has to be shown of an entity is not known."""


@dataclass(slots=True)
class Denormaliser:
    """Puts one answer together.

    Only what ``is_usable`` accepts is used. ``normalised``: an entity is written in full only where it occurs first.
    """

    entity_store: EntityStore
    catalogue: Catalogue
    is_usable: Callable[[Validity], bool]
    normalised: bool = True
    used: dict[EntityRef, Observation] = field(default_factory=dict)
    _shown: dict[EntityRef, Tree] = field(default_factory=dict)

    def gather(
        self,
        ref: EntityRef,
        tree: Tree,
        prefer: Validity | None = None,
        accept: Callable[[Mapping[EntityRef, Observation]], bool] | None = None,
    ) -> None:
        """Find what is known for one row, and for all entities behind it; ``accept`` has the last word on it.

        Raises:
            MissingValue: it is not enough. Then nothing is used for this row.
        """
        found: dict[EntityRef, Observation] = {}
        shown: dict[EntityRef, Tree] = {}
        self._gather(ref, tree, prefer, found, shown)
        if accept is not None and not accept(found):
            raise MissingValue
        self.used.update(found)
        self._shown.update(shown)

    def _gather(
        self,
        ref: EntityRef,
        tree: Tree,
        prefer: Validity | None,
        found: dict[EntityRef, Observation],
        shown: dict[EntityRef, Tree],
    ) -> None:
        before = shown.get(ref, self._shown.get(ref))
        if before is not None:
            if covers(before, tree):
                return
            tree = united((before, tree))
        names = frozenset(tree)
        observation = found.get(ref) or self.used.get(ref)
        if observation is None or not observation.layout.tells(names):
            # One entity in one answer is of one moment: what it is needed for elsewhere comes from the same.
            observation = self._choose(ref, names, prefer)
        found[ref] = observation
        shown[ref] = tree
        tree = self._with_siblings(observation, tree)
        for name in self._written(observation, tree):
            value = observation.value(name)
            for target in _targets(value):
                self._gather(target, tree.get(name, EMPTY), observation.validity, found, shown)

    def _choose(self, ref: EntityRef, names: frozenset[str], prefer: Validity | None) -> Observation:
        known = self.entity_store.known(ref)
        candidates = () if known is None else known.observations
        types = self.catalogue.types  # An answer that was under way when the schema changed may name others.
        fitting = [
            o for o in candidates if self.is_usable(o.validity) and o.layout.tells(names) and o.type_name in types
        ]
        for observation in fitting:
            if observation.validity is prefer:
                return observation
        if not fitting:
            raise MissingValue
        return fitting[0]

    def _written(self, observation: Observation, tree: Tree) -> list[str]:
        """What is shown of an entity: what was asked for, and what ftrack writes along with it."""
        along = comes_along(observation.type_name, tree, self.catalogue, siblings=False)
        unasked = self.entity_store.unasked(observation.type_name)
        return [name for name in observation.layout.places if name in along or name in unasked]

    def _with_siblings(self, observation: Observation, tree: Tree) -> Tree:
        """What was asked of an entity, with what shares a column with it where that comes along.

        Raises:
            MissingValue: it is not known whether it does, or as what.
        """
        declared = self.catalogue.types[observation.type_name]
        if doubled(self.catalogue, declared.name).isdisjoint(tree):
            return tree
        shown = with_siblings(tree, declared)
        alike = is_alike(shown, declared)
        if self.normalised or (alike and shown.keys() == tree.keys()):
            return shown
        match self.entity_store.habits.siblings:
            case ResponseHabit.YES if alike:
                return shown
            case ResponseHabit.NO:
                return tree
            case _:
                raise MissingValue

    def assembled(self, rows: Sequence[tuple[EntityRef, Tree]]) -> DenormalisedRows:
        """Write gathered rows, in order.

        Raises:
            MissingValue: two rows need an entity of two moments, or it is not known how something is written.
        """
        written: set[EntityRef] = set()
        return DenormalisedRows([self._write(ref, tree, written, ()) for ref, tree in rows], self.used)

    def _write(
        self, ref: EntityRef, tree: Tree, written: set[EntityRef], above: tuple[EntityRef, ...]
    ) -> dict[str, Any]:
        observation = self.used.get(ref)
        if observation is None:
            raise MissingValue
        declared = self.catalogue.types[observation.type_name]
        entity: dict[str, Any] = {"__entity_type__": observation.type_name}
        entity.update(zip(declared.primary_key, ref.key, strict=True))
        if self.normalised and ref in written:
            return entity
        written.add(ref)
        shown = self._with_siblings(observation, self._shown.get(ref, EMPTY) if self.normalised else tree)
        names = self._written(observation, shown)
        if not self.normalised and ref in above and self._is_cut(entity.keys() >= set(names)):
            return entity
        for name in names:
            value = observation.value(name)
            below = (tree if self.normalised else shown).get(name, EMPTY)
            if isinstance(value, EntityRef):
                entity[name] = self._write(value, below, written, (*above, ref))
            elif isinstance(value, tuple):
                entity[name] = [self._write(item, below, written, (*above, ref)) for item in value]
            else:
                entity[name] = value
        return entity

    def _is_cut(self, is_bare: bool) -> bool:
        """True if an entity inside itself is cut short; ``is_bare``: it shows nothing but its key anyway.

        Raises:
            MissingValue: that has not been seen yet.
        """
        match self.entity_store.habits.repeats:
            case ResponseHabit.YES:
                return False
            case ResponseHabit.NO:
                return True
            case _ if is_bare:
                return True
            case _:
                raise MissingValue


def _targets(value: Any) -> tuple[EntityRef, ...]:
    if isinstance(value, EntityRef):
        return (value,)
    return value if isinstance(value, tuple) else ()
