"""The operations of a batch, read once into what they write (ftrack-protocol 2.3).

What a batch may change, which events it should bring, and what its answer tells of its rows are all made from these
values; nobody looks into an operation a second time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, assert_never

from ftrack_proxy.changes.change import UNKNOWN
from ftrack_proxy.facts.actions import ACTIONS, Effect
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, EntityType, Kind
from ftrack_proxy.schema.names import foreign_key_of, relations_on
from ftrack_proxy.schema.per_catalogue import per_catalogue
from ftrack_proxy.values.collation import is_certain_id

_READS: Final = frozenset(action.name for action in ACTIONS if action.effect is Effect.NONE)
# The families that other actions may change; None for anything, as for an action that is not listed.
_FAMILIES: Final = {
    action.name: None if action.effect is Effect.ANYTHING else action.families
    for action in ACTIONS
    if action.effect is not Effect.ENTITY
}
# Levels of entities inside entities that are looked at.
_DEPTH: Final = 20
_TYPE: Final = "__entity_type__"


@dataclass(frozen=True, slots=True)
class RowName:
    """The row that an operation is about: its type, the family of that, and its primary key as the operation writes it.

    ``key`` has one text for each attribute of the primary key (5.6); it is empty if the operation does not name one
    that can be read.
    """

    type_name: str
    family: str
    key: tuple[str, ...] = ()

    @property
    def entity_id(self) -> str | None:
        """The row's id; none for a composite key, and for an id that ftrack may write otherwise."""
        return self.key[0] if len(self.key) == 1 and is_certain_id(self.key[0]) else None


@dataclass(frozen=True, slots=True)
class CollectionWrite:
    """A collection or mapped array that is given other members; ``is_emptied``: none at all."""

    attribute: Attribute
    is_emptied: bool


@dataclass(frozen=True, slots=True)
class NestedEntity:
    """An entity inside another's data. ``members`` are the names in it beside its type and key: with none it is a mere
    reference. ``is_referred``: it stands under a scalar relation, whose foreign key is written by it."""

    type_name: str
    family: str
    members: frozenset[str]
    is_referred: bool
    relations: Relations


@dataclass(frozen=True, slots=True)
class Relations:
    """What stands under the relations in an entity's data. ``is_readable`` is false if an entity there is of no known
    type, or stands too deep inside others: the operation may write anything then."""

    collections: tuple[CollectionWrite, ...] = ()
    nested: tuple[NestedEntity, ...] = ()
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class EntityData:
    """The ``entity_data`` of a create or update.

    ``sent`` is that data itself. ``attributes`` are its values by API name: a reference is its id, and ``UNKNOWN``
    stands for what is no plain value; a foreign key and the relations on it stand for each other, because clients send
    either (2.3). ``scalars`` are the plain values that were sent as such. ``is_complete``: the schema knows all names.
    """

    sent: Mapping[str, Any]
    attributes: Mapping[str, Any]
    scalars: Mapping[str, Any]
    is_complete: bool
    relations: Relations


@dataclass(frozen=True, slots=True)
class Create:
    row: RowName
    data: EntityData


@dataclass(frozen=True, slots=True)
class Update:
    row: RowName
    data: EntityData


@dataclass(frozen=True, slots=True)
class Delete:
    row: RowName


@dataclass(frozen=True, slots=True)
class OtherAction:
    """Any other operation, with the families of which it may change rows; ``None`` for anything."""

    name: str
    families: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class UnreadableOperation:
    """What is no operation, or not one whose row and data are understood: it may write anything. ``action`` is its name
    if it has one."""

    action: str | None


Write: TypeAlias = Create | Update | Delete | OtherAction | UnreadableOperation


def read_writes(operations: Sequence[object], catalogue: Catalogue | None) -> tuple[Write, ...]:
    """Read what a batch writes: one value for each operation, in order. Without a schema no row is understood."""
    return tuple([_write(operation, catalogue) for operation in operations])


def action_of(write: Write) -> str | None:
    """The name of an operation's action, if it has one."""
    match write:
        case Create():
            return "create"
        case Update():
            return "update"
        case Delete():
            return "delete"
        case OtherAction(name):
            return name
        case UnreadableOperation(action):
            return action
        case _:  # pragma: no cover - the type checker proves it
            assert_never(write)


def only_reads(writes: Sequence[Write]) -> bool:
    """True if a batch certainly does nothing. One that changes nothing we know of may still send a mail, say."""
    return all(isinstance(write, OtherAction) and write.name in _READS for write in writes)


def _write(operation: object, catalogue: Catalogue | None) -> Write:
    action = operation.get("action") if isinstance(operation, dict) else None
    if not isinstance(action, str) or not isinstance(operation, dict):
        return UnreadableOperation(None)
    if action not in ("create", "update", "delete"):
        families = _FAMILIES.get(action)
        return OtherAction(action, None if families and catalogue is None else families)
    name, data = operation.get("entity_type"), operation.get("entity_data")
    declared = catalogue.types.get(name) if catalogue is not None and isinstance(name, str) else None
    if declared is None or catalogue is None:
        return UnreadableOperation(action)
    family = catalogue.family_of[declared.name]
    if action == "delete":
        return Delete(RowName(declared.name, family, _key(operation.get("entity_key"), None, declared)))
    if not isinstance(data, dict):
        return UnreadableOperation(action)
    row = RowName(declared.name, family, _key(operation.get("entity_key"), data, declared))
    return (Create if action == "create" else Update)(row, _entity_data(data, declared, catalogue))


def _key(key: object, data: Mapping[str, Any] | None, declared: EntityType) -> tuple[str, ...]:
    """A primary key: a list, from JavaScript also a bare text, or in the data of a create."""
    parts = key if isinstance(key, list) else [key]
    if data is not None and parts == [None]:
        parts = [data.get(name) for name in declared.primary_key]
    if len(parts) != len(declared.primary_key) or not all(isinstance(part, str) for part in parts):
        return ()
    return tuple(parts)


def _entity_data(data: Mapping[str, Any], declared: EntityType, catalogue: Catalogue) -> EntityData:
    attributes: dict[str, Any] = {}
    scalars: dict[str, Any] = {}
    is_complete = True
    for name, value in data.items():
        if name == _TYPE:
            continue
        attribute = declared.attributes.get(name)
        if attribute is None:
            is_complete = False
            attributes[name] = UNKNOWN
            continue
        attributes[name] = written = _value(attribute, value)
        for other in _other_names(catalogue, declared.name, name):
            attributes[other] = written
        if attribute.kind is Kind.SCALAR and written is not UNKNOWN:
            scalars[name] = value
    return EntityData(data, attributes, scalars, is_complete, _relations(data, declared, catalogue, 0))


@per_catalogue
def _other_names(catalogue: Catalogue, type_name: str, name: str) -> tuple[str, ...]:
    """The foreign key of a relation, or the relations on a foreign key: they are written along."""
    declared = catalogue.types[type_name]
    if declared.attributes[name].kind is not Kind.REFERENCE:
        return relations_on(declared, name)
    key = foreign_key_of(declared, name)
    return () if key is None else (key,)


def _value(attribute: Attribute, value: object) -> object:
    """A plain value, of a reference the id inside; null stays null."""
    if value is None:
        return None
    if attribute.kind is Kind.REFERENCE:
        found = value.get("id") if isinstance(value, dict) else None
        return found if isinstance(found, str) else UNKNOWN
    return value if isinstance(value, (str, int, float)) else UNKNOWN


def _relations(data: Mapping[str, Any], declared: EntityType, catalogue: Catalogue, depth: int) -> Relations:
    collections: list[CollectionWrite] = []
    nested: list[NestedEntity] = []
    for name, value in data.items():
        attribute = declared.attributes.get(name)
        if attribute is not None and attribute.kind in (Kind.COLLECTION, Kind.MAPPED):
            collections.append(CollectionWrite(attribute, is_emptied=not value))
        for item in _entities(value):
            inner = catalogue.types.get(str(item[_TYPE]))
            if inner is None or depth == _DEPTH:
                return Relations(is_readable=False)
            below = _relations(item, inner, catalogue, depth + 1)
            if not below.is_readable:
                return below
            members = item.keys() - {_TYPE, *inner.primary_key}
            is_referred = attribute is not None and attribute.kind is Kind.REFERENCE
            family = catalogue.family_of[inner.name]
            nested.append(NestedEntity(inner.name, family, frozenset(members), is_referred, below))
    return Relations(tuple(collections), tuple(nested)) if collections or nested else _NONE


_NONE: Final = Relations()


def _entities(value: object) -> Iterator[Mapping[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and _TYPE in item:
            yield item
