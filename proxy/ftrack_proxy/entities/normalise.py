"""One answer of ftrack's, normalised: taken apart into entities (ftrack-protocol 3).

An entity is written in full only where it occurs first and short after that; all occurrences together say what the
answer tells of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from ftrack_proxy.entities.entity_store import EntityRef
from ftrack_proxy.entities.response_habits import ResponseHabits
from ftrack_proxy.queries.projection_tree import Tree
from ftrack_proxy.queries.row_keys import space_of
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.per_catalogue import per_catalogue

_TYPE = "__entity_type__"


@dataclass(slots=True)
class NormalisedEntity:
    """What one answer tells of one entity; ``asked`` are the attributes that the query named for it."""

    type_name: str
    written: dict[str, Any]
    values: dict[str, Any] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class NormalisedAnswer:
    """A normalised answer: its rows in order, all entities, and which stood together in one place.

    ``places`` are lists of different entities: the rows, and what each relation of theirs leads to. ``normalised``:
    each entity was in full only where it occurred first; otherwise ``habits`` are those that it shows.
    """

    rows: tuple[EntityRef, ...]
    entities: Mapping[EntityRef, NormalisedEntity]
    places: Sequence[tuple[EntityRef, ...]]
    normalised: bool = True
    habits: ResponseHabits = field(default_factory=ResponseHabits)


class NotNormalisable(Exception):
    """The answer has entities without a type or key that the schema knows, or contradicts itself: what it
    tells is not known."""


def normalise(rows: Sequence[Any], tree: Tree, catalogue: Catalogue, *, normalised: bool = True) -> NormalisedAnswer:
    """Take apart the rows of an answer to a query that shows ``tree``.

    One that is not ``normalised`` may be cut short only where an entity stands inside itself.

    Raises:
        NotNormalisable: it has entities that cannot be identified, or that are shown at two moments.
    """
    return normalise_all([(rows, tree)], catalogue, normalised=normalised)[0]


def normalise_all(
    parts: Sequence[tuple[Sequence[Any], Tree]], catalogue: Catalogue, *, normalised: bool = True
) -> list[NormalisedAnswer]:
    """Take apart the rows of an answer to several queries in one request, each with what it shows.

    What any of them says of an entity belongs to it, wherever it is in full: whether ftrack writes there what all of
    them named, or at each place what has not been said yet (ftrack-protocol 3.2), or leaves some of it out, what did
    not come does not count as known. The entities are those of all parts; the first part alone has them.

    Raises:
        NotNormalisable: it has entities that cannot be identified, or that are shown at two moments.
    """
    normaliser = _Normaliser(catalogue)
    found = [tuple(normaliser.meet(row) for row in rows) for rows, _ in parts]
    for entity in normaliser.entities.values():
        entity.values = {name: normaliser.convert(value) for name, value in entity.written.items() if name != _TYPE}
    answers: list[NormalisedAnswer] = []
    for refs, (rows, tree) in zip(found, parts, strict=True):
        places: dict[tuple[str, ...], dict[EntityRef, None]] = {}
        if normalised:
            normaliser.ask(refs, tree, (), places)
        else:
            for row in rows:
                normaliser.ask_whole(row, tree, (), places, ())
        together = [tuple(place) for place in places.values() if len(place) > 1]
        entities = {} if answers else normaliser.entities
        answers.append(NormalisedAnswer(refs, entities, together, normalised, normaliser.habits))
    return answers


class _Normaliser:
    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._types = _identities(catalogue)
        self._refs: dict[EntityRef, EntityRef] = {}
        self._texts: dict[str, str] = {}
        self.entities: dict[EntityRef, NormalisedEntity] = {}
        self.habits = ResponseHabits()

    def meet(self, entity: Any) -> EntityRef:
        """Note an entity and all that are nested in it."""
        ref = self.ref(entity)
        waiting = [(ref, entity)]
        while waiting:
            ref_of, current = waiting.pop()
            known = self.entities.get(ref_of)
            if known is None:
                self.entities[ref_of] = NormalisedEntity(current[_TYPE], current)
            elif _contradict(known.written, current) or self._leads_elsewhere(known.written, current):
                raise NotNormalisable
            else:
                known.written = {**current, **known.written}
            for value in current.values():
                if type(value) is dict:
                    if _TYPE in value:
                        waiting.append((self.ref(value), value))
                elif type(value) is list:
                    waiting += [(self.ref(item), item) for item in value if type(item) is dict and _TYPE in item]
        return ref

    def _leads_elsewhere(self, earlier: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
        """True if two occurrences of an entity refer to different ones by the same name."""
        for name, value in current.items():
            if type(value) is dict and _TYPE in value:
                other = earlier.get(name, value)
                if other is not value and (type(other) is not dict or self.ref(other) != self.ref(value)):
                    return True
        return False

    def ref(self, entity: Any) -> EntityRef:
        """Which entity an object is.

        Raises:
            NotNormalisable: it is none that the schema knows.
        """
        type_name = entity.get(_TYPE) if type(entity) is dict else None
        identity = self._types.get(type_name) if type(type_name) is str else None
        if identity is None:
            raise NotNormalisable
        family, primary_key = identity
        key = tuple([entity.get(name) for name in primary_key])
        ref = EntityRef(family, key)
        try:
            known = self._refs.get(ref)
        except TypeError:  # a list or an object stands where the key should
            raise NotNormalisable from None
        if known is None:
            if not all(isinstance(part, str) for part in key):
                raise NotNormalisable
            known = self._refs[ref] = ref
        return known

    def convert(self, value: Any) -> Any:
        """A value as observations keep it: entities become references, other objects and lists JSON ready to send."""
        kind = type(value)
        if kind is str:
            # The same ids and types stand in hundreds of rows.
            return self._texts.setdefault(value, value)
        if kind is dict:
            return self.ref(value) if _TYPE in value else _fragment(value)
        if kind is list and value:
            if type(value[0]) is dict and _TYPE in value[0]:
                return tuple(self.ref(item) for item in value)
            return _fragment(value)
        return value

    def ask(
        self,
        refs: Sequence[EntityRef],
        tree: Tree,
        path: tuple[str, ...],
        places: dict[tuple[str, ...], dict[EntityRef, None]],
    ) -> None:
        """Note what the query named of each entity, and where it stood."""
        places.setdefault(path, {}).update(dict.fromkeys(refs))
        behind: dict[str, list[EntityRef]] = {}
        for ref in refs:
            for name, targets in self._note(ref, tree):
                behind.setdefault(name, []).extend(targets)
        for name, found in behind.items():
            self.ask(found, tree[name], (*path, name), places)

    def ask_whole(
        self,
        entity: Mapping[str, Any],
        tree: Tree,
        path: tuple[str, ...],
        places: dict[tuple[str, ...], dict[EntityRef, None]],
        above: tuple[EntityRef, ...],
    ) -> None:
        """The same for an answer that is not normalised, entity by entity as it is written."""
        ref = self.ref(entity)
        places.setdefault(path, {})[ref] = None
        declared = self._catalogue.types[entity[_TYPE]]
        if ref in above and not self.habits.see_repeated(entity, tree, declared):
            return  # Cut short there: it does not show what was named of it.
        self.habits.see_entity(entity, tree, declared)
        for name, _ in self._note(ref, tree):
            value = entity.get(name)
            for target in value if type(value) is list else [value]:
                if type(target) is dict:
                    self.ask_whole(target, tree[name], (*path, name), places, (*above, ref))

    def _note(self, ref: EntityRef, tree: Tree) -> Iterator[tuple[str, tuple[EntityRef, ...]]]:
        """Note what was named of an entity; yields what it refers to, by name."""
        entity = self.entities[ref]
        entity.asked.update(tree)
        for name in tree:
            value = entity.values.get(name)
            if isinstance(value, EntityRef):
                yield name, (value,)
            elif isinstance(value, tuple):
                yield name, value
            elif value == [] and self._is_collection(entity.type_name, name):
                entity.values[name] = ()

    def _is_collection(self, type_name: str, name: str) -> bool:
        attribute = self._catalogue.types[type_name].attributes.get(name)
        return attribute is not None and attribute.target is not None


def _contradict(earlier: Mapping[str, Any], current: Mapping[str, Any]) -> bool:
    """True if two occurrences of an entity cannot be of one moment: a write's answer may tell of several."""
    for name, value in current.items():
        if name in earlier and earlier[name] != value and type(value) is not dict and type(value) is not list:
            return True
    return False


def _fragment(value: Any) -> orjson.Fragment:
    # As a text: the bytes that `dumps` returns sit in a buffer much larger than they are.
    return orjson.Fragment(orjson.dumps(value).decode())


@per_catalogue
def _identities(catalogue: Catalogue) -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Type to where its keys tell rows apart, and primary key."""
    return {
        name: (space_of(name, catalogue), declared.primary_key)
        for name, declared in catalogue.types.items()
        if declared.primary_key
    }
