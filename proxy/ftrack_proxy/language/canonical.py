"""One text for all spellings of a query: its identity in the store (ftrack-protocol 4).

The text is an expression again and parses into an equal query, up to what is normalised here: white space, the
spelling of keywords and operators, the order and repetition of projections, of listed values and of what ``and`` and
``or`` join, the nesting of equal connectives, the quotes around uuids. Nothing else is: whether two criteria mean the
same is not decided.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from ftrack_proxy.language.syntax import (
    Aggregate,
    And,
    Comparison,
    Criteria,
    InClause,
    Not,
    Or,
    Path,
    Quantified,
    Query,
    Text,
)

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def canonical(query: Query, *, window: bool = True) -> str:
    """Write a query; without its offset and limit if ``window`` is false."""
    parts: list[str] = []
    if query.projections:
        names = [_projection(projection) for projection in query.projections]
        parts.append(f"select {', '.join(sorted(set(names)))} from")
    parts.append(query.entity_type)
    if query.criteria is not None:
        parts.append(f"where {_criteria(query.criteria)}")
    if query.group_by:
        parts.append(f"group by {', '.join(map(str, query.group_by))}")
    if query.order:
        keys = (f"{key.path} {'desc' if key.descending else 'asc'}" for key in query.order)
        parts.append(f"order by {', '.join(keys)}")
    if window and query.offset is not None:
        parts.append(f"offset {query.offset}")
    if window and query.limit is not None:
        parts.append(f"limit {query.limit}")
    return " ".join(parts)


def _projection(projection: Path | Aggregate) -> str:
    if isinstance(projection, Aggregate):
        return f"{projection.function}({projection.path})"
    return str(projection)


class _Joined(NamedTuple):
    """Criteria in words; of a connective also what it joins, each once, by its text."""

    text: str
    connective: type[And | Or] | None = None
    parts: Mapping[str, _Joined] = MappingProxyType({})


def _criteria(criteria: Criteria) -> str:
    return _joined(criteria).text


def _joined(criteria: Criteria) -> _Joined:
    match criteria:
        case And(terms=terms) | Or(terms=terms):
            return _connected(type(criteria), terms)
        case Not(term=term):
            return _Joined(f"not ({_criteria(term)})")
        case Comparison(path=path, operator=operator, value=value):
            return _Joined(f"{path} {operator} {_value(value)}")
        case InClause(path=path, negated=negated, values=values, subquery=subquery):
            listed = canonical(subquery) if subquery is not None else ", ".join(sorted(set(map(_value, values))))
            return _Joined(f"{path} {'not_in' if negated else 'in'} ({listed})")
        case Quantified(path=path, quantifier=quantifier, inner=inner):  # pragma: no branch - the last kind
            return _Joined(f"{path} {quantifier} ({'' if inner is None else _criteria(inner)})")


def _connected(connective: type[And | Or], terms: tuple[Criteria, ...]) -> _Joined:
    parts: dict[str, _Joined] = {}
    for term in map(_joined, terms):
        if term.connective is connective:
            parts.update(term.parts)
        else:
            parts[term.text] = term
    if len(parts) == 1:
        return parts.popitem()[1]
    if connective is Or:
        return _Joined(" or ".join(sorted(parts)), connective, parts)
    texts = (f"({text})" if part.connective is Or else text for text, part in parts.items())
    return _Joined(" and ".join(sorted(texts)), connective, parts)


def _value(value: Text) -> str:
    """Bare words other than uuids stay bare: quoting turns null and variables into texts (ftrack-protocol
    4.2)."""
    if value.quoted or _UUID.fullmatch(value.value):
        return '"' + value.value.replace('"', '\\"') + '"'
    return value.value
