"""Which events own writes should bring."""

from __future__ import annotations

from typing import Any

from ftrack_proxy.cache_policy.expected_events import expected_events
from ftrack_proxy.changes.writes import read_writes
from ftrack_proxy.schema.loader import load_catalogue
from tests.test_schema.documents import schema

CATALOGUE = load_catalogue(
    [
        schema("Status", "id name sort:number"),
        schema("Note", "id content|text author>Status"),
        schema("Metadata", "parent_id key value", key="parent_id,key"),
    ]
)


def operation(action: str, entity_type: str = "Note", key: Any = None, **data: Any) -> dict[str, Any]:
    return {"action": action, "entity_type": entity_type, "entity_key": key, "entity_data": data}


def expected(*operations: Any, answer: list[Any] | None = None) -> list[tuple[str, str, bool]]:
    found = expected_events(read_writes(operations, CATALOGUE), answer or [{}] * len(operations), CATALOGUE)
    return [(event.family, event.entity_id, event.is_certain) for event in found]


def test_writes_are_read() -> None:
    assert expected(operation("create", id="n", content="x")) == [("Note", "n", True)]
    assert expected(operation("create", content="x"), answer=[{"data": {"id": "n"}}]) == [("Note", "n", True)]
    assert expected(operation("update", key=["n"], content="x")) == [("Note", "n", False)]
    assert expected(operation("update", key="n", content="x")) == [("Note", "n", False)]
    assert expected(operation("delete", key=["n"])) == [("Note", "n", True)]


def test_writes_that_need_not_come_back_are_left_out() -> None:
    # An event tells a row's id as ftrack writes it.
    assert expected(operation("update", key=["AB1DA5EF-3BD6-47B9-8B46-3476E237CB36"], content="x")) == []
    assert expected(operation("create", id="n", content="x"), operation("delete", key=["n"])) == []
    assert expected(operation("update", key=["n"], author={"id": "a"})) == []
    assert expected(operation("update", key=["n"])) == []
    assert expected(operation("create", "Metadata", parent_id="p", key_="k")) == []
    assert expected(operation("query"), "nonsense", operation("create", "Nothing", id="n")) == []
    assert expected(operation("create", content="x")) == []


def test_a_new_entity_that_is_changed_in_the_same_batch_is_one_write() -> None:
    assert expected(operation("create", id="n"), operation("update", key=["n"], content="x")) == [("Note", "n", True)]
