"""Names: what events and columns are called against what the API calls them (ftrack-protocol 5.7, 5.8,
7.3)."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from ftrack_proxy.facts.event_tables import UNLISTED_TABLES
from ftrack_proxy.facts.naming import KEY_SUFFIX
from ftrack_proxy.facts.references import IRREGULAR_KEYS
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import EntityType, Kind

_UNLISTED: Final = {table.name: table.types for table in UNLISTED_TABLES}
_KEYS_OF_OWNERS: Final = {(fact.owner, fact.relation): fact.key for fact in IRREGULAR_KEYS if fact.owner}
_KEYS_BY_SUFFIX: Final = {fact.suffix: fact.key for fact in IRREGULAR_KEYS if fact.suffix}
_KEYS: Final = {fact.relation: fact.key for fact in IRREGULAR_KEYS if not fact.owner and not fact.suffix}


def as_event_name(name: str) -> str:
    """A table or type name as names in events are compared: lower case, without underscores (7.3)."""
    return name.replace("_", "").lower()


def types_in_event(name: str, catalogue: Catalogue) -> tuple[str, ...]:
    """The types that an event's ``entityType`` can mean; empty if none is known (7.3)."""
    key = as_event_name(name)
    found = catalogue.event_names.get(key)
    if found is None:
        found = tuple(other for other in _UNLISTED.get(key, ()) if other in catalogue.types)
    return found


def is_unlisted(name: str) -> bool:
    """Whether an event's ``entityType`` names rows that no schema document shows."""
    return as_event_name(name) in _UNLISTED


def attribute_names(entity_type: EntityType, column: str) -> tuple[str, ...]:
    """The attributes behind a server column; empty if there is none (then perhaps a custom attribute, 7.4).

    The map is per type: ``typeid``, ``user``, ``entity`` mean different things. A column without an alias
    is an attribute of the same name, unless that attribute's own column is another (``created_by`` of a
    task is ``created_by_id``); names that are already the API's are taken as they are.
    """
    found = entity_type.columns.get(column)
    if found is not None:
        return found
    return (column,) if column in entity_type.attributes else ()


def foreign_key_of(entity_type: EntityType, relation: str) -> str | None:
    """The attribute that holds a scalar relation's foreign key; None if no attribute does (5.8)."""
    attribute = entity_type.attributes.get(relation)
    if attribute is None or attribute.kind is not Kind.REFERENCE:
        return None
    if attribute.key_of:
        return relation  # DashboardResource.dashboard_id carries the reference itself.
    for candidate in _candidates(entity_type.name, relation):
        found = entity_type.attributes.get(candidate)
        if found is not None and (found.kind is Kind.SCALAR or found.key_of) and not found.computed:
            return candidate
    return None


@lru_cache(maxsize=4096)
def _candidates(type_name: str, relation: str) -> tuple[str, ...]:
    """What the foreign key of a relation may be called, the likeliest first."""
    own = _KEYS_OF_OWNERS.get((type_name, relation))
    if own is not None:
        return (own,)
    regular = relation + KEY_SUFFIX
    by_suffix = next((key for suffix, key in _KEYS_BY_SUFFIX.items() if type_name.endswith(suffix)), None)
    other = by_suffix or _KEYS.get(relation)
    return (regular,) if other is None else (regular, other)


def relations_on(entity_type: EntityType, key: str) -> tuple[str, ...]:
    """The scalar relations that hang on a foreign key: ``status_id`` -> ``status``."""
    return tuple(
        name
        for name, attribute in entity_type.attributes.items()
        if attribute.kind is Kind.REFERENCE and name != key and foreign_key_of(entity_type, name) == key
    )
