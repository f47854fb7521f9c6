"""A batch is done as a whole or not at all; what the server does along with a write."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.ftrack_server.database import INDEXED

from .engine_stage import NOW, Stage, create, dangling, delete, query, update


def _state(stage: Stage) -> Any:
    """Rows in order and every index, to be compared."""
    tables = stage.engine._database.tables
    return copy.deepcopy(
        {
            name: (
                list(table.rows.items()),
                {i: {v: set(k) for v, k in table._index(i).items() if k} for i in INDEXED},
            )
            for name, table in tables.items()
            if table.rows
        }
    )


def test_a_failing_operation_undoes_everything(stage: Stage) -> None:
    made = stage.made
    before, number = _state(stage), stage.engine.commits
    error = stage.refused(
        create("Task", name="a", parent_id=made.shots[0]),
        update("Task", made.tasks[0], name="b", status_id=made.statuses[1]),
        update("Shot", made.shots[1], parent_id=made.projects[1]),
        delete("Shot", made.shots[0]),
        create(
            "ContextCustomAttributeValue", configuration_id=made.configurations[0], entity_id=made.shots[1], value=1
        ),
        update("Task", "00000000-0000-4000-8000-000000000000", name="c"),
    )
    assert error.exception == "ValueError"
    assert error.content.startswith("Could not find entity Task with entity_key")
    assert _state(stage) == before
    assert stage.engine.commits == number


def test_failing_queries_undo_writes_too(stage: Stage) -> None:
    before = _state(stage)
    stage.refused(delete("Task", stage.made.tasks[0]), query("Nothing"))
    assert _state(stage) == before


def test_commits_are_numbered(stage: Stage) -> None:
    task = stage.made.tasks[0]
    assert stage.engine.commits == 0
    assert stage.run(query("Task")).commit is None
    assert stage.update("Task", task, name="one").commit == 1
    assert stage.update("Task", task, name="one").commit is None
    assert stage.run(update("Task", task, name="two"), update("Task", task, name="three")).commit == 2
    assert stage.engine.commits == 2


def test_the_past_can_be_asked(stage: Stage) -> None:
    engine, task = stage.engine, stage.made.tasks[0]
    everything = "select name, status.name, parent.name from Task"
    at_first = engine.query(everything)
    stage.update("Task", task, name="renamed")
    after_update = engine.query(everything)
    new = stage.create("Task", name="new", parent_id=stage.made.shots[0])["id"]
    after_create = engine.query(everything)
    stage.delete("Task", task)
    after_delete = engine.query(everything)
    stage.delete("Task", new)
    states = [at_first, after_update, after_create, after_delete]
    assert [engine.query(everything, as_of=number) for number in range(4)] == states
    assert len({repr(state) for state in states}) == 4
    assert engine.query(everything, as_of=4) == engine.query(everything)


def test_duplicates(stage: Stage) -> None:
    error = stage.refused(create("Task", id=stage.made.tasks[0], name="again", parent_id=stage.made.shots[0]))
    assert error.exception == "DuplicateEntryError"
    seen_as_another_type = create("Shot", id=stage.made.tasks[0], name="again", parent_id=stage.made.sequences[0])
    assert stage.refused(seen_as_another_type).exception == "DuplicateEntryError"


@pytest.mark.parametrize(
    "operation",
    [
        update("Task", "missing", name="x"),
        delete("Task", "missing"),
        update("Metadata", ["missing", "x"], value="x"),
        delete("ContextCustomAttributeValue", ["missing", "x"]),
        update("ContextCustomAttributeValue", ["missing", "x"], value=1),
    ],
)
def test_missing_rows(operation: dict[str, Any], stage: Stage) -> None:
    error = stage.refused(operation)
    assert error.exception == "ValueError"
    assert "Could not find entity" in error.content


def test_a_row_is_not_found_as_another_type(stage: Stage) -> None:
    assert stage.refused(update("Shot", stage.made.tasks[0], name="x")).exception == "ValueError"
    assert stage.update("TypedContext", stage.made.tasks[0], name="x").commit


@pytest.mark.parametrize(
    ("operation", "exception"),
    [
        (create("Nothing"), "ValueError"),
        (create("Task", nothing=1), "KeyError"),
        (create("Task", name="without parent"), "ValidationError"),
        (create("Context", name="a family"), "ValidationError"),
        ({"action": "frobnicate"}, "ValueError"),
        ({"action": "query"}, "KeyError"),
        ({"action": "update", "entity_type": "Task"}, "KeyError"),
    ],
)
def test_wrong_operations(operation: dict[str, Any], exception: str, stage: Stage) -> None:
    assert stage.refused(operation).exception == exception


def test_unknown_actions_are_named_as_clients_expect(stage: Stage) -> None:
    assert stage.refused({"action": "frobnicate"}).content == "Invalid action u'frobnicate'"


def test_ids_are_made_if_the_client_makes_none(stage: Stage) -> None:
    first = stage.create("Task", name="a", parent_id=stage.made.shots[0])["id"]
    second = stage.create("Task", name="a", parent_id=stage.made.shots[0])["id"]
    assert first != second
    assert len(first) == 36
    mine = "d0000000-0000-4000-8000-000000000001"
    assert stage.create("Task", id=mine, name="a", parent_id=stage.made.shots[0])["id"] == mine


def test_references_are_taken_as_keys(stage: Stage) -> None:
    shot, bo = stage.made.shots[1], stage.made.users["bo"]
    task = stage.create("Task", name="a", parent={"__entity_type__": "Shot", "id": shot})["id"]
    row = stage.ask(f"select parent_id, project_id, status_id, created_at, created_by_id from Task where id is {task}")[
        0
    ]
    assert (row["parent_id"], row["project_id"]) == (shot, stage.made.projects[0])
    assert row["status_id"] in stage.made.statuses
    assert row["created_at"]["value"] == NOW.isoformat()
    assert row["created_by_id"] == stage.made.users["ana"]
    note = stage.create("Note", content="x", parent_id=task, author={"__entity_type__": "User", "id": bo})["id"]
    assert stage.ids("Note where author.username is bo") == [note]
    asset = stage.create("Asset", name="b", parent={"__entity_type__": "Shot", "id": shot})["id"]
    assert stage.ids(f"Asset where context_id is {shot} and name is b") == [asset]


def test_date_times_become_naive_utc(stage: Stage) -> None:
    task = stage.made.tasks[0]
    for sent in ("2031-05-04T12:00:00.250000+02:00", "2031-05-04T10:00:00.000Z", "2031-05-04T10:00:00"):
        stage.update("Task", task, end_date=None)
        stage.update("Task", task, end_date={"__type__": "datetime", "value": sent})
        row = stage.ask(f"select end_date from Task where id is {task}")[0]
        assert row["end_date"] == {"__type__": "datetime", "value": "2031-05-04T10:00:00"}


@pytest.mark.parametrize(
    ("type_name", "of", "gone"),
    [
        ("Project", "projects", ("Task", "Asset", "AssetVersion", "Component", "ComponentLocation", "Appointment",
                                 "Timelog", "Note", "List", "ListObject", "TypedContextLink", "Metadata")),
        ("Shot", "shots", ("Task", "Asset", "AssetVersion", "Component", "ComponentLocation", "Note", "ListObject")),
        ("Task", "tasks", ("Appointment", "Timelog", "Note", "ListObject", "TypedContextLink", "Metadata")),
        ("Asset", "assets", ("AssetVersion", "Component", "ComponentLocation")),
        ("AssetVersion", "versions", ("Component", "ComponentLocation")),
        ("FileComponent", "components", ("ComponentLocation",)),
        ("Note", "notes", ("Note",)),
        ("TypedContextList", "lists", ("ListObject",)),
        ("Group", "groups", ("Membership",)),
    ],
)  # fmt: skip
def test_deleting_takes_along_what_hangs_on_it(type_name: str, of: str, gone: tuple[str, ...], stage: Stage) -> None:
    before = {table: stage.count(table) for table in gone}
    identity = getattr(stage.made, of)[0]
    stage.update("Task", stage.made.tasks[-1], thumbnail_id=stage.made.components[0])
    stage.delete(type_name, identity)
    assert all(stage.count(table) < number for table, number in before.items())
    assert stage.ids(f"{type_name} where id is {identity}") == []
    assert dangling(stage.engine) == []


def test_deleting_a_user_leaves_his_work(stage: Stage) -> None:
    versions, notes = stage.count("AssetVersion"), stage.count("Note")
    stage.delete("User", stage.made.users["ana"], username="bo")
    assert (stage.count("AssetVersion", "bo"), stage.count("Note", "bo")) == (versions, notes)
    assert dangling(stage.engine) == []


def test_moves_take_the_subtree_to_the_other_project(stage: Stage) -> None:
    shot, project = stage.made.shots[0], stage.made.projects[1]
    answer = stage.update("Shot", shot, parent_id=project).responses[0]["data"]
    assert answer["project_id"] == project
    rows = stage.ask(f"select project_id, link from Task where parent_id is {shot}")
    assert {row["project_id"] for row in rows} == {project}
    assert rows[0]["link"][0]["name"] == "proj1"
    assert shot in stage.ids(f"Shot where project_id is {project}")
    assert shot not in stage.ids(f"Shot where project_id is {stage.made.projects[0]}")


def test_nothing_moves_below_itself(stage: Stage) -> None:
    sequence, shot = stage.made.sequences[0], stage.made.shots[0]
    assert stage.refused(update("Sequence", sequence, parent_id=shot)).exception == "ValidationError"
    assert stage.refused(update("Sequence", sequence, parent_id=sequence)).exception == "ValidationError"
    assert stage.refused(update("Sequence", sequence, parent_id="nowhere")).exception == "ValidationError"


def test_status_changes_are_kept(stage: Stage) -> None:
    task, version, statuses = stage.made.tasks[0], stage.made.versions[0], stage.made.statuses
    stage.update("Task", task, status_id=statuses[0])
    before = stage.count("StatusChange")
    stage.update("Task", task, status={"__entity_type__": "Status", "id": statuses[1]})
    row = stage.ask(f"select from_status_id, status_id, user_id, date from StatusChange where parent_id is {task}")[-1]
    assert row["__entity_type__"] == "TypedContextStatusChange"
    assert (row["from_status_id"], row["status_id"]) == (statuses[0], statuses[1])
    assert (row["user_id"], row["date"]["value"]) == (stage.made.users["ana"], NOW.isoformat())
    stage.update("Task", task, name="no status")
    assert stage.count("StatusChange") == before + 1
    stage.update("AssetVersion", version, status_id=statuses[2])
    stage.update("AssetVersion", version, status_id=statuses[3])
    assert stage.count(f"AssetVersionStatusChange where parent_id is {version}") >= 1
    assert stage.ids('Task where status_changes any (date >= "2031-05-04" and date < "2031-05-05")') == [task]


def test_versions_are_numbered(stage: Stage) -> None:
    asset = stage.made.assets[0]
    answer = stage.create("AssetVersion", asset_id=asset)
    assert answer["version"] == 4
    stage.delete("AssetVersion", stage.made.versions[0])
    assert stage.create("AssetVersion", asset_id=asset)["version"] == 5
    assert stage.create("AssetVersion", asset_id=asset, version=9)["version"] == 9
    fresh = stage.create("Asset", name="fresh", context_id=stage.made.shots[0])["id"]
    assert stage.create("AssetVersion", asset_id=fresh)["version"] == 1
    latest = stage.ask(f"select version from AssetVersion where asset_id is {asset} and is_latest_version is True")
    assert [row["version"] for row in latest] == [9]


def test_replies_touch_their_thread(stage: Stage) -> None:
    note, task = stage.made.notes[0], stage.made.tasks[0]
    stage.create("Note", content="yes", parent_id=task, parent_type="Task", in_reply_to_id=note)
    row = stage.ask(f"select thread_activity, replies from Note where id is {note}")[0]
    assert row["thread_activity"]["value"] == NOW.isoformat()
    assert len(row["replies"]) == 2


def test_members_named_in_a_collection_point_back(stage: Stage) -> None:
    version = stage.create("AssetVersion", asset_id=stage.made.assets[0])["id"]
    component = stage.create("FileComponent", name="loose")["id"]
    reference = {"__entity_type__": "FileComponent", "id": component}
    stage.update("AssetVersion", version, components=[reference])
    assert stage.ids(f"Component where version_id is {version}") == [component]
