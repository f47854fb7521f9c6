"""On a miss: what to ask of ftrack, so that it answers this read and those that are about to follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.entities.entity_lookup import EntityLookup, MissingRows
from ftrack_proxy.entities.entity_store import EntityRecord, EntityRef, SiblingGroup
from ftrack_proxy.entities.sibling_queries import NPlusOnePattern, patterns_of
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.queries.projection_tree import Tree, paths_of, projections_of, united
from ftrack_proxy.queries.row_keys import Key, query_for_rows
from ftrack_proxy.schema.catalogue import Catalogue

# Rows that one request asks for by id: 20 kB of text.
_CHUNK: Final = 500
# Lists that one request asks for together, and the rows that it may bring.
_LISTS: Final = 200
MOST_ROWS: Final = 5_000
# Rows that a list is reckoned to have until it is known.
_ROWS_A_LIST: Final = 5


@dataclass(frozen=True, slots=True)
class ClientWords:
    """Ask in the client's own words."""


CLIENT_WORDS: Final = ClientWords()


class PlanKind(Enum):
    """What is asked for in words of our own."""

    REMAINDER = "the rows of which too little is known"
    ROW = "one row, with the attributes that its type is usually asked for"
    SIBLINGS = "the same of the rows that the client is about to come to"
    SIBLING_LISTS = "the list, and those that the client is about to come to"


@dataclass(frozen=True, slots=True)
class RowSubject:
    """A row that a fetch in progress brings."""

    type_name: str
    key: Key


@dataclass(frozen=True, slots=True)
class ListSubject:
    """A list that a fetch in progress brings."""

    name: str


Subject = RowSubject | ListSubject


@dataclass(frozen=True, slots=True)
class PlannedQuery:
    """A query of our own, as text and bound."""

    expression: str
    bound: BoundQuery


@dataclass(frozen=True, slots=True)
class ListSplit:
    """How the answer for many lists is made lists again: each row belongs to one of these ids."""

    pattern: NPlusOnePattern
    identities: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OwnWords:
    """Ask in words of our own, and put the answer together from what comes.

    ``covers`` says, for others who would ask the same, what is brought. ``spare`` counts the rows or lists beyond
    those that the client asked for, ``budget`` what they cost of what may be prefetched, in rows. ``widened`` is a
    type if more attributes of it are asked for than the client did. ``walk`` is the list that the client walks along,
    and how: should the fetch fail, so much is not asked for again at once.
    """

    kind: PlanKind
    queries: tuple[PlannedQuery, ...]
    covers: Mapping[Subject, Tree]
    spare: int = 0
    budget: int = 0
    widened: str | None = None
    walk: tuple[SiblingGroup, object] | None = None
    split: ListSplit | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """Ask in the client's own words, for many misses of one batch in one request."""


TOGETHER: Final = Together()

FetchPlan = ClientWords | OwnWords | Together


@dataclass(frozen=True, slots=True)
class Notes:
    """What planning found out and the driver is to note: the ``steps`` of walks along lists (of which entity, and what
    was asked of it), and the attributes (``asked``) that one row of a type was asked for."""

    steps: tuple[tuple[EntityRecord, object], ...] = ()
    asked: tuple[str, Tree, Catalogue] | None = None


NO_NOTES: Final = Notes()


@dataclass(frozen=True, slots=True)
class PlanMaterial:
    """What plans are made of.

    ``lookup`` is the read among the known entities; ``allowance`` the rows that may be prefetched for this client now;
    ``bind`` makes a bound query of a text, or ``None`` if its answer could not be kept.
    """

    lookup: EntityLookup
    defaults: DefaultAttributes
    allowance: int
    bind: Callable[[str], BoundQuery | None]


def plan(material: PlanMaterial | None, missing: MissingRows | None) -> tuple[ClientWords | OwnWords, Notes]:
    """Say what is best asked: the client's own words, unless others bring more."""
    if material is None:
        return CLIENT_WORDS, NO_NOTES
    bound = material.lookup.bound
    if material.lookup.records.habits.vary or (bound.is_long and bound.row_keys is None):
        # What came might not be put together again; or there is too much to go through.
        return CLIENT_WORDS, NO_NOTES
    if bound.row_keys is None:
        return _lists(material)
    primary_key = bound.catalogue.types[bound.query.entity_type].primary_key
    if missing is None or len(primary_key) != 1:
        return CLIENT_WORDS, NO_NOTES
    if len(bound.row_keys) > 1:
        return _remainder(material, [key[0] for key in missing.keys], primary_key[0])
    return _row(material, primary_key[0])


# -- rows by id


def _remainder(material: PlanMaterial, identities: Sequence[str], key: str) -> tuple[ClientWords | OwnWords, Notes]:
    """Ask for those rows alone of which too little is known."""
    tree, type_name = material.lookup.tree, material.lookup.bound.query.entity_type
    queries = []
    for begin in range(0, len(identities), _CHUNK):
        query = _query_for(material, key, identities[begin : begin + _CHUNK], tree)
        if query is None:
            return CLIENT_WORDS, NO_NOTES
        queries.append(query)
    covers: dict[Subject, Tree] = {RowSubject(type_name, (identity,)): tree for identity in identities}
    return OwnWords(PlanKind.REMAINDER, tuple(queries), covers), NO_NOTES


def _row(material: PlanMaterial, key: str) -> tuple[ClientWords | OwnWords, Notes]:
    """Ask for one row and its usual attributes; once a list is seen to be walked, for more of its rows."""
    lookup, tree = material.lookup, material.lookup.tree
    type_name, catalogue = lookup.bound.query.entity_type, lookup.bound.catalogue
    (ref,) = lookup.refs
    walk = (type_name, *paths_of(tree))
    record = lookup.records.known(ref)
    notes = Notes(() if record is None else ((record, walk),), (type_name, tree, catalogue))
    group = None if record is None else _walked_group(record, walk)
    siblings = [] if group is None else _siblings(material, group, ref)
    identities = [ref.key[0], *siblings]
    usual = material.defaults.of(type_name, catalogue) if lookup.form is EntityForm.NORMALISED else {}
    for wanted in (united((tree, usual)), tree):
        query = _query_for(material, key, identities, wanted)
        if query is not None:
            planned = OwnWords(
                PlanKind.SIBLINGS if siblings else PlanKind.ROW,
                (query,),
                {RowSubject(type_name, (identity,)): wanted for identity in identities},
                spare=len(siblings),
                budget=len(siblings),
                widened=type_name if wanted != tree else None,
                walk=None if group is None else (group, walk),
            )
            return planned, notes
    return CLIENT_WORDS, notes


def _siblings(material: PlanMaterial, group: SiblingGroup, ref: EntityRef) -> list[str]:
    """The ids of the rows that the client is about to come to, as many as may be prefetched."""
    lookup = material.lookup
    found: list[str] = []
    most = min(_CHUNK - 1, material.allowance)
    for other in _onwards(group, ref):
        if len(found) >= most:
            break
        record = lookup.records.known(other)
        type_name = record.observations[0].type_name if record is not None and record.observations else None
        if other.family == ref.family and type_name in lookup.bound.shape.types and not lookup.knows(other):
            found.append(other.key[0])
    return found


def _query_for(material: PlanMaterial, key: str, identities: Sequence[str], tree: Tree) -> PlannedQuery | None:
    query = query_for_rows(material.lookup.bound.query.entity_type, key, identities, tree)
    return _planned(material, canonical(query))


# -- lists


def _lists(material: PlanMaterial) -> tuple[ClientWords | OwnWords, Notes]:
    """Once the id in a query is seen to walk along a list, ask the query for more of that list's ids."""
    steps: list[tuple[EntityRecord, object]] = []
    for pattern, ref, record in _patterns(material):
        steps.append((record, pattern.shape))
        group = _walked_group(record, pattern.shape)
        planned = None if group is None else _sibling_lists(material, pattern, group, ref)
        if planned is not None:
            return planned, Notes(tuple(steps))
    return CLIENT_WORDS, Notes(tuple(steps)) if steps else NO_NOTES


def _patterns(material: PlanMaterial) -> Iterator[tuple[NPlusOnePattern, EntityRef, EntityRecord]]:
    """The ways in which a query may be one of many, each with a known entity whose id it names."""
    bound = material.lookup.bound
    for pattern in patterns_of(bound):
        for ref in pattern.refs:
            record = material.lookup.records.known(ref)
            if record is not None:
                yield pattern, ref, record


def _sibling_lists(
    material: PlanMaterial, pattern: NPlusOnePattern, group: SiblingGroup, ref: EntityRef
) -> OwnWords | None:
    lookup, tree = material.lookup, material.lookup.tree
    identities = [ref.key[0]]
    most = min(_LISTS, 1 + material.allowance // _ROWS_A_LIST)
    for other in _onwards(group, ref):
        if len(identities) >= most:
            break
        if other.family == ref.family and not lookup.has_list(pattern.list_name(other.key[0])):
            identities.append(other.key[0])
    if len(identities) < 2:
        return None
    query = _planned(material, canonical(pattern.for_all(identities, projections_of(tree), MOST_ROWS)))
    if query is None:
        return None
    return OwnWords(
        PlanKind.SIBLING_LISTS,
        (query,),
        {ListSubject(pattern.list_name(identity)): tree for identity in identities},
        spare=len(identities) - 1,
        budget=(len(identities) - 1) * _ROWS_A_LIST,
        walk=(group, pattern.shape),
        split=ListSplit(pattern, tuple(identities)),
    )


def _planned(material: PlanMaterial, expression: str) -> PlannedQuery | None:
    bound = material.bind(expression)
    return None if bound is None or bound.tree is None else PlannedQuery(expression, bound)


def _walked_group(record: EntityRecord, walk: object) -> SiblingGroup | None:
    """The longest list that the client is seen to walk along, with this step."""
    return max(record.walked(walk), key=lambda group: len(group.members), default=None)


def _onwards(group: SiblingGroup, ref: EntityRef) -> Sequence[EntityRef]:
    """The other members, from where the client is, and then from the start."""
    at = group.members.index(ref)
    return (*group.members[at + 1 :], *group.members[:at])
