"""The names in an event: server columns, keys of custom attributes, or what could be either (ftrack-protocol 7.4, 7.5).

Studios call custom attributes ``status``, ``type``, ``sort`` or ``link``, too, and the event tells no difference. A
name that can be either is read in both ways.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ftrack_proxy.changes.change import UNKNOWN, OldNew
from ftrack_proxy.facts.custom_attributes import CUSTOM_ATTRIBUTES
from ftrack_proxy.facts.naming import KEY_SUFFIX
from ftrack_proxy.schema.declared_types import EntityType, Kind
from ftrack_proxy.schema.names import attribute_names, foreign_key_of

_ID: Final = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Columns:
    """What an item of an event says of attributes.

    ``attributes`` maps API names to old and new values; what can only be a custom attribute stands under
    ``custom_attributes``, as two mappings by key. ``complete``: all names are told and understood. ``uncertain`` are
    attributes whose values may be those of a custom attribute of the same name. ``custom`` are the names that may be
    keys of custom attributes, each with its values; ``doubtful``: that is unlikely, because all of them are columns,
    with values as such columns have them.
    """

    attributes: Mapping[str, OldNew]
    complete: bool
    uncertain: frozenset[str]
    custom: Mapping[str, OldNew]
    doubtful: bool


def columns_of(item: Mapping[str, Any], types: Sequence[EntityType], *, is_update: bool) -> Columns:
    """Read ``keys`` and ``changes``, which may be missing or null (7.1), of an entity of the first of ``types``.

    Only updates name custom attributes: values that are set along with a new entity come in an item of their own (7.5).
    """
    changed, is_whole = _changed_columns(item)
    complete = is_whole
    takes_custom = any(CUSTOM_ATTRIBUTES in declared.attributes for declared in types)
    attributes: dict[str, OldNew] = {}
    custom: dict[str, OldNew] = {}
    either: dict[str, OldNew] = {}
    uncertain: set[str] = set()
    doubtful = True
    for column, old_new in changed.items():
        declared, names = _names(column, types)
        if not names and takes_custom:
            custom[column] = old_new
        elif not names:
            attributes[column] = old_new
            complete = False
        else:
            plain = _is_plain(declared, names)
            if takes_custom and is_update:
                either[column] = old_new
                doubtful = doubtful and plain and _fits(declared, names, old_new)
            attributes.update(dict.fromkeys(names, old_new))
            # One name alone is read in one way at a time. Of several, each may be of either kind.
            if takes_custom and (not is_whole or len(changed) > 1 if is_update else not plain):
                uncertain.update(names)
    if custom:
        attributes[CUSTOM_ATTRIBUTES] = as_mappings(custom)
    return Columns(attributes, complete and bool(changed), frozenset(uncertain), either, doubtful)


def as_mappings(custom: Mapping[str, OldNew]) -> OldNew:
    """Values of custom attributes as they stand in a change."""
    return {key: old for key, (old, _) in custom.items()}, {key: new for key, (_, new) in custom.items()}


def _changed_columns(item: Mapping[str, Any]) -> tuple[dict[str, OldNew], bool]:
    """The changed names with their values, and whether these are all."""
    changes, keys = item.get("changes"), item.get("keys")
    listed = keys if isinstance(keys, list) else []
    changed: dict[str, OldNew] = {key: (UNKNOWN, UNKNOWN) for key in listed if isinstance(key, str)}
    if not isinstance(changes, dict):
        return changed, False
    changed.update((column, _old_new(values)) for column, values in changes.items())
    return changed, (keys is None or isinstance(keys, list)) and all(isinstance(key, str) for key in listed)


def _old_new(values: object) -> OldNew:
    if isinstance(values, dict):
        return values.get("old", UNKNOWN), values.get("new", UNKNOWN)
    return UNKNOWN, UNKNOWN


def _names(column: str, types: Sequence[EntityType]) -> tuple[EntityType, tuple[str, ...]]:
    """The attributes that a name in an event can mean, by the first type that has some; of a relation also its key."""
    for declared in types:
        names = attribute_names(declared, column)
        if names:
            keys = (foreign_key_of(declared, name) for name in names)
            return declared, tuple(dict.fromkeys([*names, *(key for key in keys if key is not None)]))
    return types[0], ()


def _is_plain(declared: EntityType, names: Sequence[str]) -> bool:
    """True for a stored column. Relations and collections are called otherwise in events, if they occur at all."""
    found = [declared.attributes[name] for name in names]
    return all(attribute.kind is Kind.SCALAR and not attribute.computed for attribute in found)


def _fits(declared: EntityType, names: Sequence[str], old_new: OldNew) -> bool:
    """True if a column had a value before, and both are of its kind: ids where it holds ids."""
    old, new = old_new
    if not isinstance(old, str) or not old or not (new is None or isinstance(new, str)):
        return False
    if any(declared.attributes[name].key_of or name.endswith(KEY_SUFFIX) for name in names):
        return all(value is None or _ID.fullmatch(value) is not None for value in old_new)
    return True
