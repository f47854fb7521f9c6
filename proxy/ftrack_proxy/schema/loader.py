"""A schema document to a catalogue (ftrack-protocol 5.1 to 5.3). It comes over the network and may be anything."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, EntityType, Kind
from ftrack_proxy.schema.families import families_of, subtypes_of
from ftrack_proxy.schema.names import as_event_name

_FOREIGN_KEY: Final = re.compile(r"(\w+)\.\w+")


def load_catalogue(document: Sequence[Mapping[str, Any]]) -> Catalogue:
    """Build a catalogue from the list that ``query_schemas`` answers.

    Raises:
        ValueError: it is no such list.
    """
    if not isinstance(document, Sequence) or isinstance(document, (str, bytes)):
        raise ValueError("a schema document is a list")
    try:
        schemas = {_text(schema["id"]): schema for schema in document}
        mixins = {name: mixin for name, schema in schemas.items() if (mixin := _mixin(schema)) is not None}
        types = {name: _entity_type(name, schemas, mixins) for name in schemas}
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"not a schema document: {problem!r}") from problem
    if not types:
        raise ValueError("a schema document without types")
    tables = {name: entity_type.table for name, entity_type in types.items()}
    subtypes = subtypes_of(tables, mixins, _masters(schemas))
    return Catalogue(types, families_of(tables, subtypes), subtypes, _event_names(schemas))


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError(f"expected a name, found {value!r}")
    return value


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"expected a list of names, found {value!r}")
    return tuple(_text(item) for item in value)


def _mixin(schema: Mapping[str, Any]) -> str | None:
    """The base type that newer schemas declare (5.1)."""
    mixin = schema.get("$mixin")
    return None if mixin is None else _text(mixin["$ref"])


def _table(schema: Mapping[str, Any]) -> str:
    alias = schema.get("alias_for")
    if alias is None:
        return _text(schema["id"])
    return _text(alias) if isinstance(alias, str) else _text(alias["id"])


def _masters(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """Table -> the type that means every row of it: the string alias next to classified ones (5.3)."""
    classified = {_table(schema) for schema in schemas.values() if isinstance(schema.get("alias_for"), Mapping)}
    return {
        _table(schema): name
        for name, schema in schemas.items()
        if isinstance(schema.get("alias_for"), str) and _table(schema) in classified
    }


def _event_names(schemas: Mapping[str, Mapping[str, Any]]) -> dict[str, tuple[str, ...]]:
    """Names in events -> types: string aliases first, then type names (7.3)."""
    aliases: dict[str, list[str]] = {}
    ids: dict[str, list[str]] = {}
    for name, schema in schemas.items():
        ids.setdefault(as_event_name(name), []).append(name)
        if isinstance(schema.get("alias_for"), str):
            aliases.setdefault(as_event_name(schema["alias_for"]), []).append(name)
    return {key: tuple(names) for key, names in (ids | aliases).items()}


def _entity_type(name: str, schemas: Mapping[str, Mapping[str, Any]], mixins: Mapping[str, str]) -> EntityType:
    schema = schemas[name]
    computed: set[str] = set()
    properties: dict[str, Mapping[str, Any]] = {}
    for level in _levels(name, schemas, mixins):
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


def _levels(name: str, schemas: Mapping[str, Mapping[str, Any]], mixins: Mapping[str, str]) -> list[Mapping[str, Any]]:
    """The type's own document, then those of its declared bases: what is not repeated is inherited."""
    levels: list[Mapping[str, Any]] = []
    seen: set[str] = set()
    level: str | None = name
    while level is not None and level in schemas and level not in seen:
        seen.add(level)
        levels.append(schemas[level])
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
