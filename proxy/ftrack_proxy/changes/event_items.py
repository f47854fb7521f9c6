"""The items of an ``ftrack.update`` event, read once (ftrack-protocol 7.1 to 7.4).

Handlers in the wild read every member defensively, because every member has been seen missing. What has changed, and
which own writes have come back, are both made from these values.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeAlias

from ftrack_proxy.changes.bounded_values import bounded_entity
from ftrack_proxy.changes.event_columns import Columns, columns_of
from ftrack_proxy.facts.event_tables import PROJECT_TABLE, TYPES_BY_OBJECT_TYPE
from ftrack_proxy.facts.type_names import PROJECT
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import EntityType
from ftrack_proxy.schema.names import is_unlisted, types_in_event
from ftrack_proxy.schema.per_catalogue import per_catalogue
from ftrack_proxy.values.collation import is_certain_id

RowKey: TypeAlias = tuple[str, str]
"""The family of a row and its id."""


class ItemAction(Enum):
    """What an event says has been done to a row (7.1)."""

    ADD = "add"
    UPDATE = "update"
    REMOVE = "remove"
    MOVE = "move"
    ENCODED = "encoded"


_TYPES_BY_OBJECT_TYPE: Final = {fact.object_type: fact.type_name for fact in TYPES_BY_OBJECT_TYPE}
_ACTIONS: Final = {action.value: action for action in ItemAction}


@dataclass(frozen=True, slots=True)
class Ancestor:
    """A row above another one. ``family`` is empty if its names tell none, or the path is not whole."""

    entity_id: str
    family: str = ""


@dataclass(frozen=True, slots=True)
class EventItem:
    """One row of which an event tells.

    ``families`` are all that its names can mean; ``entity_id`` is ``None`` if it may be any row of them.
    ``declared_type`` is the API's name of its type, where it is told. ``ancestors`` stand nearest first. ``rows`` are
    those that the item names, with the id as it is written.
    """

    action: ItemAction
    families: frozenset[str]
    entity_id: str | None
    declared_type: str | None
    columns: Columns
    ancestors: tuple[Ancestor, ...]
    rows: tuple[RowKey, ...]


@dataclass(frozen=True, slots=True)
class UnreadableItem:
    """An item of which it is not understood what was done to what: anything, perhaps. ``rows`` are what it may name."""

    rows: tuple[RowKey, ...] = ()


Item: TypeAlias = EventItem | UnreadableItem


def read_items(data: object, catalogue: Catalogue | None) -> tuple[Item, ...]:
    """Read the ``data`` of an event: all items, in order; one entity may have several (7.5)."""
    entities = entities_in(data)
    if catalogue is None or entities is None:
        return (UnreadableItem(),)
    return tuple(
        [
            _item(bounded_entity(entity), catalogue) if isinstance(entity, dict) else UnreadableItem()
            for entity in entities
        ]
    )


def entities_in(data: object) -> list[Any] | None:
    """The items of an event as they came, if it has any that can be told apart."""
    entities = data.get("entities") if isinstance(data, dict) else None
    return entities if isinstance(entities, list) else None


def rows_in(items: Iterable[Item]) -> list[RowKey]:
    """The rows that items name, under every family that their names can mean."""
    return list(dict.fromkeys(row for item in items for row in item.rows))


@dataclass(frozen=True, slots=True)
class _Meaning:
    """What the names of a row can mean. ``has_id``: rows of all these types are told apart by one id."""

    types: tuple[EntityType, ...]
    families: tuple[str, ...]
    has_id: bool


@per_catalogue
def _meaning_of(catalogue: Catalogue, names: tuple[str, ...]) -> _Meaning:
    types = tuple([catalogue.types[name] for name in names])
    families = tuple(dict.fromkeys(catalogue.family_of[name] for name in names))
    return _Meaning(types, families, all(len(declared.primary_key) == 1 for declared in types))


def _item(entity: Mapping[str, Any], catalogue: Catalogue) -> Item:
    types = _types(entity, catalogue)
    name = entity.get("action")
    action = _ACTIONS.get(name) if isinstance(name, str) else None
    identity = entity.get("entityId")
    if not types or action is None:
        return UnreadableItem(_rows(_families_named(entity, catalogue), identity))
    meaning = _meaning_of(catalogue, types)
    declared = entity.get("entity_type")
    return EventItem(
        action,
        frozenset(meaning.families),
        # Not a list, which AYON has met, nor that of a row with a composite key (7.1), nor one that may be another's in
        # other words: any row then.
        identity if meaning.has_id and isinstance(identity, str) and is_certain_id(identity) else None,
        declared if isinstance(declared, str) else None,
        columns_of(entity, meaning.types, is_update=action is ItemAction.UPDATE),
        tuple(_ancestors(entity, catalogue)),
        _rows(meaning.families, identity),
    )


def _rows(families: Iterable[str], identity: object) -> tuple[RowKey, ...]:
    return tuple([(family, identity) for family in families]) if isinstance(identity, str) and identity else ()


def _types(entity: Mapping[str, Any], catalogue: Catalogue) -> tuple[str, ...]:
    """The types that an item names, the most telling first; empty if a name is missing or not known.

    ``entity_type`` is the API's name and missing on old servers, ``entityType`` the table's; timers can be
    told by ``objectTypeId`` alone (7.3). Both names count: where they differ, both families may have changed.
    """
    table = entity.get("entityType")
    declared = entity.get("entity_type")
    types = types_in_event(table, catalogue) if isinstance(table, str) else ()
    if not types:
        return ()
    by_object_type = _TYPES_BY_OBJECT_TYPE.get(str(entity.get("objectTypeId")))
    if by_object_type is not None and by_object_type in catalogue.types:
        types = (by_object_type, *types)
    if declared is None:
        return types
    if isinstance(declared, str) and declared in catalogue.types:
        return (declared, *types)
    named = types_in_event(declared, catalogue) if isinstance(declared, str) else ()
    # Rows that no schema shows cannot have a known type name; the table's name is all there is.
    return (*named, *types) if named or is_unlisted(str(table)) else ()


def _families_named(step: Mapping[str, Any], catalogue: Catalogue) -> Sequence[str]:
    """The families that either name of a row can mean."""
    families: dict[str, None] = {}
    for name in (step.get("entity_type"), step.get("entityType")):
        if isinstance(name, str):
            families.update(dict.fromkeys(_meaning_of(catalogue, types_in_event(name, catalogue)).families))
            if name in catalogue.family_of:
                families[catalogue.family_of[name]] = None
    return list(families)


def _ancestors(entity: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Ancestor]:
    """What is above a row, nearest first. The first of ``parents`` is the entity itself (7.1).

    A path with a gap, or that does not end at a project, counts as not known: its families are empty.
    """
    parents = entity.get("parents")
    steps = [entity, *(parents if isinstance(parents, list) else ())]
    above: dict[str, str] = {}
    is_whole = _is_project(steps[-1])
    following: object = None
    for step in steps:
        found = step.get("entityId") if isinstance(step, dict) else None
        if not isinstance(found, str):
            is_whole = False
            continue
        if found != entity.get("entityId"):
            is_whole = is_whole and following in (None, found)
            above[found] = _family_above(step, catalogue)
        following = step.get("parentId") or None
    parent_id = entity.get("parentId")
    if isinstance(parent_id, str) and parent_id and parent_id not in above:
        yield Ancestor(parent_id)
    elif not is_whole:
        above = dict.fromkeys(above, "")
    for identity, family in above.items():
        yield Ancestor(identity, family)


def _is_project(step: object) -> bool:
    return isinstance(step, dict) and (step.get("entity_type") == PROJECT or step.get("entityType") == PROJECT_TABLE)


def _family_above(parent: Mapping[str, Any], catalogue: Catalogue) -> str:
    """The family of a step of the path upwards; empty if its names are not known, or not of one family."""
    families = _families_named(parent, catalogue)
    return families[0] if len(families) == 1 else ""
