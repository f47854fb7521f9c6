"""Queries that name their rows by primary key, in any of their spellings (ftrack-protocol 9.2)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from ftrack_proxy.language.syntax import And, Comparison, Criteria, InClause, Or, Path, Query, Step, Text
from ftrack_proxy.queries.projection_tree import Tree, projections_of
from ftrack_proxy.queries.window import cuts
from ftrack_proxy.schema.catalogue import Catalogue

Key = tuple[str, ...]

# Rows that are put together one by one; a list of more is one list, known as a whole or not.
_MOST_KEYS: Final = 1_000
# Two such ids are equal however a database compares texts: case, accents and blanks do not come into it.
_PLAIN_ID: Final = re.compile(r"[0-9a-z][0-9a-z_-]{0,63}")


def row_keys(query: Query, catalogue: Catalogue) -> tuple[Key, ...] | None:
    """The primary keys of a query's rows, each once, in the order written; ``None`` if its rows are a list."""
    primary_key = catalogue.types[query.entity_type].primary_key
    if query.criteria is None or not primary_key:
        return None
    found = _keys(query.criteria, primary_key)
    if found is None:
        return None
    keys = tuple(dict.fromkeys(found))
    if len(keys) > 1 and (query.order or cuts(query, len(keys))):
        return None  # Which rows stand where, only ftrack knows.
    return keys if len(keys) <= _MOST_KEYS else None


def query_for_rows(type_name: str, key: str, identities: Sequence[str], tree: Tree) -> Query:
    """The query that shows ``tree`` of the rows whose primary key ``key`` is one of these ids."""
    path, values = Path((Step(key),)), tuple(Text(identity, quoted=True) for identity in identities)
    criteria: Comparison | InClause = InClause(path, negated=False, values=values)
    if len(values) == 1:
        criteria = Comparison(path, "is", values[0])
    return Query(type_name, projections_of(tree) or (path,), criteria)


def space_of(type_name: str, catalogue: Catalogue) -> str:
    """Within what a primary key tells rows apart: ids within the family, keys of several parts within the type.

    A stored custom attribute value and the one that ftrack shows in its place have the same two ids.
    """
    primary_key = catalogue.types[type_name].primary_key
    return catalogue.family_of[type_name] if len(primary_key) == 1 else type_name


def is_plain_id(value: Text) -> bool:
    """True for a value that is certainly compared as it is written."""
    return not value.is_null and _PLAIN_ID.fullmatch(value.value) is not None


def _keys(criteria: Criteria, primary_key: tuple[str, ...]) -> list[Key] | None:
    match criteria:
        case Comparison(operator="is"):
            return None if len(primary_key) != 1 else _whole([criteria], primary_key)
        case InClause(path=path, negated=False, subquery=None, values=values):
            if len(primary_key) != 1 or _name(path) != primary_key[0] or not all(map(is_plain_id, values)):
                return None
            return [(value.value,) for value in values]
        case And(terms=terms):
            return _whole(terms, primary_key)
        case Or(terms=terms):
            found: list[Key] = []
            for term in terms:
                keys = _keys(term, primary_key)
                if keys is None:
                    return None
                found += keys
            return found
        case _:
            return None


def _whole(terms: Iterable[Criteria], primary_key: tuple[str, ...]) -> list[Key] | None:
    """One key out of a comparison for each of its parts."""
    values: dict[str, str] = {}
    for term in terms:
        if not isinstance(term, Comparison) or term.operator != "is" or not is_plain_id(term.value):
            return None
        name = _name(term.path)
        if name is None or name in values:
            return None
        values[name] = term.value.value
    if values.keys() != set(primary_key):
        return None
    return [tuple(values[name] for name in primary_key)]


def _name(path: Path) -> str | None:
    return path.steps[0].name if len(path.steps) == 1 and path.steps[0].cast is None else None
