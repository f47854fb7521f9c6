"""One shape of query whose id argument walks along a list: asked for all of the list at once, and split again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from ftrack_proxy.entities.entity_store import EntityRef
from ftrack_proxy.entities.normalise import NormalisedAnswer
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.syntax import And, Comparison, Criteria, InClause, Path, Query, Text
from ftrack_proxy.queries.bound_query import BoundQuery, list_name
from ftrack_proxy.queries.row_keys import is_plain_id

_SHORT_WINDOW: Final = 100
"""Who asks for fewer rows expects to find no more (``first``, ``one``) or wants the first of many."""

_PLACEHOLDER: Final = Text("?", quoted=True)


class NotSplittable(Exception):
    """It cannot be told what each of the queries would have answered."""


@dataclass(frozen=True, slots=True)
class NPlusOnePattern:
    """A query as one of many that differ in one id.

    ``term`` is the comparison with it, ``refs`` the entities that it can be the id of; ``shape`` is the same for all of
    them.
    """

    query: Query
    term: Comparison
    refs: tuple[EntityRef, ...]
    shape: str

    def at(self, identity: str) -> Query:
        """The same query for another id."""
        value = Text(identity, quoted=True)
        return _with(self.query, self.term, replace(self.term, value=value))

    def list_name(self, identity: str) -> str:
        """The list that the query for this id looks at."""
        return list_name(self.at(identity))

    def for_all(self, identities: Sequence[str], projections: Sequence[Path], most: int) -> Query:
        """One query for many ids, that also shows to which of them each row belongs."""
        values = tuple(Text(identity, quoted=True) for identity in identities)
        query = _with(self.query, self.term, InClause(self.term.path, negated=False, values=values))
        return replace(query, projections=(*projections, self.term.path), offset=None, limit=most)

    def split(self, taken: NormalisedAnswer, identities: Sequence[str]) -> Mapping[str, tuple[EntityRef, ...]]:
        """Sort the rows of the answer by id, each part in the answer's order.

        Raises:
            NotSplittable: a row does not show to which id it belongs, or came twice.
        """
        rows: dict[str, list[EntityRef]] = {identity: [] for identity in identities}
        for row in taken.rows:
            identity = _behind(taken, row, self.term.path)
            if identity not in rows:
                raise NotSplittable
            rows[identity].append(row)
        if len(set(taken.rows)) != len(taken.rows):
            raise NotSplittable
        return {identity: tuple(found) for identity, found in rows.items()}

    def fits(self, rows: Sequence[EntityRef]) -> bool:
        """False if the query for an id would show a few of its rows only, and which of them is not known."""
        return self.query.limit is None or self.query.limit >= _SHORT_WINDOW or len(rows) <= self.query.limit


def patterns_of(bound: BoundQuery) -> Iterator[NPlusOnePattern]:
    """The ways in which a query can be one of many: for each id that its rows must refer to."""
    query = bound.query
    if query.offset or (query.order and query.limit is not None and query.limit < _SHORT_WINDOW):
        return
    terms = query.criteria.terms if isinstance(query.criteria, And) else (query.criteria,)
    for compared in bound.shape.id_comparisons:
        term = terms[compared.index]
        if isinstance(term, Comparison) and is_plain_id(term.value):
            open_query = _with(query, term, replace(term, value=_PLACEHOLDER))
            refs = tuple(EntityRef(family, (term.value.value,)) for family in compared.families)
            yield NPlusOnePattern(query, term, refs, canonical(open_query, window=False))


def _with(query: Query, term: Comparison, other: Criteria) -> Query:
    if isinstance(query.criteria, And):
        terms = tuple(other if found is term else found for found in query.criteria.terms)
        return replace(query, criteria=And(terms))
    return replace(query, criteria=other)


def _behind(taken: NormalisedAnswer, row: EntityRef, path: Path) -> str:
    ref = row
    for step in path.steps:
        value = taken.entities[ref].values.get(step.name)
        if isinstance(value, str):
            return value
        if not isinstance(value, EntityRef):
            raise NotSplittable
        ref = value
    raise NotSplittable
