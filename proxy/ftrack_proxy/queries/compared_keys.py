"""Which custom attributes a query compares: a new value of another one leaves its rows alone (ftrack-protocol 4.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ftrack_proxy.facts.custom_attributes import FIXED_VALUE_ATTRIBUTES, KEY_PATHS
from ftrack_proxy.facts.type_names import VALUE
from ftrack_proxy.language.syntax import And, Comparison, Criteria, InClause, Not, Or, Path, Quantified, Query, Step
from ftrack_proxy.queries.resolve import Types
from ftrack_proxy.schema.catalogue import Catalogue

Keys = frozenset[str]
ComparedPaths = Mapping[tuple[Types, tuple[Step, ...]], tuple[Types, ...]]
"""By the types at which a path begins and its steps: the types before each step, and behind the last one."""

_FIXED: Final = frozenset(fixed.name for fixed in FIXED_VALUE_ATTRIBUTES)
_NONE: Final[Keys] = frozenset()


class _Any(Exception):
    """The value of any custom attribute may be compared."""


def compared_keys(query: Query, paths: ComparedPaths, catalogue: Catalogue) -> Keys | None:
    """The keys of the custom attributes that criteria and order look at; ``None`` if it may be any.

    ``paths`` are those of the query. Its sub-queries look at no custom attributes.
    """
    try:
        return _Comparisons(paths, catalogue).of_query(query)
    except _Any:
        return None


class _Comparisons:
    """The keys in comparisons whose paths are resolved."""

    def __init__(self, paths: ComparedPaths, catalogue: Catalogue) -> None:
        self._paths = paths
        self._catalogue = catalogue

    def of_query(self, query: Query) -> Keys:
        start = (query.entity_type,)
        if self._are_values(start):
            if VALUE in start:
                raise _Any  # Stored values: they come and go with what is set.
            pinned = _pinned(query.criteria)
            if pinned is not None:
                return pinned
        found = _NONE if query.criteria is None else self._of_criteria(query.criteria, start)
        for path in (*query.group_by, *(key.path for key in query.order)):
            found |= self._of_path(path, start)
        return found

    def _of_criteria(self, criteria: Criteria, start: Types) -> Keys:
        match criteria:
            case And(terms=terms) | Or(terms=terms):
                return _NONE.union(*(self._of_criteria(term, start) for term in terms))
            case Not(term=term):
                return self._of_criteria(term, start)
            case Comparison(path=path) | InClause(path=path):
                return self._of_path(path, start, criteria)
            case Quantified(path=path, inner=inner):  # pragma: no branch - the last kind
                return self._of_quantified(path, inner, start)

    def _of_quantified(self, path: Path, inner: Criteria | None, start: Types) -> Keys:
        targets = self._paths[start, path.steps][-1]
        if not self._are_values(targets):
            # Behind no types lies the inside of a value.
            return _NONE if inner is None or not targets else self._of_criteria(inner, targets)
        pinned = _pinned(inner)
        if pinned is None:
            raise _Any
        return pinned

    def _of_path(self, path: Path, start: Types, term: Criteria | None = None) -> Keys:
        """What a path that is compared reads of custom attributes on its way."""
        types = self._paths[start, path.steps]
        for index, (step, owners) in enumerate(zip(path.steps, types, strict=False)):
            if not self._are_values(owners):
                continue
            if step.name not in _FIXED:
                raise _Any
            if index:
                # Old servers show what is set and nothing else: then it counts whether there is a value with this key.
                keys = None if term is None else _named(term, Path(path.steps[index:]))
                if keys is None:
                    raise _Any
                return keys
        if self._are_values(types[-1]):
            raise _Any
        return _NONE

    def _are_values(self, types: Types) -> bool:
        return any(self._catalogue.family_of[name] == VALUE for name in types)


def _pinned(criteria: Criteria | None) -> Keys | None:
    """The keys that values must have to meet criteria; ``None`` if they can have any."""
    match criteria:
        case And(terms=terms):
            return next((keys for keys in map(_pinned, terms) if keys is not None), None)
        case Or(terms=terms):
            found = [_pinned(term) for term in terms]
            return None if None in found else _NONE.union(*(keys for keys in found if keys is not None))
        case Comparison(path=path) | InClause(path=path):
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
        case InClause(negated=False, subquery=None, values=values) if not any(v.is_null for v in values):
            return frozenset(value.value for value in values)
        case _:
            return None
