"""What is known of entities: observations, each of one entity in one answer of ftrack's.

An observation keeps together what one answer said of one entity, because an answer of ours may not mix two moments
of an entity. Nothing is struck out when something changes: observations are judged when they are used, like results.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import orjson

from ftrack_proxy.entities.response_habits import ResponseHabits
from ftrack_proxy.identity.partition import Partition
from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.language.syntax import Query
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.queries.row_keys import Key
from ftrack_proxy.queries.window import window_of
from ftrack_proxy.values.bounded_map import BoundedMap

_MOST_OBSERVATIONS: Final = 4
_MOST_GROUPS: Final = 4
_MOST_WALKS: Final = 8
_MOST_WALKED: Final = 100
_MOST_LAYOUTS: Final = 10_000
# Bytes that a known entity, an observation, a value, one with an inside, a list and a listed row stand for, roughly
# (measured).
_WEIGHT_OF_ENTITY: Final = 300
_WEIGHT_OF_OBSERVATION: Final = 150
_WEIGHT_OF_VALUE: Final = 60
_WEIGHT_OF_JSON: Final = 300
_WEIGHT_OF_LIST: Final = 300
_WEIGHT_OF_ROW: Final = 10


class EntityRef(NamedTuple):
    """Which entity: the family it belongs to (the type, if its key has several parts), and its primary key there."""

    family: str
    key: Key


@dataclass(frozen=True, slots=True)
class Layout:
    """Which attributes an observation has, and where. One for all entities that look alike.

    ``asked`` are those that it would have if they existed; ``withheld`` the ones of them that did not come.
    """

    places: Mapping[str, int]
    asked: frozenset[str]
    withheld: frozenset[str]

    def tells(self, names: frozenset[str]) -> bool:
        """True if for each of the names it is known what ftrack answers."""
        return all(name in self.places or name in self.withheld for name in names)


@dataclass(frozen=True, slots=True)
class Observation:
    """What one answer said of one entity; ``validity`` is the answer's.

    ``values`` are plain JSON values, ``orjson.Fragment`` for objects and lists, ``EntityRef`` for a reference, a tuple
    of ``EntityRef`` for a collection. ``prefetched``: nobody had asked for all of that answer.
    """

    validity: Validity
    type_name: str
    layout: Layout
    values: tuple[Any, ...]
    prefetched: bool = False

    @property
    def weight(self) -> int:
        """Bytes that it stands for, roughly."""
        weight = _WEIGHT_OF_OBSERVATION + _WEIGHT_OF_VALUE * len(self.values)
        for value in self.values:
            kind = type(value)
            if kind is str:
                weight += len(value) if len(value) > _WEIGHT_OF_VALUE else 0
            elif kind is orjson.Fragment:
                weight += _WEIGHT_OF_JSON
            elif kind is tuple:
                weight += _WEIGHT_OF_ROW * len(value)
        return weight

    def value(self, name: str) -> Any:
        """The value of an attribute that is in the layout."""
        return self.values[self.layout.places[name]]


@dataclass(slots=True, eq=False)
class SiblingGroup:
    """Entities that stood in the same place of one answer: a list that a client may walk along.

    ``walked`` counts, by what was asked, the members that were asked for one by one.
    """

    members: tuple[EntityRef, ...]
    walked: dict[object, int] = field(default_factory=dict)

    def postpone(self, walk: object, members: int) -> None:
        """See to it that so many members are asked for one by one before this counts as a walk again."""
        self.walked[walk] = -members

    def step(self, walk: object) -> None:
        """Note one more member that was asked for by itself; what was asked long ago is forgotten."""
        self.walked[walk] = self.walked.pop(walk, 0) + 1
        if len(self.walked) > _MOST_WALKED:
            del self.walked[next(iter(self.walked))]


@dataclass(slots=True, eq=False)
class EntityRecord:
    """One entity: its observations, the latest first, and the groups it was met in, the latest first.

    ``walks`` are what it was asked for by itself, the latest first.
    """

    observations: tuple[Observation, ...] = ()
    groups: tuple[SiblingGroup, ...] = ()
    walks: tuple[object, ...] = ()
    weight: int = 0

    def walked(self, walk: object) -> tuple[SiblingGroup, ...]:
        """The groups of which it is not the first that is asked for by itself, now that it is."""
        steps = 0 if walk in self.walks else 1
        return tuple(group for group in self.groups if group.walked.get(walk, 0) + steps > 1)

    def step(self, walk: object) -> None:
        """Note that it was asked for by itself."""
        if walk not in self.walks:
            self.walks = (walk, *self.walks[: _MOST_WALKS - 1])
            for group in self.groups:
                group.step(walk)


@dataclass(frozen=True, slots=True)
class ListSegment:
    """Some rows of a list, without gaps: from ``offset`` on, up to the list's end if ``ended``."""

    offset: int
    rows: tuple[EntityRef, ...]
    ended: bool
    validity: Validity
    prefetched: bool = False

    def window(self, query: Query) -> tuple[Sequence[EntityRef], int | None]:
        """The rows in a query's window, and the next page's offset.

        Raises:
            LookupError: the window reaches beyond the segment.
        """
        return window_of(query, self.rows, offset=self.offset, ended=self.ended)

    def covers(self, query: Query) -> bool:
        """True if a query's window lies in the segment."""
        try:
            self.window(query)
        except LookupError:
            return False
        return True


@dataclass(frozen=True, slots=True)
class Absence:
    """That ftrack answered without a row that was asked for by its key."""

    validity: Validity
    prefetched: bool = False


class EntityStore:
    """All that is known in one space, bounded by ``limit`` bytes; what was heard of longest ago is given up first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entities: dict[EntityRef, EntityRecord] = {}
        self._absent: dict[tuple[str, Key], Absence] = {}
        self._listings: dict[str, tuple[ListSegment, ...]] = {}
        self._layouts: BoundedMap[tuple[tuple[str, ...], frozenset[str]], Layout] = BoundedMap(_MOST_LAYOUTS)
        self._unasked: dict[str, frozenset[str]] = {}
        self.habits = ResponseHabits()
        self.weight = 0

    def __len__(self) -> int:
        return len(self._entities)

    def known(self, ref: EntityRef) -> EntityRecord | None:
        """Return an entity, if it was ever met."""
        return self._entities.get(ref)

    def observe(
        self,
        ref: EntityRef,
        validity: Validity,
        type_name: str,
        values: Mapping[str, Any],
        asked: frozenset[str],
        *,
        prefetched: bool = False,
    ) -> None:
        """Take in what an answer said of an entity."""
        layout = self._layout(tuple(values), asked)
        observation = Observation(validity, type_name, layout, tuple(values.values()), prefetched)
        known = self._entities.pop(ref, None) or EntityRecord()
        self._entities[ref] = known
        known.observations = _with(known.observations, observation)
        self._weigh(known)

    def note_unasked(self, type_name: str, names: Collection[str]) -> None:
        """Take in that this server writes attributes of a type though nobody asked for them."""
        if names:
            self._unasked[type_name] = self.unasked(type_name).union(names)

    def unasked(self, type_name: str) -> frozenset[str]:
        """The attributes that come by themselves, beyond what `along` knows of."""
        return self._unasked.get(type_name, frozenset())

    @property
    def all_unasked(self) -> Mapping[str, frozenset[str]]:
        """The same of all types."""
        return self._unasked

    def note_absent(self, type_name: str, key: Key, absence: Absence) -> None:
        """Take in that a type has no row of this key."""
        earlier = self._absent.pop((type_name, key), None)
        if earlier is not None and not absence.validity.is_later_than(earlier.validity):
            absence = earlier
        self._absent[type_name, key] = absence
        if earlier is None:
            self.weight += _WEIGHT_OF_ENTITY
            self._shrink()

    def absent(self, type_name: str, key: Key) -> Absence | None:
        """Return what is known of a row's not being there."""
        return self._absent.get((type_name, key))

    def group(self, members: tuple[EntityRef, ...]) -> SiblingGroup:
        """Remember that these entities stood in one place."""
        group = SiblingGroup(members)
        for ref in members:
            known = self._entities.get(ref)
            if known is not None:
                known.groups = (group, *known.groups[: _MOST_GROUPS - 1])
                for walk in known.walks:
                    group.step(walk)
        return group

    def list(self, name: str, listing: ListSegment) -> None:
        """Take in some rows of the list called ``name``: older windows that they cover are forgotten."""
        earlier = self._listings.pop(name, ())
        kept = tuple(other for other in earlier if not _inside(other, listing))[: _MOST_OBSERVATIONS * 4]
        self._listings[name] = (listing, *kept)
        self.weight += _weight_of(name, self._listings[name]) - _weight_of(name, earlier)
        self._shrink()

    def listings(self, name: str) -> tuple[ListSegment, ...]:
        """What is known of a list, the latest first."""
        return self._listings.get(name, ())

    def forget(self) -> None:
        """Forget everything: what the schema called an entity no longer is one."""
        self._entities.clear()
        self._absent.clear()
        self._listings.clear()
        self._layouts.clear()
        self._unasked.clear()
        self.habits = ResponseHabits()
        self.weight = 0

    def _layout(self, names: tuple[str, ...], asked: frozenset[str]) -> Layout:
        layout = self._layouts.peek((names, asked))
        if layout is None:
            places = {name: index for index, name in enumerate(names)}
            layout = Layout(places, asked, asked - places.keys())
            self._layouts.put((names, asked), layout)
        return layout

    def _weigh(self, known: EntityRecord) -> None:
        weight = _WEIGHT_OF_ENTITY + sum(observation.weight for observation in known.observations)
        self.weight += weight - known.weight
        known.weight = weight
        self._shrink()

    def _shrink(self) -> None:
        """Give up the oldest, of each kind in turn: insertion order is the order of hearing."""
        while self.weight > self._limit:
            if len(self._entities) > 1:
                self.weight -= self._entities.pop(next(iter(self._entities))).weight
            if self._absent:
                del self._absent[next(iter(self._absent))]
                self.weight -= _WEIGHT_OF_ENTITY
            if self._listings:
                name = next(iter(self._listings))
                self.weight -= _weight_of(name, self._listings.pop(name))
            if len(self._entities) <= 1 and not self._absent and not self._listings:
                return


EntitySpace = tuple[Partition, EntityForm]
"""What is known of entities is kept apart by whose it is, and by the form in which answers write them."""


class EntityStores:
    """What is known in each space, the least recently used space given up first; ``limit`` bytes for all."""

    def __init__(self, limit: int, most: int = 64) -> None:
        self._limit = limit
        self._of: BoundedMap[EntitySpace, EntityStore] = BoundedMap(most)

    def of(self, space: EntitySpace) -> EntityStore:
        """What is known in ``space``."""
        found = self._of.get(space)
        if found is None:
            found = EntityStore(self._limit)
            self._of.put(space, found)
        while len(self._of) > 1 and self.weight > self._limit:
            self._of.evict()
        return found

    def peek(self, space: EntitySpace) -> EntityStore | None:
        """The same without making or touching it."""
        return self._of.peek(space)

    def __iter__(self) -> Iterator[EntityStore]:
        return self._of.values()

    @property
    def weight(self) -> int:
        """Bytes that all of it stands for, roughly."""
        return sum(entity_store.weight for entity_store in self._of.values())

    def forget(self) -> None:
        """Forget everything."""
        self._of.clear()


def _with(observations: tuple[Observation, ...], new: Observation) -> tuple[Observation, ...]:
    """Put in an observation: newer never loses to older, and one that tells no more than a newer one goes."""
    kept: list[Observation] = []
    placed = False
    for old in observations:
        if not placed and new.validity.is_later_than(old.validity):
            kept.append(new)
            placed = True
        kept.append(old)
    if not placed:
        kept.append(new)
    useful: list[Observation] = []
    for observation in kept:
        names = frozenset(observation.layout.places) | observation.layout.withheld
        if not any(newer.layout.tells(names) for newer in useful):
            useful.append(observation)
    return tuple(useful[:_MOST_OBSERVATIONS])


def _inside(old: ListSegment, new: ListSegment) -> bool:
    if old.offset < new.offset or not new.validity.is_later_than(old.validity):
        return False
    return new.ended or (not old.ended and old.offset + len(old.rows) <= new.offset + len(new.rows))


def _weight_of(name: str, listings: tuple[ListSegment, ...]) -> int:
    weight = sum(_WEIGHT_OF_LIST + _WEIGHT_OF_ROW * len(listing.rows) for listing in listings)
    return len(name) + weight if listings else 0
