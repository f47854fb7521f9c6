"""Who may not see a project does not see anything in it, and cannot write in it."""

from __future__ import annotations

import pytest

from .engine_stage import Stage, create, delete, query, update

# A type, and a path from it to its project.
IN_PROJECTS = (
    "Context", "TypedContext", "Project", "Task", "Asset", "AssetVersion", "Component", "ComponentLocation", "Note",
    "Appointment", "Timelog", "List", "ListObject", "Metadata", "TypedContextLink", "StatusChange", "Resource",
    "ContextCustomAttributeValue", "CustomAttributeValue",
)  # fmt: skip


@pytest.fixture
def hidden(stage: Stage) -> Stage:
    """Bo does not see the first project."""
    stage.update("Task", stage.made.tasks[0], status_id=stage.made.statuses[0])
    stage.update("Task", stage.made.tasks[0], status_id=stage.made.statuses[1])
    stage.update("Task", stage.made.tasks[-1], status_id=stage.made.statuses[0])
    stage.update("Task", stage.made.tasks[-1], status_id=stage.made.statuses[1])
    stage.engine.set_project_access("bo", [stage.made.projects[0]])
    return stage


@pytest.mark.parametrize("type_name", IN_PROJECTS)
def test_rows_are_not_there(type_name: str, hidden: Stage) -> None:
    ana, bo = hidden.count(type_name), hidden.count(type_name, "bo")
    assert ana > 0
    if type_name == "Resource":
        assert bo == ana
    else:
        assert 0 < bo < ana
        seen = repr(hidden.ask(type_name, "bo"))
        of_project = [
            row["id"] for row in hidden.engine.query(f"TypedContext where project_id is {hidden.made.projects[0]}")
        ]
        assert not [identity for identity in (*of_project, *hidden.made.versions[:6]) if identity in seen]


def test_relations_to_hidden_rows_are_null(hidden: Stage) -> None:
    version = hidden.made.versions[-1]
    component, task = hidden.made.components[0], hidden.made.tasks[0]
    hidden.update("AssetVersion", version, thumbnail_id=component, task_id=task)
    row = hidden.ask(f"select task.name, thumbnail from AssetVersion where id is {version}", "bo")[0]
    assert (row["task"], row["thumbnail"]) == (None, None)
    assert hidden.ids(f"AssetVersion where id is {version} and task is none", "bo") == [version]
    assert hidden.ids(f"AssetVersion where id is {version} and task has ()", "bo") == []
    assert hidden.ids(f"AssetVersion where id is {version} and task.name like '%'", "bo") == []
    assert hidden.ids(f"AssetVersion where id is {version} and task.parent has ()", "bo") == []
    assert hidden.ids(f"AssetVersion where id is {version} and task has ()") == [version]


def test_collections_and_counts_leave_them_out(hidden: Stage) -> None:
    ana = hidden.made.users["ana"]
    theirs = hidden.ask(f"select assignments from User where id is {ana}", "bo")[0]["assignments"]
    every = hidden.ask(f"select assignments from User where id is {ana}")[0]["assignments"]
    assert len(theirs) < len(every) or not every
    rows = hidden.ask("select count(id) from Task group by project_id", "bo")
    assert [row["project_id"] for row in rows] == [hidden.made.projects[1]]
    assert hidden.count(f"Task where id in ({hidden.made.tasks[0]})", "bo") == 0
    inside = f"select parent_id from Task where project_id is {hidden.made.projects[0]}"
    assert hidden.count(f"Task where parent_id in ({inside})", "bo") == 0
    entry = hidden.run(query("Project limit 1"), username="bo").responses[0]
    assert entry["metadata"]["next"]["offset"] is None


def test_links_of_versions_belong_to_projects_too(hidden: Stage) -> None:
    first, second = hidden.made.versions[:2]
    link = hidden.create("AssetVersionLink", from_id=first, to_id=second)["id"]
    assert hidden.ids("AssetVersionLink") == [link]
    assert hidden.ids("AssetVersionLink", "bo") == []


def test_writes_are_refused_and_undone(hidden: Stage) -> None:
    made = hidden.made
    before = hidden.engine.query("select name, parent_id from Context")
    for operation in (
        update("Task", made.tasks[0], name="x"),
        delete("Task", made.tasks[0]),
        create("Task", name="x", parent_id=made.shots[0]),
        create("Note", content="x", parent_id=made.tasks[0], parent_type="Task"),
        create(
            "ContextCustomAttributeValue", configuration_id=made.configurations[0], entity_id=made.shots[0], value=1
        ),
        update("Task", made.tasks[-1], parent_id=made.shots[0]),
    ):
        error = hidden.refused(update("Task", made.tasks[-1], name="undone"), operation, username="bo")
        assert (error.exception, error.status) == ("PermissionError", 403), operation
    assert hidden.engine.query("select name, parent_id from Context") == before
    assert hidden.update("Task", made.tasks[-1], username="bo", name="allowed").commit


def test_access_comes_back(hidden: Stage) -> None:
    hidden.engine.set_project_access("bo", [])
    assert hidden.ids("Task", "bo") == hidden.ids("Task")


def test_assertions_see_what_a_user_saw(hidden: Stage) -> None:
    assert len(hidden.engine.query("Task", "bo")) == hidden.count("Task", "bo")
    assert len(hidden.engine.query("Task", "bo", as_of=0)) == hidden.count("Task", "bo")
    assert len(hidden.engine.query("Task")) == hidden.count("Task")


def test_keys(stage: Stage) -> None:
    engine = stage.engine
    name, key = engine.credentials("bo")
    assert not engine.authenticate(name, key).is_global_key
    everybody = engine.authenticate("ana", engine.global_key)
    assert (everybody.is_global_key, everybody.user_id) == (True, stage.made.users["ana"])
    for wrong in (("ana", key), ("nobody", key), (None, key), ("bo", None), ("bo", "")):
        with pytest.raises(Exception, match="not valid") as caught:
            engine.authenticate(*wrong)
        assert caught.value.error_code == "api_credentials_invalid"  # type: ignore[attr-defined]


def test_the_global_key_works_under_any_name(hidden: Stage) -> None:
    """The rights are the key's, not those of the user whose name is sent along (ftrack-protocol 1.3)."""
    caller = hidden.engine.authenticate("bo", hidden.engine.global_key)
    rows = hidden.engine.run_batch(caller, [query("Task")]).responses[0]["data"]
    assert len(rows) == len(hidden.made.tasks)
    outcome = hidden.engine.run_batch(caller, [update("Task", hidden.made.tasks[0], name="x")])
    assert outcome.events[0].username == "bo"
