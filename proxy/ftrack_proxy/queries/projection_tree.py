"""What a query shows, as a tree: attribute to what is shown of the entities behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from ftrack_proxy.facts.base_types import SHARED_ROWS
from ftrack_proxy.language.syntax import Aggregate, Path, Query, Step
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Kind

Tree = Mapping[str, "Tree"]
MutableTree = dict[str, "MutableTree"]

EMPTY: Final[Tree] = {}

_SHOWN_UNDER_SEVERAL_TYPES: Final = tuple(shared.family for shared in SHARED_ROWS if shared.by_way)
"""Rows of these families are no entities to be known by type and key."""


def tree_of(query: Query, catalogue: Catalogue) -> Tree | None:
    """The projections of a query that is known to resolve; the default ones if it has none (ftrack-protocol 4.3).

    ``None`` if an answer to it cannot be put together from entities: sums and groups, narrowed relations, insides
    of values, rows that have no type of their own.
    """
    if query.group_by or _changes_type(query.entity_type, catalogue):
        return None
    paths: list[tuple[str, ...]] = []
    for projection in query.projections:
        if isinstance(projection, Aggregate) or any(step.cast for step in projection.steps):
            return None
        paths.append(tuple(step.name for step in projection.steps))
    if not query.projections:
        declared = catalogue.types[query.entity_type]
        paths = [(name,) for name in declared.default_projections if name in declared.attributes]
    tree: MutableTree = {}
    for path in sorted(set(paths), key=len, reverse=True):
        if not _add(tree, path, (query.entity_type,), catalogue):
            return None
    return tree


def _add(tree: MutableTree, path: tuple[str, ...], types: tuple[str, ...], catalogue: Catalogue) -> bool:
    """Add one path, longer ones first; false if it enters a value, or rows that have no type of their own.

    Also for a mapped array that is named as a whole and in part: whether it comes with its values then is not known.
    """
    level = tree
    for index, name in enumerate(path):
        found = [pair for type_name in types for pair in catalogue.lookup(type_name, name)]
        level = level.setdefault(name, {})
        if all(attribute.kind is Kind.SCALAR for _, attribute in found):
            return index == len(path) - 1
        types = tuple({a.target for _, a in found if a.target is not None and a.target in catalogue.types})
        if any(_changes_type(target, catalogue) for target in types):
            return False
        if index == len(path) - 1:
            entered = bool(level)
            for _, attribute in found:
                if entered and attribute.pair:
                    return False
                # A mapped array without a sub-path comes with its keys and values (3.5).
                level.update((pair, {}) for pair in attribute.pair)
    return True


def _changes_type(type_name: str, catalogue: Catalogue) -> bool:
    return catalogue.family_of[type_name].startswith(_SHOWN_UNDER_SEVERAL_TYPES)


def paths_of(tree: Tree) -> list[str]:
    """The projections that ask for a tree, sorted. A relation without anything below it is asked for by name."""
    found: list[str] = []
    for name, below in tree.items():
        found += [f"{name}.{path}" for path in paths_of(below)] if below else [name]
    return sorted(found)


def projections_of(tree: Tree) -> tuple[Path, ...]:
    """The same as parsed paths."""
    return tuple(Path(tuple(map(Step, path.split(".")))) for path in paths_of(tree))


def united(trees: Iterable[Tree]) -> Tree:
    """One tree that shows what any of ``trees`` does."""
    result: MutableTree = {}
    for tree in trees:
        _unite(result, tree)
    return result


def _unite(into: MutableTree, tree: Tree) -> None:
    for name, below in tree.items():
        _unite(into.setdefault(name, {}), below)


def covers(wide: Tree, narrow: Tree) -> bool:
    """True if everything in ``narrow`` is in ``wide``."""
    return wide is narrow or all(name in wide and covers(wide[name], below) for name, below in narrow.items())
