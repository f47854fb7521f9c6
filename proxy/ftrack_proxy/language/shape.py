"""A query's shape: what it asks for, without the values and the window that it is asked with."""

from __future__ import annotations

from typing import Final

from ftrack_proxy.language.syntax import And, Comparison, Criteria, InClause, Not, Or, Quantified, Query, Text

_BLANK: Final = Text("", quoted=True)


def shape_of(query: Query) -> Query:
    """The same query with blank values, empty lists, and without offset and limit."""
    criteria = None if query.criteria is None else _blanked(query.criteria)
    return Query(query.entity_type, query.projections, criteria, query.group_by, query.order, volatile=query.volatile)


def _blanked(criteria: Criteria) -> Criteria:
    match criteria:
        case Comparison(path=path, operator=operator):
            return Comparison(path, operator, _BLANK)
        case InClause(path=path, negated=negated, subquery=subquery):
            return InClause(path, negated, (), None if subquery is None else shape_of(subquery))
        case And(terms=terms):
            return And(tuple(map(_blanked, terms)))
        case Or(terms=terms):
            return Or(tuple(map(_blanked, terms)))
        case Not(term=term):
            return Not(_blanked(term))
        case Quantified(path=path, quantifier=quantifier, inner=inner):  # pragma: no branch - the last kind
            return Quantified(path, quantifier, None if inner is None else _blanked(inner))
