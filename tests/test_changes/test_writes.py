"""Operations of a batch, read once into what they write."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.changes.change import UNKNOWN
from ftrack_proxy.changes.writes import (
    Create,
    Delete,
    OtherAction,
    RowName,
    UnreadableOperation,
    Update,
    Write,
    action_of,
    only_reads,
    read_writes,
)
from tests.test_changes.test_own_writes import create, delete, reference, update
from tests.test_changes.test_update_events import JSON
from tests.test_schema.documents import small_catalogue

SMALL = small_catalogue()
ID = "ab1da5ef-3bd6-47b9-8b46-3476e237cb36"


def read(operation: object) -> Write:
    (write,) = read_writes([operation], SMALL)
    return write


@pytest.mark.parametrize(
    ("operation", "kind", "row"),
    [
        (create("Task", id="T"), Create, RowName("Task", "Context", ("T",))),
        (create("Task", name="x"), Create, RowName("Task", "Context")),
        ({**create("Task", id="T"), "entity_key": ["K"]}, Create, RowName("Task", "Context", ("K",))),
        (create("Metadata", parent_id="T", key="k"), Create, RowName("Metadata", "Metadata", ("T", "k"))),
        (update("Task", ["T"], name="x"), Update, RowName("Task", "Context", ("T",))),
        (update("Task", "T", name="x"), Update, RowName("Task", "Context", ("T",))),
        (update("Metadata", ["T", "k"], value="x"), Update, RowName("Metadata", "Metadata", ("T", "k"))),
        (update("Metadata", ["T"], value="x"), Update, RowName("Metadata", "Metadata")),
        (update("Task", ["T", "k"], name="x"), Update, RowName("Task", "Context")),
        (update("Task", [3], name="x"), Update, RowName("Task", "Context")),
        (delete("Task", ["T"]), Delete, RowName("Task", "Context", ("T",))),
        (delete("Task", "T"), Delete, RowName("Task", "Context", ("T",))),
        # Which row is removed is not guessed.
        ({**delete("Task", None), "entity_data": {"id": "T"}}, Delete, RowName("Task", "Context")),
    ],
)
def test_which_row_is_written(operation: Any, kind: type, row: RowName) -> None:
    write = read(operation)
    assert isinstance(write, Create | Update | Delete)
    assert (type(write), write.row) == (kind, row)


@pytest.mark.parametrize(
    ("key", "entity_id"),
    [(("T",), "T"), ((ID,), ID), ((ID.upper(),), None), ((ID.replace("-", ""),), None), (("T", "k"), None), ((), None)],
)
def test_an_id_is_one_that_ftrack_writes_in_no_other_way(key: tuple[str, ...], entity_id: str | None) -> None:
    assert RowName("Task", "Context", key).entity_id == entity_id


def test_values_stand_under_foreign_keys_and_relations() -> None:
    moment = {"__type__": "datetime", "value": "2026-01-01T00:00:00"}
    write = read(update("Task", ["T"], status=reference("Status", id="S"), type_id="Y", bid=3, description=moment))
    assert isinstance(write, Update)
    assert write.data.attributes == {
        "status": "S",
        "status_id": "S",
        "type_id": "Y",
        "type": "Y",
        "bid": 3,
        "description": UNKNOWN,
    }
    assert write.data.scalars == {"type_id": "Y", "bid": 3}
    assert write.data.is_complete
    assert write.data.sent["description"] is moment


def test_a_name_that_the_schema_lacks_leaves_it_open_what_was_written() -> None:
    write = read(update("Task", ["T"], mystery=3))
    assert isinstance(write, Update)
    assert write.data.attributes == {"mystery": UNKNOWN}
    assert not write.data.is_complete
    assert write.data.scalars == {}


def test_what_stands_under_relations() -> None:
    inner = reference("Note", id="N", content="x", author=reference("User", id="U"))
    write = read(create("Note", id="M", in_reply_to=inner, recipients=[]))
    assert isinstance(write, Create)
    relations = write.data.relations
    assert [(one.attribute.name, one.is_emptied) for one in relations.collections] == [("recipients", True)]
    (note,) = relations.nested
    assert (note.type_name, note.family, note.members, note.is_referred) == (
        "Note",
        "Note",
        {"content", "author"},
        True,
    )
    (user,) = note.relations.nested
    assert (user.type_name, user.members, user.is_referred) == ("User", frozenset(), True)


@pytest.mark.parametrize("depth", [19, 20, 21, 900])
def test_entities_inside_entities_are_read_to_a_bounded_depth(depth: int) -> None:
    data: dict[str, Any] = reference("Note", id="N")
    for _ in range(depth):
        data = reference("Note", id="N", in_reply_to=data)
    write = read({"action": "create", "entity_type": "Note", "entity_data": data})
    assert isinstance(write, Create)
    assert write.data.relations.is_readable == (depth <= 20)


@pytest.mark.parametrize(
    ("operation", "action"),
    [
        *((value, None) for value in (None, "create", [], {}, {"action": 3})),
        ({"action": "create"}, "create"),
        ({"action": "delete", "entity_key": ["T"]}, "delete"),
        (update("Nothing", ["T"], name="x"), "update"),
        ({**update("Task", ["T"]), "entity_data": [1]}, "update"),
    ],
)
def test_what_is_not_understood_keeps_its_name(operation: object, action: str | None) -> None:
    assert read(operation) == UnreadableOperation(action)
    assert action_of(read(operation)) == action
    assert not only_reads([read(operation)])


def test_other_actions_have_their_effects() -> None:
    assert read({"action": "query"}) == OtherAction("query", frozenset())
    assert read({"action": "brand_new"}) == OtherAction("brand_new", None)
    assert read_writes([{"action": "configure_totp"}], None) == (OtherAction("configure_totp", None),)
    assert only_reads([read({"action": "query"}), read({"action": "search"})])
    assert not only_reads([read({"action": "query"}), read({"action": "send_user_invite"})])


OPERATIONS = st.fixed_dictionaries(
    {"action": st.sampled_from(["create", "update", "delete"]) | JSON},
    optional={"entity_type": st.sampled_from(sorted(SMALL.types)) | JSON, "entity_key": JSON, "entity_data": JSON},
)


@settings(max_examples=200, deadline=None)
@given(st.lists(OPERATIONS | JSON, max_size=4))
def test_each_operation_is_read_and_none_is_too_strange(operations: list[Any]) -> None:
    writes = read_writes(operations, SMALL)
    assert len(writes) == len(operations)
    for operation, write in zip(operations, writes, strict=True):
        action = operation.get("action") if isinstance(operation, dict) else None
        assert action_of(write) == (action if isinstance(action, str) else None)
