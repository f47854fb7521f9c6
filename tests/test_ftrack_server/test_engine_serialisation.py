"""Answers as they go over the wire: full once, bare afterwards."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ftrack_server import Writing

from .engine_stage import Stage, create, query, update

TASK_TYPE = "11c137c0-ee7e-4f9c-91c5-8c77cec22b2c"


def _same_status(stage: Stage) -> tuple[str, str, str]:
    status = stage.made.statuses[0]
    first, second = stage.made.tasks[:2]
    stage.run(update("Task", first, status_id=status), update("Task", second, status_id=status))
    return first, second, status


def test_row_with_system_projections_and_classifier(shared: Stage) -> None:
    task, project = shared.made.tasks[0], shared.made.projects[0]
    entry = shared.run(query("select name from Task limit 1")).responses[0]
    row = {
        "__entity_type__": "Task", "id": task, "name": "animation", "context_type": "task", "object_type_id": TASK_TYPE,
        "project_id": project,
    }  # fmt: skip
    assert entry == {"action": "query", "data": [row], "metadata": {"next": {"offset": 1}}}


def test_date_times_are_naive_without_fraction(shared: Stage) -> None:
    row = shared.ask("select created_at, start_date from Task limit 1")[0]
    assert row["created_at"] == {"__type__": "datetime", "value": "2031-03-02T08:00:00"}
    assert row["start_date"] is None


def test_shared_status_is_written_once(stage: Stage) -> None:
    first, second, status = _same_status(stage)
    rows = stage.ask(f"select status.state.short from Task where id in ({first}, {second})")
    state = {"__entity_type__": "State", "id": rows[0]["status"]["state"]["id"], "short": "NOT_STARTED"}
    assert rows[0]["status"] == {"__entity_type__": "Status", "id": status, "state": state}
    assert rows[1]["status"] == {"__entity_type__": "Status", "id": status}
    assert "status_id" not in rows[0]
    assert set(rows[1]) == {"__entity_type__", "id", "context_type", "object_type_id", "project_id", "status"}


def test_row_inside_its_own_collection_is_bare(shared: Stage) -> None:
    made = shared.made
    row = shared.ask(f"select version, asset.versions.version from AssetVersion where id is {made.versions[0]}")[0]
    asset = made.assets[0]
    assert row == {
        "__entity_type__": "AssetVersion", "id": made.versions[0], "asset_id": asset, "version": 1,
        "asset": {
            "__entity_type__": "Asset", "id": asset, "context_id": made.shots[0],
            "versions": [
                {"__entity_type__": "AssetVersion", "id": made.versions[0]},
                {"__entity_type__": "AssetVersion", "id": made.versions[1], "asset_id": asset, "version": 2},
                {"__entity_type__": "AssetVersion", "id": made.versions[2], "asset_id": asset, "version": 3},
            ],
        },
    }  # fmt: skip


def test_later_rows_were_written_inside_earlier_ones(shared: Stage) -> None:
    versions = ",".join(shared.made.versions[:2])
    rows = shared.ask(f"select version, asset.versions.version from AssetVersion where id in ({versions})")
    assert rows[1] == {"__entity_type__": "AssetVersion", "id": shared.made.versions[1]}


def test_denormalised_answers_are_complete_trees(stage: Stage) -> None:
    first, second, _ = _same_status(stage)
    rows = stage.ask(f"select status.state.short from Task where id in ({first}, {second})", denormalize=True)
    assert rows[0]["status"] == rows[1]["status"]
    assert rows[1]["status"]["state"]["short"] == "NOT_STARTED"


@pytest.mark.parametrize("cut", [False, True])
def test_an_entity_inside_itself_in_a_denormalised_answer(cut: bool, stage: Stage) -> None:
    """The tree that was asked for ends by itself; whether ftrack cuts it short all the same is not known."""
    stage.engine.writing = Writing(cut_inside_itself=cut)
    version = stage.made.versions[0]
    cycle = stage.ask(
        f"select version, asset.versions.version from AssetVersion where id is {version}", denormalize=True
    )
    bare = {"__entity_type__": "AssetVersion", "id": version}
    inner = cycle[0]["asset"]["versions"]
    assert inner[0] == (bare if cut else {**bare, "asset_id": cycle[0]["asset"]["id"], "version": 1})
    assert inner[1]["version"] == 2


@pytest.mark.parametrize("siblings", [False, True])
def test_what_shares_a_column_in_a_denormalised_answer(siblings: bool, stage: Stage) -> None:
    stage.engine.writing = Writing(siblings=siblings)
    asked = "select project_schema.task_workflow_schema.name, link from Project"
    project = stage.ask(asked, denormalize=True)[0]
    schema = project["project_schema"]
    assert ("_link" in project, "_task_workflow" in schema) == (siblings, siblings)
    assert schema["task_workflow_schema"]["name"] == "All"
    assert schema.get("_task_workflow", schema["task_workflow_schema"]) == schema["task_workflow_schema"]
    assert "_link" not in stage.ask("select name from Project", denormalize=True)[0]


def test_first_occurrence_in_a_batch_carries_what_any_operation_loads(stage: Stage) -> None:
    task = stage.made.tasks[0]
    first, second = stage.run(
        query(f"select name from Task where id is {task}"),
        query(f"select bid, status.name from Task where id is {task}"),
    ).responses
    assert (first["data"][0]["name"], first["data"][0]["bid"]) == ("animation", 14_400.0)
    assert "name" in first["data"][0]["status"]
    assert second["data"] == [{"__entity_type__": "Task", "id": task}]


def test_the_example_of_two_creates(stage: Stage) -> None:
    component, location = "c0000000-0000-4000-8000-000000000001", stage.made.locations[0]
    data = {
        "id": component, "name": "data", "file_type": ".json", "size": 13,
        "component_locations": [],
    }  # fmt: skip
    place = {"component_id": component, "location_id": location, "resource_identifier": component}
    first, second = stage.run(create("FileComponent", **data), create("ComponentLocation", **place)).responses
    assert first["action"] == second["action"] == "create"
    assert first["data"]["system_type"] == "file"
    assert {"name", "file_type", "size"} < set(first["data"])
    assert second["data"]["__entity_type__"] == "ComponentLocation"


def test_created_user(stage: Stage) -> None:
    new = create("User", username="kim", first_name="first", last_name="last", is_active=False)
    data = stage.run(new).responses[0]["data"]
    assert data["resource_type"] == "user"
    assert data["username"] == "kim"
    assert len(data["id"]) == 36


def test_updated_user(stage: Stage) -> None:
    bo = stage.made.users["bo"]
    answer = stage.run(update("User", bo, username="bob")).responses
    user = {"__entity_type__": "User", "id": bo, "resource_type": "user", "username": "bob"}
    assert answer == [{"action": "update", "data": user}]


def test_answers_are_written_after_the_last_operation(stage: Stage) -> None:
    task = stage.made.tasks[0]
    asked, changed = stage.run(
        query(f"select name from Task where id is {task}"), update("Task", task, name="new")
    ).responses
    assert asked["data"][0]["name"] == "new"
    assert changed["data"] == {"__entity_type__": "Task", "id": task}


@pytest.mark.parametrize(
    ("expression", "attribute", "value"),
    [
        ("select thumbnail from Task limit 1", "thumbnail", None),
        ("select parent from Project limit 1", "parent", None),
        ("select children from Milestone limit 1", "children", []),
        ("select thumbnail_url from Task limit 1", "thumbnail_url", None),
    ],
)
def test_nothing(expression: str, attribute: str, value: Any, shared: Stage) -> None:
    assert shared.ask(expression)[0][attribute] == value


def test_relations_without_a_sub_path_are_references(shared: Stage) -> None:
    row = shared.ask("select status, parent, children from Shot limit 1")[0]
    assert row["status"].keys() == {"__entity_type__", "id"}
    assert row["parent"].keys() == {"__entity_type__", "id", "context_type", "object_type_id", "project_id"}
    assert row["children"][0].keys() == {"__entity_type__", "id", "context_type", "object_type_id", "project_id"}


def test_attributes_of_one_column_come_together(shared: Stage) -> None:
    row = shared.ask("select task_type_schema from ProjectSchema")[0]
    assert row["_task_type_schema"]["id"] == row["task_type_schema"]["id"]
    task = shared.ask("select link from Task limit 1")[0]
    assert task["_link"] == task["link"]


def test_without_select_the_default_projections_come(shared: Stage) -> None:
    assert shared.ask("Task limit 1")[0].keys() == {
        "__entity_type__", "id", "name", "context_type", "object_type_id", "project_id"
    }  # fmt: skip
    assert shared.ask("ListObject limit 1")[0].keys() == {"__entity_type__", "id", "entity_id", "list_id"}
    assert shared.ask("Metadata limit 1")[0].keys() >= {"parent_id", "key", "value", "parent_type"}


def test_one_row_seen_as_two_families_is_one_entity(shared: Stage) -> None:
    shot = shared.made.shots[0]
    first, second = shared.run(
        query(f"select name from Context where id is {shot}"), query(f"select name from Shot where id is {shot}")
    ).responses
    assert second["data"] == [{"__entity_type__": "Shot", "id": shot}]
    assert first["data"][0]["__entity_type__"] == "Shot"


def test_urls_carry_the_caller_s_credentials(stage: Stage) -> None:
    component, task = stage.made.components[0], stage.made.tasks[0]
    stage.update("Task", task, thumbnail_id=component)
    url = stage.ask(f"select thumbnail_url from Task where id is {task}", "bo")[0]["thumbnail_url"]["value"]
    name, key = stage.engine.credentials("bo")
    assert url == f"http://ftrack.test/component/thumbnail?id={component}&username={name}&apiKey={key}"


def test_server_information(shared: Stage) -> None:
    assert shared.run({"action": "query_server_information"}).responses == [
        {
            "version": "4.13.8",
            "schema_hash": shared.engine.schema_hash,
            "is_timezone_support_enabled": True,
            "storage_scenario": {"scenario": "ftrack.automatic", "data": {}},
        }
    ]


def test_rows_for_assertions_are_complete(shared: Stage) -> None:
    rows = shared.engine.query("select name, status.name from Task limit 2")
    assert all("name" in row["status"] for row in rows)
