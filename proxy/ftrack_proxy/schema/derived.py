"""Which attributes and rows are made from others under one schema (ftrack-protocol 5.5, 7.6).

The rows that a value comes from are usually not in the answer (the ancestors of a ``link``), so no ids narrow it.
"""

from __future__ import annotations

from typing import Final

from ftrack_proxy.facts.custom_attributes import CUSTOM_ATTRIBUTE_OWNERS
from ftrack_proxy.facts.derived_values import DERIVED_ROWS, DERIVED_VALUES, SECOND_NAMES, VOLATILE_VALUES, Sources
from ftrack_proxy.facts.type_names import ANY, VALUE
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute

_ATTRIBUTES: Final = {
    (value.family, attribute): value.made_from for value in DERIVED_VALUES for attribute in value.attributes
}
_ROWS: Final = {rows.family: rows.made_from for rows in DERIVED_ROWS}
_SECOND_NAMES: Final = {second.name: second.attribute for second in SECOND_NAMES}
_VALUES_OF_OWNERS: Final = {
    owner.prefix + VALUE: owner.values_from for owner in CUSTOM_ATTRIBUTE_OWNERS if owner.values_from
}
_VALUES_OF_ANY_OWNER: Final = frozenset[tuple[str, str]]().union(*_VALUES_OF_OWNERS.values())
_VOLATILE_TYPES: Final = frozenset(v.type_name for v in VOLATILE_VALUES if v.attribute == ANY and v.value_type is None)
_VOLATILE_ATTRIBUTES: Final = frozenset((v.type_name, v.attribute) for v in VOLATILE_VALUES if v.attribute != ANY)
_VOLATILE_KINDS: Final = frozenset(v.value_type for v in VOLATILE_VALUES if v.value_type is not None)


def sources_of_type(type_name: str, catalogue: Catalogue) -> Sources:
    """What the rows of a type are made from, beside their own table: custom values also from what their owners
    inherit."""
    if type_name.endswith(VALUE):
        return _known(_VALUES_OF_OWNERS.get(type_name, _VALUES_OF_ANY_OWNER) | _ROWS[VALUE], catalogue)
    return _known(_ROWS.get(catalogue.family_of.get(type_name, ""), frozenset()), catalogue)


def sources_of(type_name: str, attribute: str, catalogue: Catalogue) -> Sources:
    """What an attribute is made from; empty if it is a plain column or relation."""
    return _known(_entry(type_name, attribute, catalogue) or frozenset(), catalogue)


def is_volatile(type_name: str, attribute: Attribute, catalogue: Catalogue) -> bool:
    """Whether a value follows the clock or the caller, so that nothing tells of a new one.

    A computed attribute of which it is not known what it is made from may do so.
    """
    if type_name in _VOLATILE_TYPES or attribute.value_type in _VOLATILE_KINDS:
        return True
    if (type_name, attribute.name) in _VOLATILE_ATTRIBUTES:
        return True
    return attribute.computed and _entry(type_name, attribute.name, catalogue) is None


def _entry(type_name: str, attribute: str, catalogue: Catalogue) -> Sources | None:
    name = _SECOND_NAMES.get(attribute, attribute)
    found = _ATTRIBUTES.get((catalogue.family_of.get(type_name, type_name), name))
    return _ATTRIBUTES.get((ANY, name)) if found is None else found


def _known(sources: Sources, catalogue: Catalogue) -> Sources:
    """Leave out types that this workspace's document does not have."""
    return frozenset(source for source in sources if source[0] in catalogue.types)
