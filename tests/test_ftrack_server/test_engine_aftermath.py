"""Rows and values that the server writes of its own accord along with a client's write."""

from __future__ import annotations

from tests.ftrack_server import ProductionPlan

from .engine_stage import NOW, Stage, create, dangling, delete, update

WHEN = {"__type__": "datetime", "value": NOW.isoformat()}


def recipients(stage: Stage, note: str) -> set[str]:
    return {row["resource_id"] for row in stage.ask(f"select resource_id from Recipient where note_id is {note}")}


def category(stage: Stage, note: str) -> object:
    return stage.ask(f"select category_id from Note where id is {note}")[0]["category_id"]


def labels(stage: Stage, note: str) -> list[str]:
    return [row["label_id"] for row in stage.ask(f"select label_id from NoteLabelLink where note_id is {note}")]


def test_a_note_goes_to_its_author_and_those_it_concerns(stage: Stage) -> None:
    made = stage.made
    task, ana, ray = made.tasks[0], made.users["ana"], made.users["ray"]
    worker = stage.ask(f"select resource_id from Appointment where context_id is {task}")[0]["resource_id"]
    note = stage.create("Note", content="look", parent_id=task, parent_type="Task")["id"]
    assert recipients(stage, note) == {ana, worker}
    reply = stage.create("Note", "ray", content="yes", parent_id=made.projects[0], in_reply_to_id=note)["id"]
    assert recipients(stage, reply) == {ana, ray}
    assert stage.count(f"Note where recipients any (resource_id is {ray})") == 1
    assert dangling(stage.engine) == []


def test_the_client_may_name_recipients_himself(stage: Stage) -> None:
    """The Python client does so in the same batch, the author included."""
    identity, ana = "00000000-0000-4000-8000-00000000000a", stage.made.users["ana"]
    told = create("Recipient", note_id=identity, resource_id=ana, text_mentioned="@ana")
    stage.run(create("Note", id=identity, content="x", parent_id=stage.made.shots[0], parent_type="Shot"), told)
    assert stage.ask(f"select text_mentioned from Recipient where note_id is {identity}")[0]["text_mentioned"] == "@ana"
    assert stage.refused(told).exception == "DuplicateEntryError"


def test_the_category_is_the_first_label(stage: Stage) -> None:
    note = stage.made.notes[0]
    first, second = (stage.create("NoteCategory", name=name)["id"] for name in ("one", "two"))
    assert category(stage, note) is None
    for label in (first, second):
        events = stage.run(create("NoteLabelLink", note_id=note, label_id=label)).events
        assert events == []
    assert category(stage, note) == first
    assert stage.ids(f'Note where category.name is "one" and id is {note}') == [note]
    stage.delete("NoteLabelLink", [note, first])
    assert category(stage, note) == second
    stage.update("Note", note, category_id=first)
    assert labels(stage, note) == [first]
    stage.update("Note", note, category_id=None)
    assert labels(stage, note) == []
    labelled = stage.create("Note", content="x", parent_id=stage.made.shots[0], category_id=second)["id"]
    assert labels(stage, labelled) == [second]
    stage.delete("NoteCategory", second)


def test_what_is_completed_says_when(stage: Stage) -> None:
    note, ana = stage.made.notes[0], stage.made.users["ana"]
    outcome = stage.update("Note", note, completed_by_id=ana)
    assert "completed_at" in outcome.events[0].data["entities"][0]["keys"]
    assert stage.ask(f"select completed_at from Note where id is {note}")[0]["completed_at"] == WHEN
    stage.update("Note", note, completed_by_id=None)
    assert stage.ask(f"select completed_at from Note where id is {note}")[0]["completed_at"] is None
    job = stage.create("Job", type="x", status="queued")["id"]
    stage.update("Job", job, status="done")
    assert stage.ask(f"select finished_at from Job where id is {job}")[0]["finished_at"] == WHEN


def test_a_container_is_as_large_as_its_members(stage: Stage) -> None:
    box = stage.create("ContainerComponent", name="box")["id"]
    one = stage.create("FileComponent", name="a", size=3, container_id=box)["id"]
    two = stage.create("FileComponent", name="b", size=4)["id"]

    def size() -> object:
        return stage.ask(f"select size from Component where id is {box}")[0]["size"]

    assert size() == 3
    stage.update("FileComponent", two, container_id=box)
    assert size() == 7
    stage.update("FileComponent", two, size=6)
    assert size() == 9
    stage.delete("FileComponent", one)
    assert size() == 6
    stage.update("FileComponent", two, container_id=None)
    assert size() == 0


def test_a_new_user_has_a_role(stage: Stage) -> None:
    user = stage.run(create("User", username="new", first_name="", last_name="")).responses[0]["data"]["id"]
    assert stage.count(f"UserSecurityRole where user_id is {user}") == 1


def test_an_object_can_become_one_of_another_type(stage: Stage) -> None:
    """The type is a column of the table that all of them share (ftrack-protocol 5.3)."""
    task, shot = stage.made.tasks[0], stage.engine._model.object_types["Shot"]
    event = stage.update("Task", task, object_type_id=shot).events[0].data["entities"][0]
    assert (event["entity_type"], event["action"]) == ("Shot", "update")
    assert stage.ids(f"Task where id is {task}") == []
    assert stage.ask(f"TypedContext where id is {task}")[0]["__entity_type__"] == "Shot"


def test_a_reply_belongs_where_its_thread_does() -> None:
    stage = Stage(ProductionPlan(projects=2, sequences=1, shots=1, tasks=1))
    made = stage.made
    stage.engine.set_project_access("bo", [made.projects[1]])
    open_note, hidden_note = made.notes[0], made.notes[-1]
    reply = stage.ids(f"Note where in_reply_to_id is {open_note}")[0]
    stage.create("Recipient", note_id=reply, resource_id=made.users["ray"])
    assert (
        stage.count(f"Note where id is {reply}", "bo") == stage.count(f"Recipient where note_id is {reply}", "bo") == 1
    )
    outcome = stage.update("Note", reply, in_reply_to_id=hidden_note)
    assert outcome.events[0].project_ids == set(made.projects)
    assert (
        stage.count(f"Note where id is {reply}", "bo") == stage.count(f"Recipient where note_id is {reply}", "bo") == 0
    )
    assert stage.refused(update("Note", reply, content="x"), username="bo").exception == "PermissionError"
    assert stage.refused(delete("Note", reply), username="bo").exception == "PermissionError"
