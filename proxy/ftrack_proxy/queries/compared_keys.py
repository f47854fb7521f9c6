"""Which custom attributes a query compares: a new value of another one leaves its rows alone (ftrack-protocol 4.5)."""

from __future__ import annotations

from typing import Final

from ftrack_proxy.facts.custom_attributes import FIXED_VALUE_ATTRIBUTES, KEY_PATHS
from ftrack_proxy.facts.type_names import VALUE
from ftrack_proxy.language.syntax import And, Comparison, Criteria, Membership, Not, Or, Path, Quantified, Query
from ftrack_proxy.queries.read_set import read_set
from ftrack_proxy.schema.catalogue import Catalogue

Keys = frozenset[str]

_FIXED: Final = frozenset(fixed.name for fixed in FIXED_VALUE_ATTRIBUTES)
_NONE: Final[Keys] = frozenset()


class _Any(Exception):
    """The value of any custom attribute may be compared."""


def compared_keys(query: Query, catalogue: Catalogue) -> Keys | None:
    """The keys of the custom attributes that criteria and order look at; ``None`` if it may be any."""
    try:
        return _of_query(query, catalogue)
    except _Any:
        return None


def _of_query(query: Query, catalogue: Catalogue) -> Keys:
    start = (query.entity_type,)
    if VALUE in _families(start, catalogue):
        if VALUE in start:
            raise _Any  # Stored values: they come and go with what is set.
        pinned = _pinned(query.criteria)
        if pinned is not None:
            return pinned
    found = _NONE if query.criteria is None else _of_criteria(query.criteria, start, catalogue)
    for path in (*query.group_by, *(key.path for key in query.order)):
        found |= _of_path(path, start, catalogue)
    return found


def _of_criteria(criteria: Criteria, start: tuple[str, ...], catalogue: Catalogue) -> Keys:
    match criteria:
        case And(terms=terms) | Or(terms=terms):
            return _NONE.union(*(_of_criteria(term, start, catalogue) for term in terms))
        case Not(term=term):
            return _of_criteria(term, start, catalogue)
        case Membership(subquery=Query() as subquery) if VALUE in read_set(subquery, catalogue).families:
            raise _Any
        case Comparison(path=path) | Membership(path=path):
            return _of_path(path, start, catalogue, criteria)
        case Quantified(path=path, inner=inner):  # pragma: no branch - the last kind
            return _of_quantified(path, inner, start, catalogue)


def _of_quantified(path: Path, inner: Criteria | None, start: tuple[str, ...], catalogue: Catalogue) -> Keys:
    targets = _follow(path, start, catalogue)[-1]
    if VALUE not in _families(targets, catalogue):
        return _NONE if inner is None else _of_criteria(inner, targets, catalogue)
    pinned = _pinned(inner)
    if pinned is None:
        raise _Any
    return pinned


def _of_path(path: Path, start: tuple[str, ...], catalogue: Catalogue, term: Criteria | None = None) -> Keys:
    """What a path that is compared reads of custom attributes on its way."""
    types = _follow(path, start, catalogue)
    for index, (step, owners) in enumerate(zip(path.steps, types, strict=False)):
        if VALUE not in _families(owners, catalogue):
            continue
        if step.name not in _FIXED:
            raise _Any
        if index:
            # Old servers show what is set and nothing else: then it counts whether there is a value with this key.
            keys = None if term is None else _named(term, Path(path.steps[index:]))
            if keys is None:
                raise _Any
            return keys
    if VALUE in _families(types[-1], catalogue):
        raise _Any
    return _NONE


def _pinned(criteria: Criteria | None) -> Keys | None:
    """The keys that values must have to meet criteria; ``None`` if they can have any."""
    match criteria:
        case And(terms=terms):
            return next((keys for keys in map(_pinned, terms) if keys is not None), None)
        case Or(terms=terms):
            found = [_pinned(term) for term in terms]
            return None if None in found else _NONE.union(*(keys for keys in found if keys is not None))
        case Comparison(path=path) | Membership(path=path):
            return _named(criteria, path)
        case _:
            return None


def _named(term: Criteria, path: Path) -> Keys | None:
    """The keys that a comparison with a value's key names."""
    if str(path) not in KEY_PATHS:
        return None
    match term:
        case Comparison(operator="is", value=value) if not value.is_null:
            return frozenset({value.value})
        case Membership(negated=False, subquery=None, values=values) if not any(v.is_null for v in values):
            return frozenset(value.value for value in values)
        case _:
            return None


def _follow(path: Path, start: tuple[str, ...], catalogue: Catalogue) -> list[tuple[str, ...]]:
    """The types before each step of a path, and behind the last one."""
    types = [start]
    for step in path.steps:
        found = [attribute for name in types[-1] for _, attribute in catalogue.lookup(name, step.name)]
        targets = dict.fromkeys(a.target for a in found if a.target is not None and a.target in catalogue.types)
        types.append((step.cast,) if step.cast is not None else tuple(targets))
    return types


def _families(types: tuple[str, ...], catalogue: Catalogue) -> frozenset[str]:
    return frozenset(catalogue.family_of[name] for name in types)
