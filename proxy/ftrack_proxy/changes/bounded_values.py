"""What an event says of an entity, bounded: clients can publish events, and every change is kept and compared often.

A text, list or mapping that is longer than any real one, and a value that is not plain, is replaced by ``UNKNOWN``: it
is there, and it cannot be read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from ftrack_proxy.changes.change import UNKNOWN

_LONGEST_NAME: Final = 200
_LONGEST_VALUE: Final = 1_000
_GREATEST_NUMBER: Final = 2**63
_MOST_COLUMNS: Final = 100
_MOST_PARENTS: Final = 100
_PLACE: Final = ("entityId", "entityType", "entity_type", "parentId")


def bounded_entity(entity: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an item of ``ftrack.update`` that are read (ftrack-protocol 7.1), and no others."""
    found = {name: bounded_name(entity.get(name)) for name in (*_PLACE, "objectTypeId", "action")}
    found["keys"] = _keys(entity.get("keys"))
    found["changes"] = _changes(entity.get("changes"))
    found["parents"] = _parents(entity.get("parents"))
    return found


def bounded_name(value: object) -> Any:
    """A name or id; null stays null."""
    return value if value is None or (isinstance(value, str) and len(value) <= _LONGEST_NAME) else UNKNOWN


def _keys(value: object) -> Any:
    if value is None:
        return None
    readable = isinstance(value, list) and len(value) <= _MOST_COLUMNS and UNKNOWN not in map(bounded_name, value)
    return value if readable else UNKNOWN


def _changes(value: object) -> Any:
    if not isinstance(value, dict):
        return None if value is None else UNKNOWN
    if len(value) > _MOST_COLUMNS or any(len(name) > _LONGEST_NAME for name in value):
        return UNKNOWN
    return {name: _old_new(sides) for name, sides in value.items()}


def _old_new(value: object) -> Any:
    if not isinstance(value, dict):
        return None
    return {side: _value(value[side]) for side in ("old", "new") if side in value}


def _value(value: object) -> Any:
    match value:
        case None | bool():
            return value
        case str() if len(value) <= _LONGEST_VALUE:
            return value
        case int() | float() if -_GREATEST_NUMBER < value < _GREATEST_NUMBER:
            return value
    return UNKNOWN


def _parents(value: object) -> Any:
    if not isinstance(value, list) or len(value) > _MOST_PARENTS:
        return None
    return [_parent(step) for step in value]


def _parent(value: object) -> Any:
    return {name: bounded_name(value.get(name)) for name in _PLACE} if isinstance(value, dict) else None
