"""Families: the entity types that share one identity space (ftrack-protocol 5.3).

Events name tables, expressions name types, answers name concrete types; a change in one of them is a
change in all of a family. Joining too much costs a refetch, joining too little serves a stale answer: in
doubt, join.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ftrack_proxy.facts.base_types import BASE_TYPES, SHARED_ROWS
from ftrack_proxy.facts.type_names import (
    COMPONENT,
    CONFIGURATION,
    CONTEXT,
    LINK,
    LIST,
    NOTE_CATEGORY,
    RESOURCE,
    STATUS_CHANGE,
    VALUE,
)

_SUFFIXES_OF_BASES: Final = tuple(
    suffix for shared in SHARED_ROWS if shared.suffix_is_base for suffix in shared.suffixes
)
_NAMED: Final = (CONTEXT, COMPONENT, RESOURCE, LIST, STATUS_CHANGE, CONFIGURATION, VALUE, LINK, NOTE_CATEGORY)


def subtypes_of(
    tables: Mapping[str, str], bases: Mapping[str, str], masters: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """Return for each type the types whose rows a query on it can return, without itself.

    Three sources: what is known of base types, ``$mixin`` (``bases``), and the one type that stands for a whole table
    (``masters``: table -> type; ``TypedContext`` for every object type of table Task), so that object
    types that only this workspace has fall into place. A typed custom link belongs below its base by its
    name.
    """
    below: dict[str, set[str]] = {name: set() for name in tables}
    for declared in BASE_TYPES:
        if declared.name in below:
            below[declared.name].update(member for member in declared.members if member in below)
    for name, base in bases.items():
        if base in below:
            below[base].add(name)
    for name, table in tables.items():
        master = masters.get(table)
        if master is not None and master != name:
            below[master].add(name)
        for suffix in _SUFFIXES_OF_BASES:
            if name.endswith(suffix) and name != suffix and suffix in below:
                below[suffix].add(name)
    return {name: frozenset(_reachable(name, below)) - {name} for name in below}


def _reachable(start: str, edges: Mapping[str, Iterable[str]]) -> Iterator[str]:
    seen: set[str] = set()
    waiting = list(edges[start])
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            yield name
            waiting.extend(edges[name])


def families_of(tables: Mapping[str, str], subtypes: Mapping[str, frozenset[str]]) -> dict[str, str]:
    """Return type -> family: united by table, by base type, and the rows that appear under several types.

    One custom value appears raw (``CustomAttributeValue``) and dense (``Context...Value``), one custom link under up
    to four types (5.3): one family each.
    """
    parent = {name: name for name in tables}

    def find(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    def unite(names: Iterable[str]) -> None:
        roots = sorted({find(name) for name in names if name in parent})
        for root in roots[1:]:
            parent[root] = roots[0]

    by_table: dict[str, list[str]] = {}
    for name, table in tables.items():
        by_table.setdefault(table, []).append(name)
    for members in by_table.values():
        unite(members)
    for name, below in subtypes.items():
        unite((name, *below))
    for declared in BASE_TYPES:
        unite(declared.members)
    for shared in SHARED_ROWS:
        unite((*shared.names, *(name for name in tables if name.endswith(shared.suffixes))))

    groups: dict[str, list[str]] = {}
    for name in tables:
        groups.setdefault(find(name), []).append(name)
    families: dict[str, str] = {}
    for members in groups.values():
        family = _name_of(members)
        families.update(dict.fromkeys(members, family))
    return families


def _name_of(members: list[str]) -> str:
    """A stable name: the well-known one, else the shortest member's."""
    for name in _NAMED:
        if name in members:
            return name
    return min(members, key=lambda name: (len(name), name))
