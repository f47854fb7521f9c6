"""Events to changes (ftrack-protocol 7.1 to 7.4, 7.9).

Handlers in the wild read every member defensively, because every member has been seen missing. What cannot be
read may mean anything, and then it does.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, Final

from ftrack_proxy.changes.bounded_values import bounded_entity, bounded_name
from ftrack_proxy.changes.change import Change, ChangeKind, ChangeSource, anything
from ftrack_proxy.changes.event_columns import CUSTOM, Columns, as_mappings, columns_of
from ftrack_proxy.changes.reach import cascade, changes_hands, changes_rights, moves
from ftrack_proxy.changes.side_effects import side_effects
from ftrack_proxy.facts.type_names import COMPONENT, CONTEXT
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.names import is_unlisted, types_in_event
from ftrack_proxy.values.collation import is_certain_id

_KINDS: Final[Mapping[str, ChangeKind]] = {
    "add": ChangeKind.ADDED,
    "update": ChangeKind.UPDATED,
    "remove": ChangeKind.REMOVED,
    "move": ChangeKind.MOVED,
}
_ENCODED: Final = frozenset({"AssetVersion", COMPONENT, "ComponentLocation", "Job", "JobComponent"})
_LOCATION_TOPICS: Final[Mapping[str, ChangeKind]] = {
    "ftrack.location.component-added": ChangeKind.ADDED,
    "ftrack.location.component-removed": ChangeKind.REMOVED,
}


def changes_of_update_event(data: object, catalogue: Catalogue | None) -> list[Change]:
    """Read the ``data`` of an ``ftrack.update`` event: all items, in order; one entity may have several
    (7.5)."""
    entities = data.get("entities") if isinstance(data, Mapping) else None
    if catalogue is None or not isinstance(entities, list):
        return [anything(ChangeSource.HUB_EVENT)]
    changes: list[Change] = []
    for entity in entities:
        if not isinstance(entity, Mapping):
            changes.append(anything(ChangeSource.HUB_EVENT))
        else:
            changes.extend(_changes_of_entity(bounded_entity(entity), catalogue))
    return changes


def _changes_of_entity(entity: Mapping[str, Any], catalogue: Catalogue) -> list[Change]:
    types = _types(entity, catalogue)
    action = entity.get("action")
    kind = _KINDS.get(action) if isinstance(action, str) else None
    if not types or (kind is None and action != "encoded"):
        return [anything(ChangeSource.HUB_EVENT)]
    families = frozenset(catalogue.family_of[name] for name in types)
    columns = columns_of(entity, [catalogue.types[name] for name in types], is_update=kind is ChangeKind.UPDATED)
    attributes = columns.attributes
    declared = entity.get("entity_type")
    above = _ancestors(entity, catalogue)
    change = Change(
        kind=kind or ChangeKind.UPDATED,
        families=families,
        entity_id=_entity_id(entity, types, catalogue),
        entity_type=declared if isinstance(declared, str) else None,
        attributes=attributes,
        ancestors=tuple(identity for identity, _ in above),
        ancestor_families=tuple(family for _, family in above),
        source=ChangeSource.HUB_EVENT,
        attributes_complete=columns.complete and kind is ChangeKind.UPDATED,
        uncertain=columns.uncertain,
    )
    if columns.custom and change.attributes_complete:
        change = replace(change, otherwise=_of_custom_attributes(change, columns))
    hidden = not attributes and CONTEXT in families
    if kind is ChangeKind.MOVED or (kind is ChangeKind.UPDATED and (hidden or moves(families, attributes))):
        return [_everything(change, ChangeKind.MOVED)]
    if changes_rights(families, attributes if kind is ChangeKind.UPDATED else ()):
        return [_everything(change, change.kind)]
    if kind is ChangeKind.REMOVED:
        return [change, *cascade(change, catalogue), *side_effects(change, catalogue, own=False)]
    if kind is None:
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
    if entity.get("objectTypeId") == "timer" and "Timer" in catalogue.types:
        types = ("Timer", *types)
    if declared is None:
        return types
    if isinstance(declared, str) and declared in catalogue.types:
        return (declared, *types)
    named = types_in_event(declared, catalogue) if isinstance(declared, str) else ()
    # Rows that no schema shows cannot have a known type name; the table's name is all there is.
    return (*named, *types) if named or is_unlisted(str(table)) else ()


def _entity_id(entity: Mapping[str, Any], types: Iterable[str], catalogue: Catalogue) -> str | None:
    """The row's id. Not a list, which AYON has met, nor that of a row with a composite key (7.1), nor one that may be
    another's in other words: any row then."""
    if any(len(catalogue.types[name].primary_key) != 1 for name in types):
        return None
    found = entity.get("entityId")
    return found if isinstance(found, str) and is_certain_id(found) else None


def _ancestors(entity: Mapping[str, Any], catalogue: Catalogue) -> list[tuple[str, str]]:
    """The ids above and their families, nearest first. The first of ``parents`` is the entity itself (7.1).

    A path with a gap, or that does not end at a project, counts as not known: its families are empty.
    """
    parents = entity.get("parents")
    steps = [entity, *(parents if isinstance(parents, list) else ())]
    above: dict[str, str] = {}
    whole = _is_project(steps[-1])
    following: object = None
    for step in steps:
        found = step.get("entityId") if isinstance(step, Mapping) else None
        if not isinstance(found, str):
            whole = False
            continue
        if found != entity.get("entityId"):
            whole = whole and following in (None, found)
            above[found] = _family_above(step, catalogue)
        following = step.get("parentId") or None
    parent_id = entity.get("parentId")
    if isinstance(parent_id, str) and parent_id and parent_id not in above:
        return [(parent_id, ""), *above.items()]
    return list(above.items()) if whole else [(identity, "") for identity in above]


def _is_project(step: object) -> bool:
    return isinstance(step, Mapping) and (step.get("entity_type") == "Project" or step.get("entityType") == "show")


def _family_above(parent: Mapping[str, Any], catalogue: Catalogue) -> str:
    """The family of a step of the path upwards; empty if its names are not known, or not of one family."""
    names = [parent.get("entity_type"), parent.get("entityType")]
    types = [t for name in names if isinstance(name, str) for t in types_in_event(name, catalogue)]
    families = {catalogue.family_of[name] for name in types}
    declared = parent.get("entity_type")
    if isinstance(declared, str) and declared in catalogue.family_of:
        families.add(catalogue.family_of[declared])
    return families.pop() if len(families) == 1 else ""


def _of_custom_attributes(change: Change, columns: Columns) -> Change:
    """The same change, if its names are those of custom attributes."""
    custom = {CUSTOM: as_mappings(columns.custom)}
    return replace(change, attributes=custom, uncertain=frozenset(), doubtful=columns.doubtful)


def changes_of_location_event(topic: str, data: object, catalogue: Catalogue | None) -> list[Change]:
    """A client told that a component reached or left a location (7.9): the pair, and the component's own
    values."""
    kind = _LOCATION_TOPICS.get(topic)
    if kind is None or catalogue is None:
        return [anything(ChangeSource.LOCATION_EVENT)]
    pair = {name: _told_id(data, name) for name in ("component_id", "location_id")}
    added = kind is ChangeKind.ADDED
    attributes = {name: (None, value) if added else (value, None) for name, value in pair.items() if value is not None}
    source = ChangeSource.LOCATION_EVENT
    return [
        Change(kind, frozenset({"ComponentLocation"}), None, "ComponentLocation", attributes, source=source),
        Change(ChangeKind.UPDATED, frozenset({COMPONENT}), pair["component_id"], COMPONENT, source=source),
    ]


def _told_id(data: object, name: str) -> str | None:
    found = bounded_name(data.get(name)) if isinstance(data, Mapping) else None
    return found if isinstance(found, str) and found else None
