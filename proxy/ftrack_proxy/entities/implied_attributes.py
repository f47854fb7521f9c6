"""What ftrack writes along with what was asked for (ftrack-protocol 3.3)."""

from __future__ import annotations

from ftrack_proxy.entities.response_habits import siblings_of
from ftrack_proxy.facts.base_types import CLASSIFIER
from ftrack_proxy.queries.projection_tree import Tree
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.per_catalogue import per_catalogue


def comes_along(type_name: str, tree: Tree, catalogue: Catalogue, *, siblings: bool = True) -> frozenset[str]:
    """The attributes that ftrack writes when ``tree`` is asked for (3.3): these, what shares a column with one of them,
    and always the key, the system projections and the classifier.

    ``siblings``: whether what shares a column comes along, which is certain of normalised answers only.
    """
    return _along(catalogue, type_name, frozenset(tree), siblings)


@per_catalogue
def _along(catalogue: Catalogue, type_name: str, names: frozenset[str], siblings: bool) -> frozenset[str]:
    declared = catalogue.types[type_name]
    along = {*names, *declared.primary_key, *declared.system_projections}
    if CLASSIFIER.told_by in declared.attributes:
        along.add(CLASSIFIER.attribute)
    for name in names if siblings else ():
        along.update(siblings_of(name, declared))
    return frozenset(along)
