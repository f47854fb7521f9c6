"""What the answer to a write tells of the entities that were written."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.writes import Create, Delete, EntityData, OtherAction, UnreadableOperation, Update, Write
from ftrack_proxy.entities.entity_store import Absence, EntityRef, EntityStore
from ftrack_proxy.entities.normalise import NotNormalisable, normalise
from ftrack_proxy.facts.naming import KEY_SUFFIX
from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.queries.crossings import OF_NO_PROJECT
from ftrack_proxy.queries.projection_tree import EMPTY
from ftrack_proxy.queries.row_keys import Key
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import EntityType, Kind
from ftrack_proxy.schema.names import foreign_key_of


@dataclass(frozen=True, slots=True)
class WrittenEntity:
    """One entity that was created or updated: as the answer shows it, and what was written."""

    entity: Any
    data: EntityData
    is_new: bool


@dataclass(slots=True)
class WriteObservations:
    """What the answer to a batch tells: of entities that were written, and which rows are gone, by type and key."""

    entities: list[WrittenEntity] = field(default_factory=list)
    gone: list[tuple[str, Key]] = field(default_factory=list)


def observations_of(writes: Sequence[Write], answer: Sequence[Any], catalogue: Catalogue) -> WriteObservations:
    """Find what a batch, which ftrack has carried out, tells. Nothing, if it did something that is not understood."""
    found = WriteObservations()
    for write, entry in zip(writes, answer, strict=True):
        data = entry.get("data") if isinstance(entry, Mapping) else None
        match write:
            case Create(_, sent) | Update(_, sent):
                found.entities.append(WrittenEntity(data, sent, isinstance(write, Create)))
            case Delete(row) if data is True and row.key:
                found.gone += [(name, row.key) for name in catalogue.members(row.family)]
            case Delete() | UnreadableOperation():
                return WriteObservations()
            case OtherAction():
                pass
            case _:  # pragma: no cover - the type checker proves it
                assert_never(write)
    return found


def learn_written(
    entity_store: EntityStore,
    observations: WriteObservations,
    meanwhile: Collection[Change],
    validity: Validity,
    catalogue: Catalogue,
) -> None:
    """Take in what was written, unless one of the changes that were recorded ``meanwhile`` may be of the same rows."""
    if any(change.families is None or change.entity_id is None for change in meanwhile):
        return
    changed = {change.entity_id for change in meanwhile}
    try:
        answer = normalise([written.entity for written in observations.entities], EMPTY, catalogue)
    except NotNormalisable:
        return
    # What is removed may have taken others along that the same batch wrote.
    for ref, written in zip(answer.rows, observations.entities, strict=True) if not observations.gone else ():
        if not changed.isdisjoint(ref.key) or not _is_seen(entity_store, ref, written, catalogue):
            continue
        entity = answer.entities[ref]
        # What a write shows need not come along with every read.
        entity_store.observe(ref, validity, entity.type_name, entity.values, frozenset(entity.values))
    there = {ref.key for ref in answer.rows}
    for type_name, key in observations.gone:
        # One that was written, too, may have been made again.
        if changed.isdisjoint(key) and key not in there:
            entity_store.note_absent(type_name, key, Absence(validity))


def _is_seen(entity_store: EntityStore, ref: EntityRef, written: WrittenEntity, catalogue: Catalogue) -> bool:
    """True if the writer certainly sees what it wrote: it may have put it where it may not look."""
    if not written.is_new and entity_store.known(ref) is None:
        return False
    declared = catalogue.types[written.entity["__entity_type__"]]
    for name, value in written.data.attributes.items():
        owners = _owners(declared, name, catalogue) if value is not None else ()
        if owners and not any(entity_store.known(EntityRef(family, (value,))) for family in owners):
            return False
    return True


def _owners(declared: EntityType, name: str, catalogue: Catalogue) -> frozenset[str]:
    """The families by whose rows it may be decided who sees a row that refers to them by this attribute."""
    attribute = declared.attributes.get(name)
    if attribute is None or name in declared.primary_key:
        return frozenset()
    targets = attribute.key_of
    if attribute.kind is Kind.REFERENCE and not targets:
        if attribute.target is None or foreign_key_of(declared, name) is not None:
            return frozenset()  # the foreign key is among the attributes, too
        targets = (attribute.target,)
    elif not targets and not name.endswith(KEY_SUFFIX):
        return frozenset()
    families = frozenset(catalogue.family_of[target] for target in targets if target in catalogue.family_of)
    return (families or frozenset(catalogue.family_of.values())) - OF_NO_PROJECT
