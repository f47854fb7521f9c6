"""What the answer to a write tells of the entities that were written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ftrack_proxy.changes.change import Change
from ftrack_proxy.entities.entity_store import Absence, EntityRef, EntityStore
from ftrack_proxy.entities.normalise import NotNormalisable, normalise
from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.queries.bound_shape import OF_NO_PROJECT
from ftrack_proxy.queries.projection_tree import EMPTY
from ftrack_proxy.queries.row_keys import Key
from ftrack_proxy.schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class Wrote:
    """One entity that was created or updated: as the answer shows it, and the data that was sent."""

    entity: Any
    sent: Mapping[str, Any]
    created: bool


@dataclass(slots=True)
class Written:
    """What a batch wrote, and what is ``gone``, as (type, primary key)."""

    entities: list[Wrote] = field(default_factory=list)
    gone: list[tuple[str, Key]] = field(default_factory=list)


def written_in(operations: Sequence[Any], answer: Sequence[Any], catalogue: Catalogue) -> Written:
    """Find what a batch, which ftrack has carried out, wrote."""
    written = Written()
    for operation, entry in zip(operations, answer, strict=True):
        if not isinstance(operation, dict) or not isinstance(entry, dict):
            continue
        sent = operation.get("entity_data")
        match operation.get("action"):
            case "create" | "update" as action if isinstance(sent, dict):
                written.entities.append(Wrote(entry.get("data"), sent, action == "create"))
            case "delete" if entry.get("data") is True:
                written.gone += _removed(operation, catalogue)
            case _:
                pass
    return written


def _removed(operation: dict[str, Any], catalogue: Catalogue) -> list[tuple[str, Key]]:
    key = operation.get("entity_key")
    parts = tuple(key) if isinstance(key, list) else (key,)
    family = catalogue.family_of.get(str(operation.get("entity_type")))
    if family is None or not all(isinstance(part, str) for part in parts):
        return []
    return [(name, parts) for name in catalogue.members(family)]


def learn_written(
    entity_store: EntityStore,
    written: Written,
    meanwhile: Collection[Change],
    validity: Validity,
    catalogue: Catalogue,
) -> None:
    """Take in what was written, unless one of the changes that were told ``meanwhile`` may be of the same rows."""
    if any(change.families is None or change.entity_id is None for change in meanwhile):
        return
    changed = {change.entity_id for change in meanwhile}
    try:
        taken = normalise([wrote.entity for wrote in written.entities], EMPTY, catalogue)
    except NotNormalisable:
        return
    # What is removed may have taken others along that the same batch wrote.
    for ref, wrote in zip(taken.rows, written.entities, strict=True) if not written.gone else ():
        if not changed.isdisjoint(ref.key) or not _is_seen(entity_store, ref, wrote, catalogue):
            continue
        told = taken.entities[ref]
        # What a write shows need not come along with every read.
        entity_store.observe(ref, validity, told.type_name, told.values, frozenset(told.values))
    there = {ref.key for ref in taken.rows}
    for type_name, key in written.gone:
        # One that was written, too, may have been made again.
        if changed.isdisjoint(key) and key not in there:
            entity_store.note_absent(type_name, key, Absence(validity))


def _is_seen(entity_store: EntityStore, ref: EntityRef, wrote: Wrote, catalogue: Catalogue) -> bool:
    """True if the writer certainly sees what it wrote: it may have put it where it may not look."""
    if not wrote.created and entity_store.known(ref) is None:
        return False
    declared = catalogue.types[wrote.entity["__entity_type__"]]
    for name, value in wrote.sent.items():
        if name in declared.primary_key or not isinstance(value, str):
            continue
        attribute = declared.attributes.get(name)
        if attribute is None or not (attribute.key_of or name.endswith("_id")):
            continue
        families = {catalogue.family_of[target] for target in attribute.key_of if target in catalogue.family_of}
        owners = (families or set(catalogue.family_of.values())) - OF_NO_PROJECT
        if owners and not any(entity_store.known(EntityRef(family, (value,))) for family in owners):
            return False
    return True
