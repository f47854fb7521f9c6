"""Changes that alter an answer in ways that are easy to miss: each was missed once."""

from __future__ import annotations

import pytest

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.judging.affects import EVERYTHING
from tests.test_judging.cases import Row, added, item, removed, rules, told, updated, written

pytestmark = pytest.mark.required("G2.5")

IN_S1 = "Shot:S1 Sequence:Q1 Project:P1"
BELOW_S1 = "Task:T1 " + IN_S1


def row(identity: str, kind: str = "Task", project: str = "P1", **values: object) -> Row:
    return {"__entity_type__": kind, "id": identity, "project_id": project, **values}


def test_what_is_only_referred_to_may_become_a_row() -> None:
    """S1 is shown as a parent; now it meets the criteria itself."""
    expression = "select name, parent.name from TypedContext where status_id is done"
    before = [row("T1", parent={"id": "S1", "name": "s1"})]
    assert rules(expression, before, updated("Shot", "S1", "Project:P1", statusid=("open", "done"))) == {"A3"}
    either = 'select name from Task where status_id in ("a", "b")'
    assert not rules(either, [row("T1")], updated("Task", "T1", IN_S1, statusid=("a", "b")))


def test_a_path_without_its_project_tells_no_project() -> None:
    expression = "select name from Task where project_id is P1"
    assert rules(expression, [], added("Task", "T1", "Shot:S1 Sequence:Q1", name="x"))
    gap = item("Task", "T1", "add", "Shot:S1 Sequence:Q1 Project:P1", name=(None, "x"))
    del gap["parents"][2]
    assert rules('select name from Task where ancestors any (id is "Q1")', [], told(gap))
    nameless = item("Task", "T1", "add", "Shot:S1 Project:P2", name=(None, "x"))
    nameless["parents"][1] = None
    assert rules(expression, [], told(nameless))


def test_a_link_between_two_projects_hangs_on_both_tasks() -> None:
    """The event's path leads over one end; the criteria look at the other."""
    expression = "select name from Task where project_id is P1 and outgoing_links any ()"
    link = added("TypedContextLink", "L1", "Task:T9 Project:P9", from_id="T1", to_id="T9")
    assert rules(expression, [], link) == {"A6"}


def test_a_thumbnail_belongs_to_none_of_those_who_show_it() -> None:
    expression = "select version from AssetVersion where task_id is T1 and thumbnail.name is main"
    change = Change(
        ChangeKind.UPDATED,
        frozenset({"Component"}),
        "C1",
        "FileComponent",
        {"name": ("thumb", "main")},
        ("V9", "A9", "S9", "P9"),
        ("AssetVersion", "Asset", "Context", "Context"),
        attributes_complete=True,
    )
    assert rules(expression, [], [change]) == {"A6"}


def test_time_that_goes_to_another_project_is_missed_in_the_old_one() -> None:
    expression = "select name from Task where project_id is P1 and time_logged > 3"
    moved = updated("Timelog", "L1", "Task:T9 Project:P9", context_id=("T1", "T9"))
    assert rules(expression, [row("T1")], moved) >= {"A9"}
    assert not rules(expression, [row("T1")], updated("Timelog", "L1", "Task:T9 Project:P9", duration=("1", "2")))


def test_an_allocation_that_becomes_an_assignment_keeps_its_keys() -> None:
    expression = "select assignments.resource_id from Task where id is T1"
    change = updated("Appointment", "A1", BELOW_S1, type=("allocation", "assignment"))
    assert rules(expression, [row("T1", assignments=[])], change) == {"A7"}
    elsewhere = updated("Appointment", "A1", "Task:T2 Shot:S2 Project:P2", type=("allocation", "assignment"))
    assert not rules(expression, [row("T1", assignments=[])], elsewhere)


def test_a_row_without_id_may_come_into_any_collection() -> None:
    """An entity id that is a list, which AYON has met."""
    expression = "select assignments.resource from Task where id is T1"
    change = item("Appointment", "A1", "update", BELOW_S1, context_id=("T9", "T1"))
    change["entityId"] = ["A1"]
    assert rules(expression, [row("T1", assignments=[])], told(change)) == {"A0"}


def test_sums_over_related_rows_show_no_ids() -> None:
    expression = "select sum(timelogs.duration) from Task group by status_id"
    change = updated("Timelog", "L1", BELOW_S1, duration=("1", "2"))
    assert rules(expression, [{"status_id": "a", "sum": 1}], change) == {"A6"}
    new = added("Timelog", "L2", BELOW_S1, duration="1", context_id="T1")
    assert rules(expression, [{"status_id": "a", "sum": 1}], new) == {"A6"}


def test_derived_values_in_groups_show_no_ids() -> None:
    expression = "select max(time_logged) from Task group by project_id"
    assert rules(expression, [{"max": 1}], updated("Timelog", "L1", BELOW_S1, duration=("1", "2")))
    renamed = updated("Shot", "S1", "Sequence:Q1 Project:P1", name=("a", "b"))
    assert rules("select min(link) from Task group by status_id", [{"min": "x"}], renamed)


def test_an_update_that_tells_no_keys_may_have_been_a_move() -> None:
    change = item("Sequence", "Q1", "update", "Project:P2")
    assert rules("select link from Task where project_id is P1", [row("T1")], told(change)) == {EVERYTHING}
    change["keys"] = change["changes"] = None
    assert rules("select version from AssetVersion where id is V1", [], told(change)) == {EVERYTHING}


@pytest.mark.parametrize(
    ("expression", "changes"),
    [
        (
            "select id from CustomAttributeLinkFrom where to_id is U1",
            written("create", "ContextCustomAttributeLink", "L1", from_id="T1", to_id="U1"),
        ),
        ("select name from NoteLabel", written("create", "NoteCategory", "C1", name="new")),
    ],
)
def test_one_row_can_show_under_several_types(expression: str, changes: list[Change]) -> None:
    assert rules(expression, [], changes)


def test_a_change_that_cannot_exclude_a_conversion_can_be_of_any_type() -> None:
    change = Change(ChangeKind.UPDATED, frozenset({"Context"}), "T1", "Task", {"name": ("a", "b")})
    assert rules("select name from Shot where project_id is P1", [], [change])


def test_names_of_two_families_tell_neither() -> None:
    strange = item("AssetVersion", "T1", "update", IN_S1, name=("a", "b"))
    strange["entityType"] = "task"
    assert rules("select name from Task where name is b", [], told(strange))


def test_an_unknown_change_of_a_known_row() -> None:
    change = Change(ChangeKind.UNKNOWN, frozenset({"AssetVersion"}), "V1")
    assert rules("select version from AssetVersion where asset_id is X", [], [change]) == {"A0"}


def test_other_attributes_may_have_changed_too() -> None:
    """The latest version of A1: V9 may have come from there."""
    expression = "select is_latest_version from AssetVersion where asset_id is A1"
    change = Change(
        ChangeKind.UPDATED,
        frozenset({"AssetVersion"}),
        "V9",
        "AssetVersion",
        {"version": ("1", "2")},
        ("A2", "S2", "P2"),
        ("Asset", "Context", "Context"),
    )
    assert rules(expression, [{"id": "V1", "asset_id": "A1"}], [change])


LATEST = [
    ("select is_latest_version from AssetVersion where id is V1", [{"id": "V1", "asset_id": "A1"}]),
    (
        "select latest_version.version from Asset where id is A1",
        [{"id": "A1", "latest_version": {"id": "V1", "asset_id": "A1"}}],
    ),
    ("select id from AssetVersion where is_latest_version is True", [{"id": "V1", "asset_id": "A1"}]),
]


@pytest.mark.parametrize(("expression", "rows"), LATEST)
@pytest.mark.parametrize(
    "change",
    [
        removed("AssetVersion", "V2", "Asset:A1 " + IN_S1, assetid="A1", version="2"),
        removed("AssetVersion", "V2", "Asset:A1 " + IN_S1),
        removed("AssetVersion", "V2", "Asset:A1 " + IN_S1, assetid=None),
        removed("AssetVersion", "V2", version="2"),
        removed("AssetVersion", "V2", assetid="A1"),
        written("delete", "AssetVersion", "V2"),
        added("AssetVersion", "V2", "Asset:A1 " + IN_S1, assetid="A1", version="2"),
        added("AssetVersion", "V2", "Asset:A1 " + IN_S1, assetid=None, version="2"),
        written("create", "AssetVersion", "V2", asset_id="A1"),
        updated("AssetVersion", "V2", "Asset:A1 " + IN_S1, version=("2", "0")),
        updated("AssetVersion", "V2", "Asset:A2 " + IN_S1, assetid=("A1", "A2")),
        updated("AssetVersion", "V2", "Asset:A1 " + IN_S1, assetid=("A2", "A1")),
    ],
    ids=[
        "told", "placed", "told as null", "neither", "without place", "removed by us",
        "new", "new, of none", "created by us", "numbered", "taken away", "brought",
    ],
)  # fmt: skip
def test_what_is_the_latest_follows_from_its_siblings(expression: str, rows: list[Row], change: list[Change]) -> None:
    """None of them is in the answer. A removed version's keys are null from now on: what counts is where it was."""
    assert rules(expression, rows, change)


@pytest.mark.parametrize(("expression", "rows"), LATEST[:2])
def test_versions_of_other_assets_leave_the_latest_alone(expression: str, rows: list[Row]) -> None:
    """Of a removed one: V9 stood in A9."""
    gone = removed("AssetVersion", "V9", "Asset:A9 " + IN_S1, assetid="A9", version="2")
    new = added("AssetVersion", "V9", "Asset:A9 " + IN_S1, assetid="A9", version="2")
    assert not {"A8", "A9"} & rules(expression, rows, [gone[0], new[0]])


def test_a_base_type_need_not_show_projects() -> None:
    """Only types of the task table are known to answer with their project (ftrack-protocol 5.4)."""
    expression = "select custom_attributes from Context where name is a"
    change = updated("Shot", "S1", "Sequence:Q1 Project:P1", fstart=("1", "2"))
    assert rules(expression, [{"id": "T1", "context_type": "task"}], change) == {"A8"}
    assert not rules("select custom_attributes from Task where name is a", [row("T9", project="P9")], change)


def test_a_version_may_belong_to_a_task_of_another_project() -> None:
    expression = "select name from Shot where project_id is P1 and assets.versions.task.time_logged > 3"
    assert rules(expression, [], added("Timelog", "L1", "Task:T9 Project:P9", context_id="T9"))


@pytest.mark.parametrize(
    ("criteria", "change"),
    [
        ('not (description is "x")', updated("Task", "T1", IN_S1, description=("x", None))),
        ('not (description in ("x", "y"))', updated("Task", "T1", IN_S1, description=("x", None))),
        ('description not_in ("x", none)', updated("Task", "T1", IN_S1, description=("z", "y"))),
        ("description is none", updated("Task", "T1", IN_S1, description=("y", ""))),
        ("description is_not none", updated("Task", "T1", IN_S1, description=("y", ""))),
        ('ancestors.id not_in ("S1")', updated("Task", "T1", IN_S1, name=("a", "b"))),
        ("bid is 0.3", updated("Task", "T1", IN_S1, bid=("1", "0.30000000001"))),
        ("name is 7", updated("Task", "T1", IN_S1, name=("a", "07"))),
        (r'name is "a\\b"', updated("Task", "T1", IN_S1, name=("x", "a\\b"))),
    ],
)
def test_comparisons_that_readings_differ_on(criteria: str, change: list[Change]) -> None:
    expression = f"select id from Task where {criteria}"
    if "name not_in" not in criteria and "ancestors" not in criteria:
        assert rules(expression, [], change) == {"A3"}
    else:
        assert rules(expression, [], added("Task", "T1", IN_S1, name="x")) == {"A2"}


def test_type_names_are_told_differently() -> None:
    expression = "select content from Note where parent_type is TypedContext"
    assert rules(expression, [], added("Note", "N1", IN_S1, parent_type="task", text="x")) == {"A2"}


def test_what_an_id_of_another_kind_refers_to_is_not_known() -> None:
    change = Change(
        ChangeKind.ADDED,
        frozenset({"Timelog"}),
        "L1",
        "Timelog",
        {"context_id": (None, 7), "user_id": (None, None)},
    )
    assert rules("select timelogs.duration from Task where id is T1", [row("T1", timelogs=[])], [change])


def test_a_relation_without_key_tells_its_owner() -> None:
    change = written("create", "Status", "X1", name="new", state={"__entity_type__": "State", "id": "ST1"})
    assert rules("select id from State where id is ST1", [{"id": "ST1"}], change) == set()


def test_a_removed_task_behind_a_window() -> None:
    expression = "select name from Task where project_id is P1 order by name offset 2 limit 2"
    assert rules(expression, [row("T3"), row("T4")], removed("Task", "T1", IN_S1, name="a"))


TASK, SHOT = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c", "bad911de-3bd6-47b9-8b46-3476e237cb36"


@pytest.mark.parametrize(
    "change",
    [
        updated("Shot", "T1", IN_S1, object_typeid=(TASK, SHOT)),
        written("update", "Task", "T1", object_type_id=SHOT),
        told({**item("Shot", "T1", "update", IN_S1), "keys": ["name"], "changes": None}),
    ],
    ids=["event", "write", "hidden"],
)
@pytest.mark.parametrize(
    ("expression", "rows"),
    [
        ("select name from Shot where project_id is P1", []),
        ("select name from Shot where id is T1", []),
        ("select name from Shot", []),
        ("select name from Shot order by name limit 1", [row("A1", "Shot")]),
        ("select name from Task", [row("T1")]),
        ("select name from Context where name is a", [row("T1")]),
        ("select parent.name from Task where id is T2", [row("T2", parent={"id": "T1"})]),
        ("select name from Task where parent[Shot] has (name is a)", []),
        ("select name from Task where parent_id in (select id from Shot)", []),
        ("select link from Task where id is T2", [row("T2", link=[{"id": "T1", "type": "Task"}])]),
        ("select tasks.name from Status where id is D1", [{"id": "D1", "tasks": [{"id": "T1"}]}]),
    ],
)
def test_an_object_can_become_one_of_another_type(expression: str, rows: list[Row], change: list[Change]) -> None:
    assert rules(expression, rows, change)


def test_a_conversion_elsewhere_is_none_of_ours() -> None:
    change = updated("Shot", "T1", "Shot:S9 Project:P9", object_typeid=(TASK, SHOT))
    assert not rules("select name from Shot where project_id is P1", [row("S1", "Shot")], change)
    assert not rules("select name from Shot where id is S1", [row("S1", "Shot")], change)
    assert not rules("select name from TypedContext where name is a", [row("S1", "Shot")], change)
    assert not rules("select name from Project where name is a", [row("P9", "Project")], change)


PLAIN = "ab1da5ef-3bd6-47b9-8b46-3476e237cb36"


@pytest.mark.parametrize("spelled", [PLAIN, PLAIN.upper(), PLAIN + " ", PLAIN.replace("-", ""), "{" + PLAIN + "}"])
def test_a_database_may_know_a_row_by_its_id_in_other_words(spelled: str) -> None:
    """Many compare texts without regard to case, and UUIDs as numbers."""
    named = f"select name from Task where id is {PLAIN}"
    shown = [row(PLAIN, name="a")]
    assert rules(named, shown, written("update", "Task", spelled, name="b"))
    assert rules(named, shown, written("delete", "Task", spelled)[:1])
    assert rules(named, shown, updated("Task", spelled, IN_S1, name=("a", "b")))
    timed = f"select timelogs.duration from Task where id is {PLAIN}"
    assert rules(timed, [row(PLAIN, timelogs=[])], written("create", "Timelog", "L1", context_id=spelled)[:1])
    latest = "select is_latest_version from AssetVersion where id is V1"
    assert rules(
        latest, [{"id": "V1", "asset_id": PLAIN}], written("create", "AssetVersion", "V2", asset_id=spelled)[:1]
    )
