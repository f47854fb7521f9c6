"""The schema document as lookups: types, their attributes, what each attribute leads to (ftrack-protocol
5.1, 5.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final

from ftrack_proxy.schema.families import families_of, subtypes_of

_FOREIGN_KEY: Final = re.compile(r"(\w+)\.\w+")


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


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All types of one schema document. Compared and hashed by identity; ``memo`` holds what is computed
    once, ``unasked`` by type what the server was seen to answer of it though nobody asks."""

    types: Mapping[str, EntityType]
    family_of: dict[str, str]
    subtypes: Mapping[str, frozenset[str]]
    event_names: Mapping[str, tuple[str, ...]]
    memo: dict[object, Any] = field(default_factory=dict, repr=False)
    unasked: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)

    @classmethod
    def from_document(cls, schemas: Sequence[Mapping[str, Any]]) -> Catalogue:
        """Build from the list that ``query_schemas`` answers; ValueError if it is not one."""
        if not isinstance(schemas, Sequence) or isinstance(schemas, (str, bytes)):
            raise ValueError("a schema document is a list")
        try:
            documents = {_text(schema["id"]): schema for schema in schemas}
            mixins = {name: mixin for name, schema in documents.items() if (mixin := _mixin(schema)) is not None}
            types = {name: _entity_type(name, documents, mixins) for name in documents}
        except (KeyError, TypeError, AttributeError) as problem:
            raise ValueError(f"not a schema document: {problem!r}") from problem
        if not types:
            raise ValueError("a schema document without types")
        tables = {name: entity_type.table for name, entity_type in types.items()}
        subtypes = subtypes_of(tables, mixins, _masters(documents))
        family_of = families_of(tables, subtypes)
        return cls(types, family_of, subtypes, _event_names(documents))

    def note_unasked(self, names: Mapping[str, frozenset[str]]) -> bool:
        """Note what the server answers, by type, though nobody asks; true if that is news."""
        news = {name: found for name, found in names.items() if not found <= self.unasked.get(name, frozenset())}
        for name, found in news.items():
            self.unasked[name] = found | self.unasked.get(name, frozenset())
        return bool(news)

    def members(self, family: str) -> frozenset[str]:
        """The types of a family; empty if there is no such family."""
        return frozenset(name for name, other in self.family_of.items() if other == family)

    def lookup(self, type_name: str, attribute: str) -> tuple[tuple[str, Attribute], ...]:
        """Find an attribute as (type, attribute) pairs: on the type itself, else on the subtypes that have
        it.

        Attributes that only subtypes have can be used on the base (``select user from
        CustomAttributeLink``, 4.4).
        """
        key = (type_name, attribute)
        found: tuple[tuple[str, Attribute], ...] | None = self.memo.get(key)
        if found is None:
            found = self._lookup(type_name, attribute)
            if found:  # names that do not exist come from clients, without bound
                self.memo[key] = found
        return found

    def _lookup(self, type_name: str, attribute: str) -> tuple[tuple[str, Attribute], ...]:
        own = self.types[type_name].attributes.get(attribute)
        if own is not None:
            return ((type_name, own),)
        return tuple(
            (name, found)
            for name in sorted(self.subtypes[type_name])
            if (found := self.types[name].attributes.get(attribute)) is not None
        )


def normalised(name: str) -> str:
    """A table or type name as 7.3 compares it: lower case, without underscores."""
    return name.replace("_", "").lower()


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"expected a name, found {value!r}")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list of names, found {value!r}")
    return tuple(_text(item) for item in value)


def _mixin(schema: Mapping[str, Any]) -> str | None:
    """The base type that newer documents declare (5.1)."""
    mixin = schema.get("$mixin")
    return None if mixin is None else _text(mixin["$ref"])


def _table(schema: Mapping[str, Any]) -> str:
    alias = schema.get("alias_for")
    if alias is None:
        return _text(schema["id"])
    return _text(alias) if isinstance(alias, str) else _text(alias["id"])


def _masters(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Table -> the type that means every row of it: the string alias next to classified ones (5.3)."""
    classified = {_table(schema) for schema in documents.values() if isinstance(schema.get("alias_for"), Mapping)}
    return {
        _table(schema): name
        for name, schema in documents.items()
        if isinstance(schema.get("alias_for"), str) and _table(schema) in classified
    }


def _event_names(documents: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Names in events -> types: string aliases first, then type names (7.3)."""
    aliases: dict[str, list[str]] = {}
    ids: dict[str, list[str]] = {}
    for name, schema in documents.items():
        ids.setdefault(normalised(name), []).append(name)
        if isinstance(schema.get("alias_for"), str):
            aliases.setdefault(normalised(schema["alias_for"]), []).append(name)
    return {key: tuple(names) for key, names in (ids | aliases).items()}


def _entity_type(name: str, documents: Mapping[str, Mapping[str, Any]], mixins: Mapping[str, str]) -> EntityType:
    schema = documents[name]
    computed: set[str] = set()
    properties: dict[str, Mapping[str, Any]] = {}
    for level in _levels(name, documents, mixins):
        computed.update(_names(level.get("computed", [])))
        for attribute, declared in level["properties"].items():
            properties.setdefault(_text(attribute), declared)
    attributes = {key: _attribute(key, declared, key in computed) for key, declared in properties.items()}
    columns: dict[str, tuple[str, ...]] = {}
    for attribute in attributes.values():
        column = attribute.alias or attribute.name
        columns[column] = (*columns.get(column, ()), attribute.name)
    system = tuple(
        found
        for column in (*_names(schema.get("system_projections", [])), *_classifiers(schema))
        for found in columns.get(column, (column,) if column in attributes else ())
    )
    return EntityType(
        name=name,
        attributes=attributes,
        primary_key=_names(schema["primary_key"]),
        default_projections=_names(schema.get("default_projections", [])),
        system_projections=system,
        table=_table(schema),
        columns=columns,
    )


def _classifiers(schema: Mapping[str, Any]) -> tuple[str, ...]:
    """The columns by which the types of one table are told apart: they always come along, too (3.3)."""
    alias = schema.get("alias_for")
    return tuple(alias.get("classifiers", ())) if isinstance(alias, Mapping) else ()


def _levels(
    name: str, documents: Mapping[str, Mapping[str, Any]], mixins: Mapping[str, str]
) -> list[Mapping[str, Any]]:
    """The type's own document, then those of its declared bases: what is not repeated is inherited."""
    levels: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    level: str | None = name
    while level is not None and level in documents and level not in seen:
        seen.add(level)
        levels.append(documents[level])
        level = mixins.get(level)
    return levels


def _attribute(name: str, declared: Mapping[str, Any], computed: bool) -> Attribute:
    value_type = declared.get("type")
    value_format = declared.get("format")
    target: str | None = None
    kind = Kind.SCALAR
    if value_type in ("array", "mapped_array"):
        kind = Kind.COLLECTION if value_type == "array" else Kind.MAPPED
        target = _text(declared["items"]["$ref"])
    elif "$ref" in declared:
        kind = Kind.REFERENCE
        target = _text(declared["$ref"])
    alias = declared.get("alias_for")
    description = declared.get("description")
    key_of: tuple[str, ...] = ()
    if value_format == "foreign_key" and isinstance(description, str):
        key_of = tuple(dict.fromkeys(_FOREIGN_KEY.findall(description)))
    return Attribute(
        name=name,
        kind=kind,
        target=target,
        alias=None if alias is None else _text(alias),
        computed=computed,
        restricted=declared.get("restricted_projection") is True,
        value_type=value_type,
        value_format=value_format,
        key_of=key_of,
        pair=_pair(declared.get("key_value_attributes")),
    )


def _pair(declared: object) -> tuple[str, ...]:
    if not isinstance(declared, Mapping):
        return ()
    return tuple(dict.fromkeys(_text(name) for name in declared.values()))
