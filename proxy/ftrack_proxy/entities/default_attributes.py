"""The attributes that a type is usually asked for: a fetch of one entity asks for them along with what is wanted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from ftrack_proxy.queries.projection_tree import MutableTree, Tree, paths_of
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, Kind
from ftrack_proxy.schema.derived import is_volatile, sources_of
from ftrack_proxy.values.bounded_map import BoundedMap

_LEARNED_AFTER: Final = 3
_MOST_LEARNED: Final = 12
_MOST_COUNTED: Final = 10_000


class DefaultAttributes:
    """By type: configured, and learned from what is asked for again and again.

    ``seeds`` are paths by type or family. Nothing that is computed, derived, signed, restricted or a collection is
    ever usual: these can be expensive for ftrack.
    """

    def __init__(self, seeds: Mapping[str, Sequence[str]]) -> None:
        self._seeds = seeds
        self._counts: BoundedMap[tuple[str, str], int] = BoundedMap(_MOST_COUNTED)
        self._learned: dict[str, list[str]] = {}
        self._trees: dict[str, Tree] = {}
        self._refused: set[str] = set()
        self._catalogue: Catalogue | None = None

    def note(self, type_name: str, tree: Tree, catalogue: Catalogue) -> None:
        """Count what an entity was asked for."""
        learned = self._learned.setdefault(type_name, [])
        for path in paths_of(tree):
            count = (self._counts.peek((type_name, path)) or 0) + 1
            self._counts.put((type_name, path), count)
            if count != _LEARNED_AFTER or len(learned) >= _MOST_LEARNED:
                continue
            if path not in learned and _is_cheap(type_name, path, catalogue):
                learned.append(path)
                self._trees.pop(type_name, None)

    def refuse(self, type_name: str) -> None:
        """Note that ftrack refused the usual attributes of a type: from now on, only what is wanted is asked for."""
        self._refused.add(type_name)

    def of(self, type_name: str, catalogue: Catalogue) -> Tree:
        """The usual attributes of a type under this schema."""
        if catalogue is not self._catalogue:
            self._catalogue = catalogue
            self._trees.clear()
        if type_name in self._refused:
            return {}
        tree = self._trees.get(type_name)
        if tree is None:
            tree = self._trees[type_name] = self._built(type_name, catalogue)
        return tree

    def _built(self, type_name: str, catalogue: Catalogue) -> Tree:
        seeds = self._seeds.get(type_name) or self._seeds.get(catalogue.family_of[type_name], ())
        tree: MutableTree = {}
        for path in (*seeds, *self._learned.get(type_name, ())):
            if _is_cheap(type_name, path, catalogue):
                level = tree
                for name in path.split("."):
                    level = level.setdefault(name, {})
        return tree


def _is_cheap(type_name: str, path: str, catalogue: Catalogue) -> bool:
    """True for a plain stored value, reached through references alone."""
    *through, last = path.split(".")
    for step in through:
        attribute = _stored(type_name, step, catalogue)
        if attribute is None or attribute.kind is not Kind.REFERENCE or attribute.target is None:
            return False
        type_name = attribute.target
    attribute = _stored(type_name, last, catalogue)
    return attribute is not None and attribute.kind is Kind.SCALAR


def _stored(type_name: str, name: str, catalogue: Catalogue) -> Attribute | None:
    """An attribute that costs ftrack nothing beyond the row, and keeps."""
    declared = catalogue.types.get(type_name)
    attribute = None if declared is None else declared.attributes.get(name)
    if attribute is None or attribute.computed or attribute.restricted or attribute.is_opaque:
        return None
    if is_volatile(type_name, attribute, catalogue) or sources_of(type_name, name, catalogue):
        return None
    return attribute
