"""A client's writes to changes, before anyone hears of them from the hub (ftrack-protocol 2.3)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, assert_never

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind, ChangeSource, OldNew, anything
from ftrack_proxy.changes.reach import cascade, changes_hands, changes_rights, moves, with_dependants
from ftrack_proxy.changes.side_effects import SERVER_DECIDES, families_along, set_along, side_effects
from ftrack_proxy.changes.writes import (
    CollectionWrite,
    Create,
    Delete,
    EntityData,
    NestedEntity,
    OtherAction,
    Relations,
    RowName,
    UnreadableOperation,
    Update,
    Write,
)
from ftrack_proxy.facts.hierarchy import MOVES
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.derived import sources_of
from ftrack_proxy.schema.ownership import owner_keys, owns

_SOURCE: Final = ChangeSource.OWN_WRITE
_MOVING: Final = frozenset(move.attribute for move in MOVES if move.of_others)


def changes_of_writes(writes: Sequence[Write], catalogue: Catalogue | None) -> list[Change]:
    """What the writes of a batch may change, in its order; empty if they certainly change nothing.

    ``catalogue`` is the one by which they were read.
    """
    if catalogue is None:
        return [anything(_SOURCE) for write in writes if not _does_nothing(write)]
    return [change for write in writes for change in _changes_of(write, catalogue)]


def _does_nothing(write: Write) -> bool:
    return isinstance(write, OtherAction) and write.families == frozenset()


def _changes_of(write: Write, catalogue: Catalogue) -> list[Change]:
    match write:
        case Create(row, data):
            return _of_values(ChangeKind.ADDED, row, data, catalogue)
        case Update(row, data):
            return _of_values(ChangeKind.UPDATED, row, data, catalogue)
        case Delete(row):
            return _of_removal(row, catalogue)
        case OtherAction(_, families):
            return [] if _does_nothing(write) else [Change(ChangeKind.UNKNOWN, families, source=_SOURCE)]
        case UnreadableOperation():
            return [anything(_SOURCE)]
        case _:  # pragma: no cover - the type checker proves it
            assert_never(write)


def _of_removal(row: RowName, catalogue: Catalogue) -> list[Change]:
    families = frozenset({row.family})
    if changes_rights(families, ()):
        return [_of_anything(ChangeKind.REMOVED, row, {})]
    removed = Change(ChangeKind.REMOVED, families, row.entity_id, row.type_name, source=_SOURCE)
    return [removed, *cascade(removed, catalogue), *side_effects(removed, catalogue, own=True)]


def _of_values(kind: ChangeKind, row: RowName, data: EntityData, catalogue: Catalogue) -> list[Change]:
    families = frozenset({row.family})
    attributes: dict[str, OldNew] = {name: (UNKNOWN, value) for name, value in data.attributes.items()}
    if kind is ChangeKind.UPDATED and moves(families, attributes):
        return [_of_anything(ChangeKind.MOVED, row, attributes)]
    also = _families_of(row.type_name, data.relations, catalogue)
    if also is None or changes_rights(families | also, attributes if kind is ChangeKind.UPDATED else ()):
        return [_of_anything(kind, row, attributes)]
    change = Change(
        kind,
        families,
        row.entity_id,
        row.type_name,
        _as_decided(attributes, row.family, kind, catalogue),
        source=_SOURCE,
        attributes_complete=data.is_complete and kind is ChangeKind.UPDATED,
    )
    changes = [change, *changes_hands(change, catalogue), *side_effects(change, catalogue, own=True)]
    also |= families_along(also, catalogue)
    return [*changes, Change(ChangeKind.UNKNOWN, also, source=_SOURCE)] if also else changes


def _of_anything(kind: ChangeKind, row: RowName, attributes: Mapping[str, Any]) -> Change:
    """A change of this row by which any other may have changed, too."""
    return Change(kind, None, row.entity_id, row.type_name, attributes, source=_SOURCE)


def _as_decided(
    attributes: Mapping[str, OldNew], family: str, kind: ChangeKind, catalogue: Catalogue
) -> dict[str, OldNew]:
    """The written attributes, and those that the server sets by itself; of these the values are not known."""
    decided = SERVER_DECIDES.get(family, frozenset()).intersection(attributes)
    if kind is ChangeKind.UPDATED:
        decided |= set_along(family, attributes, catalogue).difference(attributes)
    return {**attributes, **dict.fromkeys(decided, (UNKNOWN, UNKNOWN))}


def _families_of(owner: str, relations: Relations, catalogue: Catalogue) -> frozenset[str] | None:
    """The families that relations in ``entity_data`` may change beside the row's own; ``None`` for anything.

    * A collection or mapped array moves, creates or drops its items: their family, and the table of pairs
      behind.
    * A nested entity with more than its key writes that entity, and so on inside it.
    * A bare reference under a scalar relation writes only this row's foreign key: Python sends every
      foreign key like that (2.3), and what the other side shows of it (collections) is read as this row's
      family.
    """
    if not relations.is_readable:
        return None
    families: set[str] = set()
    for collection in relations.collections:
        if not collection.is_emptied and collection.attribute.name in _MOVING:
            return None
        families |= _families_of_items(owner, collection, catalogue)
    for entity in relations.nested:
        inside = _families_of_nested(entity, catalogue)
        if inside is None:
            return None
        families |= inside
    return frozenset(families)


def _families_of_nested(entity: NestedEntity, catalogue: Catalogue) -> frozenset[str] | None:
    below = _families_of(entity.type_name, entity.relations, catalogue)
    family = frozenset({entity.family})
    if below is None or moves(family, entity.members) or changes_rights(family, entity.members):
        return None
    if not owner_keys(entity.family, catalogue).isdisjoint(entity.members):
        below |= with_dependants(family, catalogue)
    return below | family if entity.members or not entity.is_referred else below


def _families_of_items(owner: str, collection: CollectionWrite, catalogue: Catalogue) -> frozenset[str]:
    """The families of a collection's items, or of the pairs that join them to it; if the items belong to the owner,
    what hangs on them changes hands along."""
    attribute = collection.attribute
    pairs = [source for source, _ in sources_of(owner, attribute.name, catalogue)]
    found = frozenset(catalogue.family_of[name] for name in (attribute.target, *pairs) if name in catalogue.family_of)
    if not pairs and any(owns(catalogue.family_of[owner], item, catalogue) for item in found):
        return found | with_dependants(found, catalogue)
    return found
