"""Events to changes (ftrack-protocol 7.1 to 7.4, 7.9). What cannot be read may mean anything, and then it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Final, assert_never

from ftrack_proxy.changes.bounded_values import bounded_name
from ftrack_proxy.changes.change import Change, ChangeKind, ChangeSource, anything
from ftrack_proxy.changes.event_columns import Columns, as_mappings
from ftrack_proxy.changes.event_items import EventItem, Item, ItemAction, UnreadableItem
from ftrack_proxy.changes.reach import cascade, changes_hands, changes_rights, moves
from ftrack_proxy.changes.side_effects import side_effects
from ftrack_proxy.facts.custom_attributes import CUSTOM_ATTRIBUTES
from ftrack_proxy.facts.event_tables import ENCODED_ALONG, LOCATION_TOPICS
from ftrack_proxy.facts.type_names import COMPONENT, COMPONENT_LOCATION, CONTEXT
from ftrack_proxy.schema.catalogue import Catalogue

_KINDS: Final[Mapping[ItemAction, ChangeKind]] = {
    ItemAction.ADD: ChangeKind.ADDED,
    ItemAction.UPDATE: ChangeKind.UPDATED,
    ItemAction.REMOVE: ChangeKind.REMOVED,
    ItemAction.MOVE: ChangeKind.MOVED,
    ItemAction.ENCODED: ChangeKind.UPDATED,
}
_ENCODED: Final = frozenset(along.family for along in ENCODED_ALONG)
_ARRIVES: Final = {topic.name: topic.arrives for topic in LOCATION_TOPICS}


def changes_of_items(items: Iterable[Item], catalogue: Catalogue | None) -> list[Change]:
    """What the items of an ``ftrack.update`` event tell of; ``catalogue`` is the one by which they were read."""
    if catalogue is None:
        return [anything(ChangeSource.HUB_EVENT) for _ in items]
    return [change for item in items for change in _changes_of(item, catalogue)]


def _changes_of(item: Item, catalogue: Catalogue) -> list[Change]:
    match item:
        case EventItem():
            return _changes_of_row(item, catalogue)
        case UnreadableItem():
            return [anything(ChangeSource.HUB_EVENT)]
        case _:  # pragma: no cover - the type checker proves it
            assert_never(item)


def _changes_of_row(item: EventItem, catalogue: Catalogue) -> list[Change]:
    kind, families, columns = _KINDS[item.action], item.families, item.columns
    attributes = columns.attributes
    change = Change(
        kind=kind,
        families=families,
        entity_id=item.entity_id,
        entity_type=item.declared_type,
        attributes=attributes,
        ancestors=tuple([above.entity_id for above in item.ancestors]),
        ancestor_families=tuple([above.family for above in item.ancestors]),
        source=ChangeSource.HUB_EVENT,
        attributes_complete=columns.complete and item.action is ItemAction.UPDATE,
        uncertain=columns.uncertain,
    )
    if columns.custom and change.attributes_complete:
        change = replace(change, otherwise=_of_custom_attributes(change, columns))
    is_update = item.action is ItemAction.UPDATE
    hidden = not attributes and CONTEXT in families
    if kind is ChangeKind.MOVED or (is_update and (hidden or moves(families, attributes))):
        return [_everything(change, ChangeKind.MOVED)]
    if changes_rights(families, attributes if is_update else ()):
        return [_everything(change, change.kind)]
    if kind is ChangeKind.REMOVED:
        return [change, *cascade(change, catalogue), *side_effects(change, catalogue, own=False)]
    if item.action is ItemAction.ENCODED:
        # Encoding finished: components and a thumbnail have appeared, told by no event of their own (7.1).
        known = _ENCODED & frozenset(catalogue.family_of.values())
        return [change, Change(ChangeKind.UNKNOWN, known, source=ChangeSource.HUB_EVENT)]
    return [change, *changes_hands(change, catalogue), *side_effects(change, catalogue, own=False)]


def _everything(change: Change, kind: ChangeKind) -> Change:
    return Change(
        kind,
        None,
        change.entity_id,
        change.entity_type,
        change.attributes,
        change.ancestors,
        change.ancestor_families,
        change.source,
        change.attributes_complete,
    )


def _of_custom_attributes(change: Change, columns: Columns) -> Change:
    """The same change, if its names are those of custom attributes."""
    custom = {CUSTOM_ATTRIBUTES: as_mappings(columns.custom)}
    return replace(change, attributes=custom, uncertain=frozenset(), doubtful=columns.doubtful)


def changes_of_location_event(topic: str, data: object, catalogue: Catalogue | None) -> list[Change]:
    """A client told that a component reached or left a location (7.9): the pair, and the component's own
    values."""
    arrives = _ARRIVES.get(topic)
    if arrives is None or catalogue is None:
        return [anything(ChangeSource.LOCATION_EVENT)]
    pair = {name: _id_in(data, name) for name in ("component_id", "location_id")}
    kind = ChangeKind.ADDED if arrives else ChangeKind.REMOVED
    ids = {name: value for name, value in pair.items() if value is not None}
    attributes = {name: (None, value) if arrives else (value, None) for name, value in ids.items()}
    source = ChangeSource.LOCATION_EVENT
    return [
        Change(kind, frozenset({COMPONENT_LOCATION}), None, COMPONENT_LOCATION, attributes, source=source),
        Change(ChangeKind.UPDATED, frozenset({COMPONENT}), pair["component_id"], COMPONENT, source=source),
    ]


def _id_in(data: object, name: str) -> str | None:
    found = bounded_name(data.get(name)) if isinstance(data, Mapping) else None
    return found if isinstance(found, str) and found else None
