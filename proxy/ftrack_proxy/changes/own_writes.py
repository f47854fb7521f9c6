"""A client's writes to changes, before anyone hears of them from the hub (ftrack-protocol 2.3)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind, ChangeSource, OldNew, anything
from ftrack_proxy.changes.reach import cascade, changes_hands, changes_rights, moves, with_dependants
from ftrack_proxy.changes.side_effects import SERVER_DECIDES, families_along, set_along, side_effects
from ftrack_proxy.facts.type_names import COMPONENT, RESOURCE
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, EntityType, Kind
from ftrack_proxy.schema.derived import sources_of
from ftrack_proxy.schema.names import foreign_key_of, relations_on
from ftrack_proxy.schema.ownership import owner_keys, owns
from ftrack_proxy.values.collation import is_certain_id

_UPLOADED: Final = frozenset({COMPONENT, "ComponentLocation"})

READS: Final = frozenset(
    {
        "query",
        "search",
        "query_schemas",
        "query_server_information",
        "permissions",
        "_authorize_operation",
        "compute_rollups",
        "get_widget_url",
        "generate_signed_url",
    }
)
"""Actions that change nothing at all, so that it does no harm to send them twice (2.3)."""

EFFECTS: Final[Mapping[str, frozenset[str] | None]] = {
    **dict.fromkeys(READS, frozenset()),
    # -- writes that no entity shows: logs, mails
    "_track_usage": frozenset(),
    "send_user_invite": frozenset(),
    # -- sets is_totp_enabled (inferred)
    "configure_totp": frozenset({RESOURCE}),
    # -- sets last_sent_at (inferred)
    "send_review_session_invite": frozenset({"ReviewSessionInvitee"}),
    # -- uploads: size and location appear
    "get_upload_metadata": _UPLOADED,
    "complete_multipart_upload": _UPLOADED,
    # -- jobs that change data later and elsewhere
    "encode_media": None,
    "delayed_job": None,
    # -- keys and rights: who may see what
    "reset_remote": None,
    "add_user_security_role": None,
    "remove_user_security_role": None,
    "update_user_security_role": None,
    "grant_user_security_role_project": None,
    "revoke_user_security_role_project": None,
    "grant_api_key_security_role": None,
    "convert_entity": None,
}
"""Action -> the families it may change; None for anything. Any other action is a write of anything (2.3)."""

_SOURCE: Final = ChangeSource.OWN_WRITE
_DEPTH: Final = 20


def changes_of_operations(operations: Sequence[object], catalogue: Catalogue | None) -> list[Change]:
    """What a batch may change, in its order; empty if it certainly changes nothing."""
    changes: list[Change] = []
    for operation in operations:
        changes.extend(_changes_of_operation(operation, catalogue))
    return changes


def only_reads(operations: Sequence[object]) -> bool:
    """True if a batch certainly does nothing. One that changes nothing we know of may still send a mail, say."""
    actions = [operation.get("action") if isinstance(operation, Mapping) else None for operation in operations]
    return all(isinstance(action, str) and action in READS for action in actions)


def _changes_of_operation(operation: object, catalogue: Catalogue | None) -> list[Change]:
    action = operation.get("action") if isinstance(operation, Mapping) else None
    if not isinstance(action, str) or not isinstance(operation, Mapping):
        return [anything(_SOURCE)]
    if action in ("create", "update", "delete"):
        entity_type = _entity_type(operation, catalogue)
        if entity_type is None or catalogue is None:
            return [anything(_SOURCE)]
        return _changes_of_entity(action, entity_type, operation, catalogue)
    families = EFFECTS.get(action)
    if families is None or (families and catalogue is None):
        return [anything(_SOURCE)]
    return [Change(ChangeKind.UNKNOWN, families, source=_SOURCE)] if families else []


def _entity_type(operation: Mapping[str, Any], catalogue: Catalogue | None) -> EntityType | None:
    name = operation.get("entity_type")
    return catalogue.types.get(name) if catalogue is not None and isinstance(name, str) else None


def _changes_of_entity(
    action: str, entity_type: EntityType, operation: Mapping[str, Any], catalogue: Catalogue
) -> list[Change]:
    family = catalogue.family_of[entity_type.name]
    families = frozenset({family})
    data = operation.get("entity_data")
    entity_id = _entity_id(operation.get("entity_key"), data, entity_type)
    if action == "delete":
        if changes_rights(families, ()):
            return [Change(ChangeKind.REMOVED, None, entity_id, entity_type.name, source=_SOURCE)]
        removed = Change(ChangeKind.REMOVED, families, entity_id, entity_type.name, source=_SOURCE)
        return [removed, *cascade(removed, catalogue), *side_effects(removed, catalogue, own=True)]
    if not isinstance(data, Mapping):
        return [anything(_SOURCE)]
    attributes, complete = _attributes(data, entity_type)
    also = _families_of(data, entity_type, catalogue)
    kind = ChangeKind.ADDED if action == "create" else ChangeKind.UPDATED
    if kind is ChangeKind.UPDATED and moves(families, attributes):
        return [Change(ChangeKind.MOVED, None, entity_id, entity_type.name, attributes, source=_SOURCE)]
    if also is None or changes_rights(families | also, attributes if kind is ChangeKind.UPDATED else ()):
        return [Change(kind, None, entity_id, entity_type.name, attributes, source=_SOURCE)]
    change = Change(
        kind,
        families,
        entity_id,
        entity_type.name,
        _as_decided(attributes, family, kind, catalogue),
        source=_SOURCE,
        attributes_complete=complete and kind is ChangeKind.UPDATED,
    )
    changes = [change, *changes_hands(change, catalogue), *side_effects(change, catalogue, own=True)]
    also |= families_along(also, catalogue)
    return [*changes, Change(ChangeKind.UNKNOWN, also, source=_SOURCE)] if also else changes


def _as_decided(
    attributes: Mapping[str, OldNew], family: str, kind: ChangeKind, catalogue: Catalogue
) -> dict[str, OldNew]:
    """The written attributes, and those that the server sets by itself; of these the values are not known."""
    decided = SERVER_DECIDES.get(family, frozenset()).intersection(attributes)
    if kind is ChangeKind.UPDATED:
        decided |= set_along(family, attributes, catalogue).difference(attributes)
    return {**attributes, **dict.fromkeys(decided, (UNKNOWN, UNKNOWN))}


def _entity_id(key: object, data: object, entity_type: EntityType) -> str | None:
    """The row's id: a list, or a bare text from JavaScript, or in the data of a create. Composite keys, and ids that
    ftrack may write otherwise: none."""
    if len(entity_type.primary_key) != 1:
        return None
    if isinstance(key, list) and len(key) == 1:
        key = key[0]
    if key is None and isinstance(data, Mapping):
        key = data.get(entity_type.primary_key[0])
    return key if isinstance(key, str) and is_certain_id(key) else None


def _attributes(data: Mapping[str, Any], entity_type: EntityType) -> tuple[dict[str, OldNew], bool]:
    """The written attributes; a foreign key and the relations on it stand for each other (2.3: both are
    sent).

    The flag tells whether all of them are known to the schema.
    """
    attributes: dict[str, OldNew] = {}
    complete = True
    for name, value in data.items():
        if name == "__entity_type__":
            continue
        attribute = entity_type.attributes.get(name)
        if attribute is None:
            complete = False
            attributes[name] = (UNKNOWN, UNKNOWN)
        elif attribute.kind is Kind.REFERENCE:
            written = (UNKNOWN, _reference_id(value))
            attributes[name] = written
            key = foreign_key_of(entity_type, name)
            if key is not None:
                attributes[key] = written
        else:
            written = (UNKNOWN, value if value is None or isinstance(value, (str, int, float)) else UNKNOWN)
            attributes[name] = written
            for relation in relations_on(entity_type, name):
                attributes[relation] = written
    return attributes, complete


def _reference_id(value: object) -> object:
    """The id inside a reference; null stays null."""
    if value is None:
        return None
    found = value.get("id") if isinstance(value, Mapping) else None
    return found if isinstance(found, str) else UNKNOWN


def _families_of(
    data: Mapping[str, Any], entity_type: EntityType, catalogue: Catalogue, depth: int = 0
) -> frozenset[str] | None:
    """The families that relations in ``entity_data`` may change beside the row's own; None for anything.

    * A collection or mapped array moves, creates or drops its items: their family, and the table of pairs
      behind.
    * A nested entity with more than its key writes that entity, and so on inside it.
    * A bare reference under a scalar relation writes only this row's foreign key: Python sends every
      foreign key like that (2.3), and what the other side shows of it (collections) is read as this row's
      family.
    """
    if depth > _DEPTH:
        return None
    families: set[str] = set()
    for name, value in data.items():
        attribute = entity_type.attributes.get(name)
        if attribute is not None and attribute.kind in (Kind.COLLECTION, Kind.MAPPED):
            if value and name in ("children", "descendants"):
                return None  # contexts change their parent, and carry what is below them along
            families |= _families_of_items(entity_type, attribute, catalogue)
        for nested in _nested(value):
            inner = catalogue.types.get(str(nested.get("__entity_type__")))
            if inner is None:
                return None
            family = catalogue.family_of[inner.name]
            members = nested.keys() - {"__entity_type__", *inner.primary_key}
            if members or attribute is None or attribute.kind is not Kind.REFERENCE:
                families.add(family)
            if not owner_keys(family, catalogue).isdisjoint(members):
                families |= with_dependants((family,), catalogue)
            deeper = _families_of(nested, inner, catalogue, depth + 1)
            if deeper is None or moves({family}, members) or changes_rights({family}, members):
                return None
            families |= deeper
    return frozenset(families)


def _families_of_items(owner: EntityType, attribute: Attribute, catalogue: Catalogue) -> set[str]:
    """The families of a collection's items, or of the pairs that join them to it; if the items belong to the owner,
    what hangs on them changes hands along."""
    pairs = [source for source, _ in sources_of(owner.name, attribute.name, catalogue)]
    found = {catalogue.family_of[name] for name in (attribute.target, *pairs) if name in catalogue.family_of}
    if not pairs and any(owns(catalogue.family_of[owner.name], item, catalogue) for item in found):
        return found | with_dependants(found, catalogue)
    return found


def _nested(value: object) -> Iterator[Mapping[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, Mapping) and "__entity_type__" in item:
            yield item
