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


def bounded_name(told: object) -> Any:
    """A name or id; null stays null."""
    return told if told is None or (isinstance(told, str) and len(told) <= _LONGEST_NAME) else UNKNOWN


def _keys(told: object) -> Any:
    if told is None:
        return None
    readable = isinstance(told, list) and len(told) <= _MOST_COLUMNS and UNKNOWN not in map(bounded_name, told)
    return told if readable else UNKNOWN


def _changes(told: object) -> Any:
    if not isinstance(told, Mapping):
        return None if told is None else UNKNOWN
    if len(told) > _MOST_COLUMNS or any(len(name) > _LONGEST_NAME for name in told):
        return UNKNOWN
    return {name: _old_new(values) for name, values in told.items()}


def _old_new(told: object) -> Any:
    if not isinstance(told, Mapping):
        return None
    return {side: _value(told[side]) for side in ("old", "new") if side in told}


def _value(told: object) -> Any:
    match told:
        case None | bool():
            return told
        case str() if len(told) <= _LONGEST_VALUE:
            return told
        case int() | float() if -_GREATEST_NUMBER < told < _GREATEST_NUMBER:
            return told
    return UNKNOWN


def _parents(told: object) -> Any:
    if not isinstance(told, list) or len(told) > _MOST_PARENTS:
        return None
    return [_parent(step) for step in told]


def _parent(told: object) -> Any:
    return {name: bounded_name(told.get(name)) for name in _PLACE} if isinstance(told, Mapping) else None
