"""What a query shows, as a tree: attribute to what is shown of the entities behind it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ftrack_proxy.facts.base_types import SHARED_ROWS
from ftrack_proxy.language.syntax import Path, Step
from ftrack_proxy.queries.resolve import ResolvedPath, ResolvedStep
from ftrack_proxy.schema.catalogue import Catalogue

Tree = Mapping[str, "Tree"]
MutableTree = dict[str, "MutableTree"]

EMPTY: Final[Tree] = {}

_SHOWN_UNDER_SEVERAL_TYPES: Final = tuple(shared.family for shared in SHARED_ROWS if shared.by_way)
"""Rows of these families are no entities to be known by type and key."""


def tree_of(type_name: str, projections: Sequence[ResolvedPath], catalogue: Catalogue) -> Tree | None:
    """What these projections show of rows of a type (ftrack-protocol 4.3).

    ``None`` if an answer to it cannot be put together from entities: narrowed relations, insides of values, rows that
    have no type of their own.
    """
    if _changes_type(type_name, catalogue):
        return None
    paths = {path.path.steps: path for path in projections}
    tree: MutableTree = {}
    for path in sorted(paths.values(), key=lambda path: len(path.path.steps), reverse=True):
        if not path.is_whole or not _add(tree, path.steps, catalogue):
            return None
    return tree


def _add(tree: MutableTree, steps: Sequence[ResolvedStep], catalogue: Catalogue) -> bool:
    """Add one path, longer ones first; false if it leads to rows that have no type of their own.

    Also for a mapped array that is named as a whole and in part: whether it comes with its values then is not known.
    """
    level = tree
    for step in steps:
        level = level.setdefault(step.name, {})
        if step.cast is not None or any(_changes_type(target, catalogue) for target in step.targets):
            return False
    entered = bool(level)
    for found in steps[-1].found:
        if entered and found.attribute.pair:
            return False
        # A mapped array without a sub-path comes with its keys and values (3.5).
        level.update((pair, {}) for pair in found.attribute.pair)
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
