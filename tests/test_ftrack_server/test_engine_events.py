"""`ftrack.update`: what is said of a transaction, and to whom."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ftrack_server import Outcome

from .engine_stage import NOW, Stage, create, delete, update


def _entities(outcome: Outcome) -> list[dict[str, Any]]:
    assert len(outcome.events) == 1
    entities: list[dict[str, Any]] = outcome.events[0].data["entities"]
    return entities


def _only(outcome: Outcome) -> dict[str, Any]:
    (entity,) = _entities(outcome)
    return entity


def test_payload_of_an_update(stage: Stage) -> None:
    made = stage.made
    shot, sequence, project = made.shots[0], made.sequences[0], made.projects[0]
    stage.update("Shot", shot, status_id=made.statuses[0])
    operation = update("Shot", shot, status_id=made.statuses[1], bid=7.5)
    outcome = stage.run(operation, client_token="token", push_token="push")
    (event,) = outcome.events
    path = [
        {"entityId": shot, "entityType": "task", "entity_type": "Shot", "parentId": sequence},
        {"entityId": sequence, "entityType": "task", "entity_type": "Sequence", "parentId": project},
        {"entityId": project, "entityType": "show", "entity_type": "Project", "parentId": None},
    ]
    assert event.data == {
        "clientToken": "token", "pushToken": "push", "user": {"userid": made.users["ana"], "name": "Ana Lind"},
        "parents": [shot, sequence, project],
        "entities": [{
            "entityId": shot, "entityType": "task", "entity_type": "Shot", "parentId": sequence, "action": "update",
            "objectTypeId": stage.ask("select object_type_id from Shot limit 1")[0]["object_type_id"],
            "keys": ["statusid", "bid"], "parents": path,
            "changes": {"statusid": {"old": made.statuses[0], "new": made.statuses[1]},
                        "bid": {"old": "14400.0", "new": "7.5"}},
        }],
    }  # fmt: skip
    assert (event.username, event.user_id, event.project_ids) == ("ana", made.users["ana"], frozenset([project]))


@pytest.mark.parametrize(
    ("type_name", "of", "values", "entity_type", "key"),
    [
        ("Project", "projects", {"full_name": "x"}, "show", "fullname"),
        ("Sequence", "sequences", {"name": "x"}, "task", "name"),
        (
            "Task",
            "tasks",
            {"start_date": {"__type__": "datetime", "value": "2031-05-04T10:00:00"}},
            "task",
            "startdate",
        ),
        ("AssetVersion", "versions", {"is_published": False}, "assetversion", "ispublished"),
        ("Note", "notes", {"content": "x"}, "note", "text"),
        ("TypedContextList", "lists", {"is_open": False}, "list", "isopen"),
    ],
)
def test_names_are_those_of_tables_and_columns(
    type_name: str, of: str, values: dict[str, Any], entity_type: str, key: str, stage: Stage
) -> None:
    entity = _only(stage.update(type_name, getattr(stage.made, of)[0], **values))
    assert (entity["entityType"], entity["entity_type"], entity["keys"]) == (entity_type, type_name, [key])
    assert entity["action"] == "update"
    assert entity["parents"][0]["entityId"] == entity["entityId"]
    assert entity["parents"][-1]["entityType"] == "show"
    assert all(value is None or isinstance(value, str) for value in entity["changes"][key].values())


def test_values_are_text(stage: Stage) -> None:
    task = stage.made.tasks[0]
    moment = {"__type__": "datetime", "value": "2031-05-04T10:00:00.000Z"}
    assert _only(stage.update("Task", task, end_date=moment))["changes"]["enddate"] == {
        "old": None, "new": "2031-05-04T10:00:00"
    }  # fmt: skip
    note = _only(stage.update("Note", stage.made.notes[0], is_todo=True))
    assert note["changes"]["is_todo"] == {"old": "0", "new": "1"}


def test_add_and_remove(stage: Stage) -> None:
    made = stage.made
    added = _only(stage.run(create("Task", name="a", parent_id=made.shots[0])))
    assert added["action"] == "add"
    assert added["changes"]["name"] == {"old": None, "new": "a"}
    assert {"id", "parent_id", "statusid", "showid", "object_typeid"} <= set(added["keys"])
    assert [step["entityId"] for step in added["parents"]] == [
        added["entityId"], made.shots[0], made.sequences[0], made.projects[0]
    ]  # fmt: skip
    removed = _only(stage.delete("Task", added["entityId"]))
    assert removed["action"] == "remove"
    assert removed["changes"]["name"] == {"old": "a", "new": None}
    assert [step["entityId"] for step in removed["parents"]][1:] == [made.shots[0], made.sequences[0], made.projects[0]]


def test_rows_that_go_along_are_not_told(stage: Stage) -> None:
    entity = _only(stage.delete("Shot", stage.made.shots[0]))
    assert (entity["entityId"], entity["action"]) == (stage.made.shots[0], "remove")


def test_paths_survive_the_removal_of_what_is_above(stage: Stage) -> None:
    made = stage.made
    outcome = stage.run(
        delete("AssetVersion", made.versions[0]), delete("Asset", made.assets[0]), delete("Shot", made.shots[0])
    )
    version = _entities(outcome)[0]
    assert [step["entityType"] for step in version["parents"]] == ["assetversion", "asset", "task", "task", "show"]
    assert outcome.events[0].project_ids == frozenset([made.projects[0]])


def test_move(stage: Stage) -> None:
    made = stage.made
    moved = _only(stage.update("Task", made.tasks[0], parent_id=made.shots[1], name="moved"))
    assert moved["action"] == "move"
    assert set(moved["keys"]) == {"parent_id", "name"}
    assert moved["parentId"] == made.shots[1]


def test_move_to_another_project_is_told_to_both(stage: Stage) -> None:
    made = stage.made
    outcome = stage.update("Shot", made.shots[0], parent_id=made.projects[1])
    assert outcome.events[0].project_ids == frozenset(made.projects)
    moved = _only(outcome)
    assert moved["changes"]["showid"] == {"old": made.projects[0], "new": made.projects[1]}
    assert [step["entityId"] for step in moved["parents"]] == [made.shots[0], made.projects[1]]


def test_custom_attributes_change_their_owner(stage: Stage) -> None:
    made = stage.made
    fps, shot = made.configurations[0], made.shots[0]
    changed = _only(stage.run(update("ContextCustomAttributeValue", [fps, shot], value=48.0)))
    assert (changed["entityId"], changed["entity_type"], changed["action"]) == (shot, "Shot", "update")
    assert changed["changes"] == {"fps": {"old": "25.0", "new": "48.0"}}, "the old value was inherited"
    assert stage.run(update("ContextCustomAttributeValue", [fps, shot], value=48.0)).events == []
    unset = _only(stage.run(delete("ContextCustomAttributeValue", [fps, shot])))
    assert unset["changes"] == {"fps": {"old": "48.0", "new": "25.0"}}
    hero = stage.ids("CustomAttributeConfiguration where key is is_hero")[0]
    boolean = _only(stage.run(update("ContextCustomAttributeValue", [hero, shot], value=True)))
    assert boolean["changes"] == {"is_hero": {"old": "0", "new": "1"}}


def test_values_of_a_new_entity_are_items_of_their_own(stage: Stage) -> None:
    identity, made = "e0000000-0000-4000-8000-000000000001", stage.made
    first, second = _entities(
        stage.run(
            create("Task", id=identity, name="a", parent_id=made.shots[0]),
            create(
                "ContextCustomAttributeValue", configuration_id=made.configurations[0], entity_id=identity, value=1.0
            ),
        )
    )
    assert (first["action"], second["action"]) == ("add", "update")
    assert "fps" not in first["keys"]
    assert (second["entityId"], second["keys"]) == (identity, ["fps"])


def test_replies_tell_of_their_thread(stage: Stage) -> None:
    note, task = stage.made.notes[0], stage.made.tasks[0]
    reply, thread = _entities(
        stage.run(create("Note", content="x", parent_id=task, parent_type="Task", in_reply_to_id=note))
    )
    assert (reply["action"], reply["parents"][1]["entityId"]) == ("add", task)
    assert (thread["entityId"], thread["keys"]) == (note, ["triggerdate"])
    assert thread["changes"]["triggerdate"]["new"] == NOW.isoformat()


@pytest.mark.parametrize(
    ("operation", "entity_type", "keys"),
    [
        (create("Appointment", type="assignment", context_id="TASK", resource_id="USER"), "appointment",
         {"type", "context_id", "resource_id"}),
        (create("TypedContextLink", from_id="TASK", to_id="OTHER"), "dependency", {"from_id", "to_id"}),
        (create("ListObject", list_id="LIST", entity_id="OTHER"), "listobject", {"listid", "entityid"}),
        (create("Timelog", context_id="TASK", user_id="USER", duration=1.0), "timelog", {"context_id", "duration"}),
        (create("Timer", context_id="TASK", user_id="USER", name="x"), "timer", {"context_id", "name"}),
        (create("Job", type="x", status="running"), "job", {"status", "userid"}),
        (create("User", username="new", first_name="New"), "user", {"username", "firstname"}),
    ],
)  # fmt: skip
def test_other_announced_tables(operation: dict[str, Any], entity_type: str, keys: set[str], stage: Stage) -> None:
    made = stage.made
    ids = {"TASK": made.tasks[0], "OTHER": made.tasks[1], "USER": made.users["bo"], "LIST": made.lists[0]}
    data = {name: ids.get(value, value) for name, value in operation["entity_data"].items()}
    entity = _only(stage.run({**operation, "entity_data": data}))
    assert entity["entityType"] == entity_type
    assert keys <= set(entity["keys"])
    assert entity["objectTypeId"] == ("timer" if entity_type == "timer" else None)


@pytest.mark.parametrize(
    "operation",
    [
        create("Metadata", parent_id="TASK", parent_type="Task", key="a", value="b"),
        create("FileComponent", name="x"),
        create("Asset", name="x", context_id="SHOT"),
        create("Membership", user_id="USER", group_id="GROUP"),
        create("Setting", name="x", group="y", value="z"),
        create("Status", name="x"),
    ],
)
def test_tables_without_events(operation: dict[str, Any], stage: Stage) -> None:
    made = stage.made
    ids = {"TASK": made.tasks[0], "SHOT": made.shots[0], "USER": made.users["ray"], "GROUP": made.groups[0]}
    data = {name: ids.get(value, value) for name, value in operation["entity_data"].items()}
    outcome = stage.run({**operation, "entity_data": data})
    assert outcome.commit == 1
    assert outcome.events == []


def test_a_role_s_project_names_its_user(stage: Stage) -> None:
    role = stage.ids("UserSecurityRole where user.username is bo")[0]
    entity = _only(
        stage.run(create("UserSecurityRoleProject", user_security_role_id=role, project_id=stage.made.projects[1]))
    )
    assert entity["entityType"] == "userroleproject"
    assert [step["entityType"] for step in entity["parents"]] == ["userroleproject", "user", "show"]


def test_one_transaction_is_one_event(stage: Stage) -> None:
    first, last = stage.made.tasks[0], stage.made.tasks[-1]
    outcome = stage.run(update("Task", first, name="a"), update("Task", last, name="b"))
    assert [entity["entityId"] for entity in _entities(outcome)] == [first, last]
    assert outcome.events[0].project_ids == frozenset(stage.made.projects)
    assert len(outcome.events[0].data["parents"]) == 8


def test_nothing_changed_nothing_said(stage: Stage) -> None:
    task = stage.made.tasks[0]
    name = stage.names(f"select name from Task where id is {task}")[0]
    assert stage.update("Task", task, name=name).events == []
