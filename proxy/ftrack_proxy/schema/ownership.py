"""By which keys a row belongs to another one, and through it to a project: users who see the one see the other
(ftrack-protocol 5.4, 5.8, 8.1)."""

from __future__ import annotations

from typing import Final

from ftrack_proxy.facts.naming import KEY_SUFFIX
from ftrack_proxy.facts.projects import PROJECT_ID
from ftrack_proxy.facts.references import FOREIGN_REFERENCES
from ftrack_proxy.facts.type_names import ANY, CONTEXT
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, EntityType, Kind
from ftrack_proxy.schema.dependants import WEAK, dependants, targets
from ftrack_proxy.schema.per_catalogue import per_catalogue

_FOREIGN: Final = frozenset((reference.family, reference.attribute) for reference in FOREIGN_REFERENCES)


def owner_keys(family: str, catalogue: Catalogue) -> frozenset[str]:
    """The attributes of a family's rows that say what they belong to, keys and relations; their own primary keys,
    which do not change, are not among them."""
    return _owner_keys(catalogue, family)


def owns(owner: str, family: str, catalogue: Catalogue) -> bool:
    """True if rows of ``family`` can belong to a row of the family ``owner``."""
    keys = owner_keys(family, catalogue)
    return any(
        not targets(declared, attribute, catalogue).isdisjoint({owner, ANY})
        for declared in (catalogue.types[name] for name in catalogue.members(family))
        for attribute in declared.attributes.values()
        if attribute.name in keys
    )


@per_catalogue
def _owner_keys(catalogue: Catalogue, family: str) -> frozenset[str]:
    of_projects = dependants(CONTEXT, catalogue) | {CONTEXT}
    return frozenset(
        attribute.name
        for declared in (catalogue.types[name] for name in catalogue.members(family))
        for attribute in declared.attributes.values()
        if attribute.name == PROJECT_ID
        or (family in of_projects and _leads_into(of_projects, declared, attribute, catalogue))
        if attribute.name not in (*WEAK, *declared.primary_key) and (family, attribute.name) not in _FOREIGN
    )


def _leads_into(of_projects: frozenset[str], declared: EntityType, attribute: Attribute, catalogue: Catalogue) -> bool:
    """True if a key or relation can lead to what belongs to a project. Where the schema does not say where a key
    leads, it can."""
    if attribute.kind in (Kind.COLLECTION, Kind.MAPPED) or attribute.computed:
        return False
    found = targets(declared, attribute, catalogue)
    if not found:
        return attribute.kind is Kind.SCALAR and attribute.name.endswith(KEY_SUFFIX)
    return ANY in found or not found.isdisjoint(of_projects)
