"""Custom attributes that are called like attributes, relations or columns: a name that can be either counts as both."""

from __future__ import annotations

import pytest

from ftrack_proxy.judging.affects import EVERYTHING
from tests.test_judging.cases import Row, item, rules, told, updated

pytestmark = pytest.mark.required("G2.5")

IN_S1 = "Shot:S1 Sequence:Q1 Project:P1"
ID_A, ID_B = "4c1b2a30-0000-4000-8000-00000000000a", "4c1b2a30-0000-4000-8000-00000000000b"
OPEN = "44dd9fb2-4164-11df-9218-0019bb4983d8"
DONE = "44de097a-4164-11df-9218-0019bb4983d8"

# What studios call their own: (type, where it stands, key, old value, new value).
NAMESAKES = [
    *[("Task", IN_S1, key, "x", "y") for key in ("status", "type", "priority", "link", "notes", "metadata", "name")],
    *[("Task", IN_S1, key, "x", "y") for key in ("description", "statusid", "status_id", "typeid", "thumbid", "meta")],
    ("Task", IN_S1, "sort", "1", "2"),
    ("Task", IN_S1, "bid", "1", "2"),
    ("Task", IN_S1, "startdate", "2031-05-04T00:00:00", "2031-05-05T00:00:00"),
    ("Task", IN_S1, "statusid", OPEN, DONE),
    ("Task", IN_S1, "statusid", None, DONE),
    ("Task", IN_S1, "Status", "x", "y"),
    ("Shot", "Sequence:Q1 Project:P1", "custom_attributes", "x", "y"),
    *[("AssetVersion", "Asset:A1 " + IN_S1, key, "x", "y") for key in ("task", "comment", "date", "version")],
    *[("Project", "", key, "x", "y") for key in ("color", "disk", "status", "root")],
    *[("User", "", key, "x", "y") for key in ("email", "username", "assignments")],
    ("TypedContextList", "Project:P1", "name", "x", "y"),
]
VALUES = {
    "Task": "Context", "Shot": "Context", "Project": "Context", "AssetVersion": "AssetVersion", "User": "User",
    "TypedContextList": "List",
}  # fmt: skip


def with_values(kind: str, identity: str, **values: object) -> Row:
    """A row with what `custom_attributes` shows of it."""
    shown = [
        {"__entity_type__": f"{VALUES[kind]}CustomAttributeValue", "configuration_id": f"C-{key}",
         "entity_id": identity, "key": key, "value": value}
        for key, value in values.items()
    ]  # fmt: skip
    return {"__entity_type__": kind, "id": identity, "project_id": "P1", "custom_attributes": shown}


@pytest.mark.parametrize(("kind", "path", "key", "old", "new"), NAMESAKES)
def test_a_shown_value_is_not_what_it_was(kind: str, path: str, key: str, old: str | None, new: str) -> None:
    change = updated(kind, "X1", path, **{key: (old, new)})
    row = with_values(kind, "X1", fps=24, **{key: old})
    assert rules(f"select custom_attributes from {kind} where id is X1", [row], change)
    owner = VALUES[kind]
    value = {"__entity_type__": f"{owner}CustomAttributeValue", "entity_id": "X1", "key": key, "value": old}
    assert rules(f"select value from {owner}CustomAttributeValue where entity_id is X1", [value], change)
    stored = {**value, "__entity_type__": "CustomAttributeValue"}
    del stored["key"]
    assert rules("select value from CustomAttributeValue where entity_id is X1", [stored], change)
    assert rules("select value from CustomAttributeValue where entity_id is X1", [], change)


@pytest.mark.parametrize(("kind", "path", "key", "old", "new"), NAMESAKES)
@pytest.mark.parametrize(
    "criteria",
    [
        'custom_attributes any (key is "{key}" and value is "{new}")',
        'custom_attributes any (key is "{upper}" and value is "{new}")',
        'custom_attributes any (value is "{new}" and (key in ("fps", "{key}") or key is nothing))',
        "custom_attributes any (value is y)",
        'not custom_attributes any (configuration.key is "{key}" and value is "{new}")',
        'custom_attributes.key is "{key}" and custom_attributes.value is "{new}"',
        'custom_attributes.configuration.key is "{key}"',
    ],
)
def test_criteria_on_its_value(kind: str, path: str, key: str, old: str | None, new: str, criteria: str) -> None:
    change = updated(kind, "X1", path, **{key: (old, new)})
    filled = criteria.format(key=key, upper=key.upper(), new=new)
    assert rules(f"select id from {kind} where {filled}", [], change)


@pytest.mark.parametrize("key", ["status", "statusid", "sort", "name"])
def test_what_inherits_it_changes_too(key: str) -> None:
    """Hierarchical attributes: one event on the entity where the value was set, none below (ftrack-protocol 7.5)."""
    change = updated("Sequence", "Q1", "Project:P1", **{key: ("x", "y")})
    row = with_values("Task", "T1", **{key: "x"})
    assert rules("select custom_attributes from Task where id is T1", [row], change) == {"A8"}
    version = with_values("AssetVersion", "V1", **{key: "x"})
    assert rules("select custom_attributes from AssetVersion where id is V1", [version], change) == {"A8"}
    criteria = f'parent.custom_attributes any (key is "{key}" and value is y)'
    assert rules(f"select name from Task where {criteria}", [], change)
    ordered = "select name from Task where project_id is P1 order by custom_attributes.value"
    assert rules(ordered, [{"id": "T1"}], change)


def test_it_still_counts_as_what_it_is_called() -> None:
    for key in ("statusid", "status", "status_id"):
        change = updated("Task", "T1", IN_S1, **{key: (OPEN, DONE)})
        for shown in ("status_id", "status", "status.name"):
            row = {"__entity_type__": "Task", "id": "T1"}
            assert rules(f"select {shown} from Task where id is T1", [row], change)
        assert rules(f"select name from Task where status_id is {DONE}", [], change)
    assert rules(
        "select name from Project where status is active", [], updated("Project", "P1", status=("x", "active"))
    )
    assert rules("select link from Task where id is T1", [{"id": "T1"}], updated("Task", "T1", IN_S1, name=("x", "y")))
    moved = updated("Task", "T1", IN_S1, parent=("x", "y"))
    assert rules("select name from Project where name is x", [], moved) == {EVERYTHING}


def test_of_several_names_each_may_be_either() -> None:
    """A custom attribute called like the column tells nothing of it; the other name is what brings the row in."""
    change = told(item("Project", "P1", "update", "", status=("a", "b"), name=("x", "y")))
    assert rules('select id from Project where status is "active" and name is "y"', [], change) == {"A3"}
    version = told(item("AssetVersion", "V1", "update", "Asset:A2 " + IN_S1, assetid=(ID_A, ID_B), comment=("x", "y")))
    version = version[:1]  # without what the new owner may bring along
    assert rules(f"select comment from AssetVersion where asset_id is {ID_A}", [], version, complete=False) == {"A3"}


def test_alone_it_tells_of_both() -> None:
    """As a column it takes no row in or out; as a custom attribute it does, whatever the column's value is."""
    change = updated("Project", "P1", status=("a", "b"))
    assert not rules('select id from Project where status is "active"', [], change)
    both = 'status is "active" and custom_attributes any (key is "status" and value is "b")'
    assert rules(f"select id from Project where {both}", [], change)


def test_a_name_that_nobody_told_the_place_of_did_not_stand_there_before() -> None:
    keys_only = item("AssetVersion", "V1", "update", "Asset:A2 " + IN_S1, comment=("x", "y"))
    keys_only["keys"].append("assetid")
    assert rules("select comment from AssetVersion where asset_id is A1", [], told(keys_only)[:1], complete=False) == {
        "A3"
    }


# -- and what stays


def test_a_status_change_leaves_custom_attributes_alone() -> None:
    """An answer in which no custom attribute is called so shows none that has changed."""
    change = updated("Task", "T1", IN_S1, statusid=(OPEN, DONE))
    shown = "select custom_attributes from Task where id is T1"
    assert not rules(shown, [with_values("Task", "T1", fps=24)], change)
    assert rules(shown, [with_values("Task", "T1", fps=24, statusid=OPEN)], change)
    below = "select custom_attributes from Shot where project_id is P1"
    assert not rules(below, [with_values("Shot", "S1", fps=24)], change)
    nameless = with_values("Task", "T1", fps=24)
    del nameless["custom_attributes"][0]["key"]
    assert rules(shown, [nameless], change)


def test_only_the_custom_attributes_that_criteria_name_count() -> None:
    change = updated("Shot", "S1", "Sequence:Q1 Project:P1", statusid=(OPEN, DONE))
    hero = 'select name from Shot where custom_attributes any (key is "is_hero" and value is True)'
    assert not rules(hero, [], change)
    assert not rules(hero, [], updated("Shot", "S1", "Sequence:Q1 Project:P1", fstart=("1", "2")))
    assert rules(hero, [], updated("Shot", "S1", "Sequence:Q1 Project:P1", is_hero=("0", "1")))
    dense = f"select value from ContextCustomAttributeValue where entity_id in (S1) and configuration_id in ({ID_A})"
    value = {"__entity_type__": "ContextCustomAttributeValue", "entity_id": "S1", "key": "fps", "value": 24}
    assert not rules(dense, [value], change)
    assert rules(dense, [value], updated("Shot", "S1", "Sequence:Q1 Project:P1", fps=("1", "2")))
    assert (
        rules('select entity_id from ContextCustomAttributeValue where key is "fps" and value is 2', [], change)
        == set()
    )


def test_types_without_custom_attributes_have_columns_only() -> None:
    change = updated("Note", "N1", "Task:T1 " + IN_S1, text=("x", "y"))
    assert not rules("select custom_attributes from Task where id is T1", [with_values("Task", "T1", text="x")], change)


def test_a_value_does_not_change_owners() -> None:
    change = updated("Task", "T1", IN_S1, fps=("24", "25"))
    row = {"id": "S1", "children": [{"__entity_type__": "Task", "id": "T1", "name": "comp"}]}
    assert not rules("select children.name from Shot where id is S1", [row], change)
