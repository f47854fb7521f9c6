"""Every entry of the table of side effects is needed: without it an answer that ftrack has made stale is served."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from ftrack_proxy.changes import side_effects as table
from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind
from ftrack_proxy.facts.written_along import SIDE_EFFECTS, WORKFLOW
from ftrack_proxy.settings import read_policy
from tests.test_judging.cases import added, bound, catalogue, rules, updated, written

pytestmark = pytest.mark.required("G1.2")


@dataclass(frozen=True)
class Case:
    """A write, and a question whose answer it makes old by an effect on ``family``."""

    family: str
    changes: list[Change]
    expression: str
    rows: tuple[Any, ...] = ()


def created(entity_type: str, **values: Any) -> list[Change]:
    return written("create", entity_type, "X1", **values)


CASES = [
    Case("Context", created("Shot", name="s", parent_id="Q1"), "select id from Appointment where type is assignment"),
    Case("Context", created("Shot", name="s", parent_id="Q1"), "select value from Metadata where parent_id is X1"),
    Case(
        "Context", written("update", "Project", "P1", project_schema_id="PS2"),
        "select name from Task where status.name is Open",
    ),
    Case("Note", created("Note", parent_id="T1", content="x"), "select note_id from Recipient where resource_id is U1"),
    Case("Note", added("Note", "X1", text="x"), "select note_id from Recipient where resource_id is U1"),
    Case("Note", written("update", "Note", "N1", category_id="C1"), "select note_id from NoteLabelLink"),
    Case("Note", updated("Note", "N1", categoryid=("C1", "C2")), "select note_id from NoteLabelLink"),
    Case(
        "Note",
        written("update", "Note", "N1", category={"__entity_type__": "NoteCategory", "id": "C1"}),
        "select note_label_links.label.name from Note where id is N1",
        ({"id": "N1", "note_label_links": []},),
    ),
    Case("Component", created("FileComponent", name="a"), "select id from ComponentLocation"),
    Case(
        "Component", created("FileComponent", name="a", size=3, container_id="B1"),
        "select size from Component where id is B1", ({"id": "B1", "size": 0},),
    ),
    Case(
        "Component", written("update", "FileComponent", "C1", size=3),
        "select size from Component where id is B1", ({"id": "B1", "size": 0},),
    ),
    Case("Resource", created("User", username="x"), "select id from Membership"),
    Case("Timer", created("Timer", context_id="T1", user_id="U1"), "select duration from Timelog"),
    Case("Timer", created("Timer", context_id="T1", user_id="U1"), "select time_logged from Task where id is T1"),
    Case("ReviewSession", created("ReviewSession", name="x"), "select name from ReviewSessionInvitee"),
    Case("ReviewSessionObject", created("ReviewSessionObject", name="x"), "select id from ReviewSessionObjectStatus"),
    Case("CalendarEvent", created("CalendarEvent", everyone=True), "select id from CalendarEventResource"),
    Case("ObjectType", created("ObjectType", name="Prop"), "select id from Schema"),
    *(
        Case(name, written("create", name, None), f"select id from {other}")
        for name, other in zip(WORKFLOW, ("Schema", *("ProjectSchema",) * 9), strict=True)
        if name != other
    ),
]  # fmt: skip


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.family} {case.expression}")
def test_what_comes_along_is_read_anew(case: Case) -> None:
    assert rules(case.expression, case.rows, case.changes)


def test_no_entry_can_be_left_out() -> None:
    """Some case rests on each: rows of its family in its way, on nothing but what it reaches."""
    for effect in SIDE_EFFECTS:
        resting = [
            case
            for case in CASES
            if case.family == effect.family and any(table._applies(effect, change) for change in case.changes)
        ]
        reached = table._families((effect,), catalogue())
        assert any(reached & bound(case.expression).families for case in resting), effect


@pytest.mark.parametrize(
    "case",
    [case for case in CASES if case.family != "ProjectSchema"],
    ids=lambda case: f"{case.family} {case.expression}",
)
def test_without_the_table_they_would_be_missed(case: Case) -> None:
    """The row itself, its removals and its owners are others' matter."""
    alone = [
        change for change in case.changes if change.kind is not ChangeKind.UNKNOWN and change.entity_id is not None
    ]
    assert not rules(case.expression, case.rows, alone)


@pytest.mark.parametrize(
    ("changes", "expression"),
    [
        (created("Note", parent_id="T1", content="x"), "select note_id from NoteLabelLink"),
        (created("Note", parent_id="T1", category_id=None), "select note_id from NoteLabelLink"),
        (written("update", "Note", "N1", content="x"), "select note_id from Recipient"),
        (written("update", "Project", "P1", name="x"), "select name from Task where status.name is Open"),
        (written("update", "Task", "T1", name="x"), "select size from Component"),
        (
            created("FileComponent", name="a", size=3, container_id=None),
            "select size from Component where version_id is V",
        ),
        (created("Task", name="a", parent_id="S1"), "select name from Status"),
        (added("Task", "T1", "Shot:S1 Project:P1", name="x"), "select id from Appointment"),
    ],
)
def test_nothing_else_does(changes: list[Change], expression: str) -> None:
    assert not {rule for rule in rules(expression, [], changes) if rule == "A0"}


def test_what_the_server_sets_along_counts_as_written() -> None:
    (note,) = written("update", "Note", "N1", is_todo=False)
    assert note.attributes["completed_at"] == note.attributes["completed_by_id"] == (UNKNOWN, UNKNOWN)
    assert rules("select completed_at from Note where id is N1", [{"id": "N1"}], [note]) == {"A1"}
    assert rules("select content from Note where completed_by_id is U1", [], [note]) == {"A3"}
    assert not rules("select content from Note where id is N1", [{"id": "N1"}], [note])
    (job,) = written("update", "Job", "J1", status="done")
    assert rules("select finished_at from Job where id is J1", [{"id": "J1"}], [job]) == {"A1"}
    (version,) = written("update", "AssetVersion", "V1", is_published=True)
    assert rules("select date from AssetVersion where id is V1", [{"id": "V1"}], [version]) == {"A1"}


def test_a_number_that_the_server_may_change_is_not_certain() -> None:
    """Version 1 is there already: the new one may become version 3."""
    version = written("create", "AssetVersion", "V9", asset_id="A1", version=1)
    assert rules("select id from AssetVersion where asset_id is A1 and version is 3", [], version) == {"A2"}
    assert not rules("select id from AssetVersion where asset_id is A2 and version is 3", [], version)


def test_what_is_written_inside_brings_its_own() -> None:
    note = {"__entity_type__": "Note", "id": "N1", "content": "x"}
    changes = written("create", "AssetVersion", "V1", asset_id="A1", notes=[note])
    assert rules("select note_id from Recipient where resource_id is U1", [], changes)


def test_the_log_of_all_writes_is_kept_by_no_one() -> None:
    policy = read_policy()
    for expression in ("select id from Event", "select id from Feed"):
        assert policy.terms_of(bound(expression).shape.reads, catalogue().family_of) is None
