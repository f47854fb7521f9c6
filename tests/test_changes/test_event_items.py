"""Items of an event, and the rows that they name."""

from __future__ import annotations

from typing import Any

import pytest

from ftrack_proxy.changes.event_items import EventItem, ItemAction, UnreadableItem, read_items, rows_in
from tests.test_changes.test_update_events import entity
from tests.test_schema.documents import small_catalogue

SMALL = small_catalogue()


def rows(*entities: Any) -> list[tuple[str, str]]:
    return rows_in(read_items({"entities": list(entities)}, SMALL))


def test_an_item_is_read_once_for_everybody() -> None:
    (item,) = read_items({"entities": [entity()]}, SMALL)
    assert isinstance(item, EventItem)
    assert (item.action, item.families, item.entity_id) == (ItemAction.UPDATE, {"Context"}, "T1")
    assert item.declared_type == "Shot"
    assert item.columns.attributes == {"status_id": ("A", "B")}
    assert [(above.entity_id, above.family) for above in item.ancestors] == [("S1", ""), ("P1", "")]
    assert item.rows == (("Context", "T1"),)


def test_rows_are_named_once_under_every_family_that_the_names_can_mean() -> None:
    assert rows(entity(), entity(), entity(entityId="T2")) == [("Context", "T1"), ("Context", "T2")]
    assert rows(entity(entityType="task", entity_type="AssetVersion")) == [("AssetVersion", "T1"), ("Context", "T1")]
    assert rows(entity(entityType="timelog", entity_type=None, objectTypeId="timer")) == [
        ("Timer", "T1"),
        ("Timelog", "T1"),
    ]


def test_an_id_is_named_as_it_is_written() -> None:
    capitals = "AB1DA5EF-3BD6-47B9-8B46-3476E237CB36"
    (item,) = read_items({"entities": [entity(entityId=capitals)]}, SMALL)
    assert isinstance(item, EventItem)
    assert item.entity_id is None
    assert item.rows == (("Context", capitals),)


@pytest.mark.parametrize("identity", [["T1"], None, "", 3, "x" * 1_000])
def test_without_an_id_no_row_is_named(identity: object) -> None:
    assert rows(entity(entityId=identity)) == []


@pytest.mark.parametrize("members", [{"action": "explode"}, {"entity_type": "Nonsense"}, {"entity_type": 3}])
def test_what_is_not_understood_may_still_name_its_row(members: dict[str, Any]) -> None:
    items = read_items({"entities": [entity(**members)]}, SMALL)
    assert items == (UnreadableItem((("Context", "T1"),)),)


@pytest.mark.parametrize("data", [None, [], {}, {"entities": None}, {"entities": [None]}])
def test_what_is_no_item_names_nothing(data: object) -> None:
    assert read_items(data, SMALL) == (UnreadableItem(),)


def test_without_a_schema_nothing_is_understood() -> None:
    assert read_items({"entities": [entity(), entity()]}, None) == (UnreadableItem(),)
