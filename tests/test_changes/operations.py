"""Operations and items of events as hypothesis draws them: mostly as clients and ftrack write them, some odd."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, EntityType, Kind

ODD = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.sampled_from(["", "text"]),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(st.sampled_from(["id", "x", "__entity_type__"]), inner, max_size=2)
        | st.fixed_dictionaries({"__type__": st.sampled_from(["datetime", "location"]), "value": inner})
    ),
    max_leaves=4,
)
UUIDS = [f"ab1da5ef-3bd6-47b9-8b46-00000000000{number}" for number in range(3)]
IDS = st.sampled_from([*UUIDS, *UUIDS, UUIDS[0].upper(), UUIDS[0].replace("-", ""), "T1"])
_LEVELS = 3


def writes(catalogue: Catalogue) -> st.SearchStrategy[dict[str, Any]]:
    """One create, update or delete as it should be, though with odd values."""
    types = st.sampled_from(sorted(catalogue.types)).map(catalogue.types.__getitem__)
    return types.flatmap(lambda declared: _operation(declared, catalogue))


def operations(catalogue: Catalogue) -> st.SearchStrategy[Any]:
    """Any one operation."""
    whole = writes(catalogue)
    spoilt = st.tuples(whole, st.sampled_from(["action", "entity_type", "entity_key", "entity_data"]), ODD).map(
        lambda drawn: {**drawn[0], drawn[1]: drawn[2]}
    )
    others = st.sampled_from(["query", "send_user_invite", "configure_totp", "encode_media", "brand_new"])
    return st.one_of(whole, whole, whole, spoilt, others.map(lambda action: {"action": action}), ODD)


def entries(operation: Any, catalogue: Catalogue) -> st.SearchStrategy[Any]:
    """An entry of the answer that may belong to an operation."""
    content = operation if isinstance(operation, dict) else {}
    name = content.get("entity_type")
    declared = catalogue.types.get(name) if isinstance(name, str) else None
    if content.get("action") == "delete" or declared is None:
        return st.fixed_dictionaries({"data": st.just(True) | ODD}) | ODD
    return st.fixed_dictionaries({"data": _entity(declared, catalogue, 0) | ODD})


@st.composite
def answered_batches(draw: st.DrawFn, catalogue: Catalogue) -> tuple[list[Any], list[Any]]:
    """A batch and its answer."""
    batch = draw(st.lists(operations(catalogue), max_size=4))
    return batch, [draw(entries(operation, catalogue)) for operation in batch]


def items(catalogue: Catalogue) -> st.SearchStrategy[Any]:
    """Any one item of an event."""
    names = sorted({*catalogue.types, *catalogue.event_names, "socialnotification", "team", "nonsense"})
    name = st.sampled_from(names)
    columns = sorted({column for declared in catalogue.types.values() for column in declared.columns})
    told = st.fixed_dictionaries({"old": ODD | IDS, "new": ODD | IDS})
    return ODD | st.fixed_dictionaries(
        {"entityType": name, "action": st.sampled_from(["add", "update", "remove", "move", "encoded", "explode"])},
        optional={
            "entityId": IDS | ODD,
            "entity_type": name | ODD,
            "objectTypeId": st.just("timer") | ODD,
            "parentId": IDS | ODD,
            "keys": st.lists(st.sampled_from(columns), max_size=2) | ODD,
            "changes": st.dictionaries(st.sampled_from(columns), told | ODD, max_size=2) | ODD,
            "parents": st.lists(st.fixed_dictionaries({"entityId": IDS, "entityType": name}), max_size=2) | ODD,
        },
    )


@st.composite
def _operation(draw: st.DrawFn, declared: EntityType, catalogue: Catalogue) -> dict[str, Any]:
    action = draw(st.sampled_from(["create", "update", "delete"]))
    found: dict[str, Any] = {"action": action, "entity_type": declared.name}
    if action != "create" or draw(st.booleans()):
        key = [draw(IDS) for _ in declared.primary_key]
        found["entity_key"] = draw(st.sampled_from([key, key, key[0], None]))
    if action != "delete":
        found["entity_data"] = draw(_entity(declared, catalogue, 0))
    return found


@st.composite
def _entity(draw: st.DrawFn, declared: EntityType, catalogue: Catalogue, level: int) -> dict[str, Any]:
    found: dict[str, Any] = {"__entity_type__": declared.name}
    for name in declared.primary_key:
        if draw(st.booleans()):
            found[name] = draw(IDS)
    for name in draw(
        st.lists(st.sampled_from([*declared.attributes, "mystery"]), max_size=3 if level < _LEVELS else 0)
    ):
        attribute = declared.attributes.get(name)
        found[name] = draw(ODD if attribute is None else _value(attribute, catalogue, level))
    return found


def _value(attribute: Attribute, catalogue: Catalogue, level: int) -> st.SearchStrategy[Any]:
    target = catalogue.types.get(attribute.target or "")
    if attribute.kind is Kind.SCALAR or target is None:
        return IDS | ODD
    inside = _entity(target, catalogue, level + 1)
    found = inside if attribute.kind is Kind.REFERENCE else st.lists(inside, max_size=2)
    return st.one_of(found, found, found, ODD)
