"""Each rule, shortcut and window is needed: without it, an answer that differs would be served.

A case is a query, its answer before and after, and what happened. With all rules the change affects the answer;
with one rule removed, it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from unittest.mock import MagicMock

import pytest

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.changes.own_writes import changes_of_writes
from ftrack_proxy.changes.writes import read_writes
from ftrack_proxy.judging import affects as judging
from ftrack_proxy.judging import evaluate as evaluating
from ftrack_proxy.judging.judge import replication_window_end
from ftrack_proxy.values.truth import Truth
from tests.test_judging.cases import (
    Row,
    added,
    answer,
    bound,
    catalogue,
    moment,
    record,
    removed,
    rules,
    updated,
    written,
)

IN_S1 = "Shot:S1 Sequence:Q1 Project:P1"
IN_T1 = "Task:T1 " + IN_S1
OF_A1 = "Asset:A1 " + IN_S1


@dataclass(frozen=True)
class Story:
    """A change that alters an answer, known by one rule alone."""

    rule: str
    expression: str
    changes: list[Change]
    before: list[Row]
    after: list[Row]


def task(identity: str, **values: object) -> Row:
    return {"__entity_type__": "Task", "id": identity, "project_id": "P1", **values}


def version(identity: str, **values: object) -> Row:
    return {"__entity_type__": "AssetVersion", "id": identity, "asset_id": "A1", **values}


STORIES = [
    # An invitation is mailed: somebody's date of last contact changes, not told whose.
    Story(
        "A0",
        "select last_sent_at from ReviewSessionInvitee where review_session_id is R1",
        changes_of_writes(read_writes([{"action": "send_review_session_invite"}], catalogue()), catalogue()),
        [{"id": "I1", "last_sent_at": None}],
        [{"id": "I1", "last_sent_at": "2031-05-04"}],
    ),
    # A shot goes, and its tasks with it.
    Story(
        "A0",
        "select name from Task where parent_id is S1",
        removed("Shot", "S1", "Sequence:Q1 Project:P1", name="s1"),
        [task("T1", name="anim")],
        [],
    ),
    # A task is renamed.
    Story(
        "A1",
        "select name from Task where parent_id is S1",
        updated("Task", "T1", IN_S1, name=("anim", "layout")),
        [task("T1", name="anim")],
        [task("T1", name="layout")],
    ),
    # A logged hour is deleted.
    Story(
        "A1",
        "select duration from Timelog where context_id is T1",
        removed("Timelog", "L1", IN_T1, context_id="T1", duration="1"),
        [{"id": "L1", "duration": 1}],
        [],
    ),
    # A version is published.
    Story(
        "A2",
        "select comment from AssetVersion where asset_id is A1",
        added("AssetVersion", "V2", OF_A1, assetid="A1", version="2"),
        [version("V1", comment="")],
        [version("V1", comment=""), version("V2", comment="")],
    ),
    # A task is done, and comes into the list of what is.
    Story(
        "A3",
        "select name from Task where status_id is done",
        updated("Task", "T1", IN_S1, statusid=("open", "done")),
        [],
        [task("T1", name="anim")],
    ),
    # It is reopened, and leaves it.
    Story(
        "A3",
        "select name from Task where status_id is done",
        updated("Task", "T1", IN_S1, statusid=("done", "open")),
        [task("T1", name="anim")],
        [],
    ),
    # A parent that the answer mentions meets the criteria itself now.
    Story(
        "A3",
        "select name, parent.name from TypedContext where status_id is done",
        updated("Shot", "S1", "Sequence:Q1 Project:P1", statusid=("open", "done")),
        [task("T1", parent={"id": "S1", "name": "s"})],
        [task("T1", parent={"id": "S1", "name": "s"}), task("S1", parent={"id": "Q1", "name": "q"})],
    ),
    # The first page by bid has another first row.
    Story(
        "A4",
        "select name from Task where parent_id is S1 order by bid limit 1",
        updated("Task", "T2", IN_S1, bid=("9", "1")),
        [task("T1", name="anim")],
        [task("T2", name="comp")],
    ),
    # Two rows of an ordered list change places.
    Story(
        "A4",
        "select name from Task where parent_id is S1 order by bid",
        updated("Task", "T2", IN_S1, bid=("9", "1")),
        [task("T1", name="anim"), task("T2", name="comp")],
        [task("T2", name="comp"), task("T1", name="anim")],
    ),
    # What stood before the page goes: the page moves up.
    Story(
        "A5",
        "select duration from Timelog where user_id is U1 order by start offset 1 limit 1",
        removed("Timelog", "L1", IN_T1, user_id="U1", context_id="T1"),
        [{"id": "L2", "duration": 1}],
        [{"id": "L3", "duration": 2}],
    ),
    # A shot gets the name that is asked for: its tasks come.
    Story(
        "A6",
        "select name from Task where parent.name is sh010",
        updated("Shot", "S1", "Sequence:Q1 Project:P1", name=("sh", "sh010")),
        [],
        [task("T1", name="anim")],
    ),
    # Somebody is assigned: the task is among theirs.
    Story(
        "A6",
        "select name from Task where assignments any (resource_id is U1)",
        added("Appointment", "M1", IN_T1, context_id="T1", resource_id="U1", type="assignment"),
        [],
        [task("T1", name="anim")],
    ),
    # A sum over rows that show no ids.
    Story(
        "A6",
        "select sum(timelogs.duration) from Task group by status_id",
        updated("Timelog", "L1", IN_T1, duration=("1", "2")),
        [{"status_id": "a", "sum": 1}],
        [{"status_id": "a", "sum": 2}],
    ),
    # A version comes into the collection of its asset.
    Story(
        "A7",
        "select versions.comment from Asset where id is A1",
        added("AssetVersion", "V2", OF_A1, assetid="A1", version="2"),
        [{"id": "A1", "context_id": "S1", "versions": []}],
        [{"id": "A1", "context_id": "S1", "versions": [version("V2", comment="")]}],
    ),
    # An allocation becomes an assignment.
    Story(
        "A7",
        "select assignments.resource_id from Task where id is T1",
        updated("Appointment", "M1", IN_T1, type=("allocation", "assignment")),
        [task("T1", assignments=[])],
        [task("T1", assignments=[{"id": "M1", "resource_id": "U1"}])],
    ),
    # A sequence is renamed: what is below shows it in its link.
    Story(
        "A8",
        "select link from Task where id is T1",
        updated("Sequence", "Q1", "Project:P1", name=("sq", "sq010")),
        [task("T1", link=[{"id": "P1"}, {"id": "Q1", "name": "sq"}, {"id": "S1"}, {"id": "T1"}])],
        [task("T1", link=[{"id": "P1"}, {"id": "Q1", "name": "sq010"}, {"id": "S1"}, {"id": "T1"}])],
    ),
    # A value is inherited from above.
    Story(
        "A8",
        "select custom_attributes.value from Task where id is T1",
        updated("Sequence", "Q1", "Project:P1", fps=("24", "25")),
        [task("T1", custom_attributes=[{"value": 24}])],
        [task("T1", custom_attributes=[{"value": 25}])],
    ),
    # An hour is logged: the task is one of those with much time.
    Story(
        "A9",
        "select name from Task where time_logged > 3000",
        added("Timelog", "L1", IN_T1, context_id="T1", duration="3600"),
        [],
        [task("T1", name="anim")],
    ),
    # Sums show no ids.
    Story(
        "A10",
        "select sum(bid) from Task group by status_id",
        updated("Task", "T1", IN_S1, bid=("1", "2")),
        [{"status_id": "a", "sum": 1}],
        [{"status_id": "a", "sum": 2}],
    ),
]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.rule} {story.expression}")
def test_no_rule_can_be_left_out(story: Story, monkeypatch: pytest.MonkeyPatch) -> None:
    assert story.before != story.after
    assert story.rule in rules(story.expression, story.before, story.changes)
    monkeypatch.delitem(judging.RULES, story.rule)
    assert rules(story.expression, story.before, story.changes) == set()


def test_every_rule_has_a_story() -> None:
    assert {story.rule for story in STORIES} == set(judging.RULES)


# -- what keeps an answer must be certain: each is made to say "certain" always, and then a change is missed


@dataclass(frozen=True)
class Shortcut:
    """A function that can spare an answer, and a change that must not be spared."""

    name: str
    expression: str
    changes: list[Change]
    before: list[Row]
    certain: object = True
    place: object = judging


SHORTCUTS = [
    Shortcut(
        "_lies_in_another_project",
        "select name from Task where project_id is P1 and time_logged > 3",
        added("Timelog", "L1", IN_T1, context_id="T1"),
        [],
    ),
    Shortcut(
        "_owner_is_out",
        "select name from Task where project_id is P1 and assignments any ()",
        added("Appointment", "M1", IN_T1, context_id="T1", type="assignment"),
        [],
    ),
    Shortcut(
        "_hangs_on_one",
        "select name from Task where project_id is P1 and outgoing_links any ()",
        added("TypedContextLink", "L1", "Task:T9 Project:P9", from_id="T1", to_id="T9"),
        [],
    ),
    Shortcut(
        "_may_hang_on_mentioned",
        "select versions.comment from Asset where id is A1",
        added("AssetVersion", "V2", OF_A1, assetid="A1", version="2"),
        [{"id": "A1", "versions": []}],
        certain=False,
    ),
    Shortcut(
        "_may_change_owner",
        "select assignments.resource_id from Task where id is T1",
        updated("Appointment", "M1", IN_T1, type=("allocation", "assignment")),
        [task("T1", assignments=[])],
        certain=False,
    ),
    Shortcut(
        "_derives_elsewhere",
        "select link from Task where id is T1",
        updated("Sequence", "Q1", "Project:P1", name=("sq", "sq010")),
        [task("T1", link=[{"id": "Q1", "name": "sq"}])],
    ),
    Shortcut(
        "_meets_sources",
        "select link from Task where id is T1",
        updated("Sequence", "Q1", "Project:P1", name=("sq", "sq010")),
        [task("T1", link=[{"id": "Q1", "name": "sq"}])],
        certain=False,
    ),
    Shortcut(
        "_may_be_same",
        "select name from Task where name is Anim",
        added("Task", "T1", IN_S1, name="anim"),
        [],
        certain=False,
        place=evaluating,
    ),
    Shortcut(
        "_quantified",
        'select name from Task where ancestors any (id is "Q1")',
        added("Task", "T1", IN_S1, name="anim"),
        [],
        certain=Truth.FALSE,
        place=evaluating,
    ),
    Shortcut(
        "_value_type",
        "select name from Task where start_date is 2031-05-04",
        added("Task", "T1", IN_S1, startdate="2031-05-04T00:00:00"),
        [],
        certain="string",
        place=evaluating,
    ),
]


@pytest.mark.parametrize("shortcut", SHORTCUTS, ids=lambda shortcut: shortcut.name)
def test_no_shortcut_is_always_certain(shortcut: Shortcut, monkeypatch: pytest.MonkeyPatch) -> None:
    assert rules(shortcut.expression, shortcut.before, shortcut.changes)
    monkeypatch.setattr(shortcut.place, shortcut.name, MagicMock(return_value=shortcut.certain))
    assert not rules(shortcut.expression, shortcut.before, shortcut.changes)


# -- the settle window


EXPRESSION = "select name from Task where parent_id is S1"
RENAMED = updated("Task", "T1", IN_S1, name=("anim", "layout"))[0]
ELSEWHERE = updated("Task", "T9", "Shot:S9 Project:P9", name=("anim", "layout"))[0]


@pytest.mark.parametrize(
    ("change", "recorded", "window", "until"),
    [
        (RENAMED, 9.8, 0.5, 10.3),
        (RENAMED, 9.8, 0.0, float("inf")),
        (RENAMED, 9.4, 0.5, float("inf")),
        (ELSEWHERE, 9.8, 0.5, float("inf")),
    ],
)
def test_an_answer_fetched_right_after_a_change_is_believed_for_the_window(
    change: Change, recorded: float, window: float, until: float
) -> None:
    """A replica that lags may have answered: the old name would be served for ever otherwise."""
    log = InMemoryChangeLog()
    (seq,) = record(log, change, at=recorded)
    result = answer(EXPRESSION, [task("T1", name="anim")])
    result.validity.began = moment(seq, 10.0)
    assert replication_window_end(result, log, window, bound(EXPRESSION)) == pytest.approx(until)


def test_the_newest_affecting_change_counts() -> None:
    log = InMemoryChangeLog()
    for change, at in ((RENAMED, 9.6), (RENAMED, 9.7), (ELSEWHERE, 9.9)):
        record(log, change, at=at)
    result = answer(EXPRESSION, [task("T1", name="anim")])
    result.validity.began = moment(3, 10.0)
    assert replication_window_end(result, log, 0.5, bound(EXPRESSION)) == pytest.approx(10.2)


def test_own_writes_are_stories_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the id and the new values is known of them."""
    change = written("update", "Task", "T1", name="layout")
    assert rules(EXPRESSION, [task("T1", name="anim")], change) == {"A1"}
    assert change[0].kind is ChangeKind.UPDATED
    monkeypatch.delitem(judging.RULES, "A1")
    assert not rules(EXPRESSION, [task("T1", name="anim")], change)
