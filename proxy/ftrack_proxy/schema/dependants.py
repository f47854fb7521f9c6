"""Which families point at which: what a removal may take with it (ftrack-protocol 2.3, 5.8, 7.6)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ftrack_proxy.facts.references import OPEN_KEYS, WEAK_REFERENCES
from ftrack_proxy.facts.type_names import ANY
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, EntityType, Kind
from ftrack_proxy.schema.per_catalogue import per_catalogue

WEAK: Final = frozenset(reference.attribute for reference in WEAK_REFERENCES)
"""References whose owner outlives what they point to."""

_OPEN_KEYS: Final = {(key.family, key.attribute): key.targets for key in OPEN_KEYS}


def referrers(family: str, catalogue: Catalogue) -> frozenset[str]:
    """The families with a foreign key or scalar relation to ``family``, ids of several families included."""
    return _referrers(catalogue, family, True)


def dependants(family: str, catalogue: Catalogue) -> frozenset[str]:
    """The families that may lose rows or references when a row of ``family`` is removed: the transitive
    closure.

    What cascades on the server is not published (2.3), so every reference is followed, whether or not ftrack
    deletes along it, but those through which only a value changes and no row goes (see ``thumbnailed``).
    ``family`` itself is in it only if its rows can depend on one another (children, replies, members).
    """
    return _dependants(catalogue, family)


@per_catalogue
def _dependants(catalogue: Catalogue, family: str) -> frozenset[str]:
    reached: set[str] = set()
    waiting = [family]
    while waiting:
        for other in _referrers(catalogue, waiting.pop(), False):
            if other not in reached:
                reached.add(other)
                waiting.append(other)
    return frozenset(reached)


def thumbnailed(catalogue: Catalogue) -> frozenset[str]:
    """The families whose rows can have a thumbnail: they lose it with its component, and nothing else."""
    return frozenset(
        catalogue.family_of[name]
        for name, entity_type in catalogue.types.items()
        if not WEAK.isdisjoint(entity_type.attributes)
    )


@per_catalogue
def _referrers(catalogue: Catalogue, family: str, weak: bool) -> frozenset[str]:
    found = _all_referrers(catalogue, weak)
    return frozenset(found.get(family, set()) | found.get(ANY, set()))


@per_catalogue
def _all_referrers(catalogue: Catalogue, weak: bool) -> Mapping[str, set[str]]:
    """The families that point at each family, in one pass: events wait for it."""
    found: dict[str, set[str]] = {}
    for name, entity_type in catalogue.types.items():
        for attribute in entity_type.attributes.values():
            if weak or attribute.name not in WEAK:
                for target in targets(entity_type, attribute, catalogue):
                    found.setdefault(target, set()).add(catalogue.family_of[name])
    return found


def targets(entity_type: EntityType, attribute: Attribute, catalogue: Catalogue) -> frozenset[str]:
    """The families that one attribute can point to."""
    if attribute.kind is Kind.REFERENCE and attribute.target is not None and not attribute.computed:
        pointed: tuple[str, ...] = (attribute.target, *attribute.key_of)
    elif attribute.name in entity_type.primary_key and len(entity_type.primary_key) == 1:
        # The id of a FileComponent is described as a foreign key to Component: the same row, not a reference.
        pointed = tuple(
            name for name in attribute.key_of if catalogue.family_of.get(name) != catalogue.family_of[entity_type.name]
        )
    else:
        pointed = attribute.key_of
    families = frozenset(catalogue.family_of[name] for name in pointed if name in catalogue.family_of)
    return families | _OPEN_KEYS.get((catalogue.family_of[entity_type.name], attribute.name), frozenset())
