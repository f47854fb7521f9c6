"""However large or odd an event is inside, the changes that are kept of it are small and plain."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.changes.bounded_values import bounded_entity
from ftrack_proxy.changes.change import UNKNOWN, Change
from ftrack_proxy.changes.update_events import changes_of_location_event
from tests.test_changes.test_update_events import changes as changes_of
from tests.test_changes.test_update_events import entity
from tests.test_schema.documents import small_catalogue

pytestmark = pytest.mark.required("S5")

SMALL = small_catalogue()
LONG = "x" * 100_000


def deep(depth: int) -> Any:
    value: Any = 1
    for _ in range(depth):
        value = [value]
    return value


def is_plain(value: Any) -> bool:
    return (
        value is None or value is UNKNOWN or (isinstance(value, bool | int | float | str) and len(str(value)) <= 1_000)
    )


def is_small(change: Change) -> bool:
    values = [side for pair in change.attributes.values() for side in pair]
    for value in list(values):
        if isinstance(value, dict):
            values.remove(value)
            values.extend((*value, *value.values()))
    texts = [change.entity_id or "", change.entity_type or "", *change.attributes, *change.ancestors]
    few = len(values) <= 2_000 and len(change.ancestors) <= 101
    return few and all(map(is_plain, values)) and all(len(text) <= 200 for text in texts)


@pytest.mark.parametrize(
    "members",
    [
        {"entityId": LONG},
        {"entityType": LONG},
        {"entity_type": LONG},
        {"entity_type": "_" * 100_000 + "Shot"},
        {"action": LONG},
        {"parents": [{"entityId": LONG, "entityType": "task"}]},
        {"parents": [{"entityId": f"P{number}"} for number in range(10_000)]},
        {"keys": [LONG]},
        {"keys": [f"k{number}" for number in range(10_000)]},
        {"keys": deep(200)},
        {"changes": {LONG: {"old": 1, "new": 2}}},
        {"changes": {f"c{number}": {"old": 1, "new": 2} for number in range(10_000)}},
        {"changes": {"statusid": {"old": LONG, "new": "B"}}},
        {"changes": {"statusid": {"old": deep(900), "new": deep(900)}}},
        {"changes": {"statusid": {"old": {"a": 1}, "new": 10**300}}},
        {"changes": {"statusid": {"old": -(10**300), "new": 1e300}}},
        {"changes": {"statusid": deep(900), "fstart": LONG}},
    ],
)
def test_what_is_kept_is_small_and_says_no_more_than_it_can(members: dict[str, Any]) -> None:
    changes = changes_of(entity(**members))
    assert changes
    assert all(map(is_small, changes))
    plain = changes_of(entity())
    assert changes != plain


@pytest.mark.parametrize("parent", [LONG, 5, ["S1"]])
def test_a_path_with_a_step_that_cannot_be_read_is_not_known(parent: Any) -> None:
    path = [
        {"entityId": "T1", "entityType": "task", "entity_type": "Shot", "parentId": "S1"},
        {"entityId": "S1", "entityType": "task", "entity_type": "Sequence", "parentId": "P1"},
        {"entityId": "P1", "entityType": "show", "entity_type": "Project", "parentId": None},
    ]
    (known,) = changes_of(entity(parents=path))
    assert known.ancestor_families == ("Context", "Context")
    path[1]["parentId"] = parent
    (unknown,) = changes_of(entity(parents=path))
    assert set(unknown.ancestor_families) == {""}


@pytest.mark.parametrize("value", [None, "B", "", True, 0, -5, 1.5, "x" * 1_000])
def test_plain_values_are_kept(value: Any) -> None:
    (change,) = changes_of(entity(changes={"statusid": {"old": "A", "new": value}}))
    assert change.attributes["status_id"] == ("A", value)


def test_a_location_event_names_no_long_ids() -> None:
    changes = changes_of_location_event(
        "ftrack.location.component-added", {"component_id": LONG, "location_id": deep(300)}, SMALL
    )
    assert all(map(is_small, changes))
    assert [change.entity_id for change in changes] == [None, None]


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.just(LONG),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just(LONG), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(entity())), ODD, max_size=5))
def test_no_item_is_kept_as_it_came(members: dict[str, Any]) -> None:
    item = entity(**members)
    assert set(bounded_entity(item)) <= set(entity())
    assert all(map(is_small, changes_of(item)))
