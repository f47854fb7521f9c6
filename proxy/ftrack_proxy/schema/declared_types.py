"""What a schema document declares of entity types and their attributes (ftrack-protocol 5.1, 5.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """What an attribute holds: a value, one entity, a list of entities, or a list that clients show as a
    mapping."""

    SCALAR = "scalar"
    REFERENCE = "reference"
    COLLECTION = "collection"
    MAPPED = "mapped"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a type. ``target`` is the type that a relation leads to, ``alias`` the server's
    column, ``key_of`` the types that a foreign key can point to, ``value_type`` the scalar's type in the
    document, ``pair`` the item's attributes that are key and value of a mapped array."""

    name: str
    kind: Kind
    target: str | None = None
    alias: str | None = None
    computed: bool = False
    restricted: bool = False
    value_type: str | None = None
    value_format: str | None = None
    key_of: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()

    @property
    def is_opaque(self) -> bool:
        """A value with an inside that paths may enter but that no other row stands behind (URLs, JSON,
        4.3)."""
        return self.kind is Kind.SCALAR and (self.value_type in ("object", "variable") or self.value_format == "json")


@dataclass(frozen=True, slots=True)
class EntityType:
    """One type of the document. ``columns`` maps the server's names to attribute names (5.7); one column
    can stand behind several attributes. ``system_projections`` are attribute names, classifiers included,
    without those that have no property."""

    name: str
    attributes: Mapping[str, Attribute]
    primary_key: tuple[str, ...]
    default_projections: tuple[str, ...]
    system_projections: tuple[str, ...]
    table: str
    columns: Mapping[str, tuple[str, ...]]
