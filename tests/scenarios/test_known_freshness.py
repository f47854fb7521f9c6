"""What is known of entities is never told late: after own writes, foreign ones, gaps, and where no event tells.

Everything is read with the real client, each time in a session of its own, and compared with what ftrack says.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.ftrack_server.production import Production
from tests.scenarios.studio import Studio, open_studio
from tests.scenarios.walks import Look, directly, proxied, tasks_of

pytestmark = pytest.mark.required("G2.1")

NOBODY = "00000000-0000-4000-8000-000000000000"
WAYS = pytest.mark.parametrize("foreign", [False, True], ids=["own", "foreign"])


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, sequences=2, shots=3, tasks=4) as opened:
        yield opened


def agreed(studio: Studio, look: Look) -> Any:
    """What is seen through the proxy, which is what is seen directly."""
    seen, _ = proxied(studio, look)
    assert seen == directly(studio, look)
    return seen


def change(studio: Studio, action: str, entity_type: str, data: Any, *, foreign: bool) -> None:
    """By somebody else, with an event that has arrived; or through the proxy, with events that have not."""
    if not foreign:
        studio.server.hub.hold_events()
        proxied(studio, lambda session, _: _done(session, action, entity_type, dict(data)))
        return
    before = studio.changes
    if action == "create":
        studio.server.create(entity_type, **data)
    elif action == "delete":
        studio.server.delete(entity_type, data["id"])
    else:
        studio.server.update(entity_type, data["id"], **{k: v for k, v in data.items() if k != "id"})
    studio.wait_for_change(before)


def _done(session: Any, action: str, entity_type: str, data: Any) -> None:
    if action == "create":
        session.create(entity_type, data)
    else:
        entity = session.get(entity_type, data.pop("id"))
        entity.update(data)
        if action == "delete":
            session.delete(entity)
    session.commit()


# -- a new name --------------------------------------------------------------------------------------------


def _shot_by(type_name: str) -> Look:
    return lambda session, made: session.get(type_name, made.shots[0])["name"]


def _from_first(type_name: str, *path: str) -> Look:
    """Following references from something that hangs on the shot."""

    def look(session: Any, made: Production) -> Any:
        value = session.query(f'{type_name} where parent.id is "{made.shots[0]}"').first()
        for name in path:
            value = value[name]
        return value

    return look


def _in_lists(session: Any, made: Production) -> Any:
    return sorted(shot["name"] for shot in session.query(f'Shot where project.id is "{made.projects[0]}"'))


def _from_a_version(session: Any, made: Production) -> Any:
    versions = session.query(f'select asset.parent.name from AssetVersion where asset.context_id is "{made.shots[0]}"')
    return [version["asset"]["parent"]["name"] for version in versions]


def _projected(session: Any, made: Production) -> Any:
    tasks = session.query(f'select parent.name from Task where project.id is "{made.projects[0]}"')
    return sorted({task["parent"]["name"] for task in tasks})


def _populated(session: Any, made: Production) -> Any:
    tasks = tasks_of(session, made)
    session.populate(tasks, "parent.name")
    return sorted({task["parent"]["name"] for task in tasks})


def _searched(session: Any, made: Production) -> Any:
    return [task["parent"]["name"] for task in session.query('Task where parent.name is "renamed"')]


READINGS: dict[str, Look] = {
    "get": _shot_by("Shot"),
    "get by base type": _shot_by("TypedContext"),
    "list": _in_lists,
    "from a task": _from_first("Task", "parent", "name"),
    "from an asset": _from_first("Asset", "parent", "name"),
    "from a version": _from_a_version,
    "in a link": _from_first("Task", "link"),
    "projected": _projected,
    "populated": _populated,
    "searched": _searched,
}


@WAYS
def test_every_reading_of_a_new_name_is_new(foreign: bool, studio: Studio) -> None:
    for _ in range(2):
        for reading in READINGS.values():
            assert "renamed" not in str(agreed(studio, reading))
    shot = studio.server.production.shots[0]
    change(studio, "update", "Shot", {"id": shot, "name": "renamed"}, foreign=foreign)
    for title, reading in READINGS.items():
        assert "renamed" in str(agreed(studio, reading)), title


# -- gone, and there at last -------------------------------------------------------------------------------


def _gone(session: Any, made: Production) -> Any:
    """A shot and what is below it, by id and in lists."""
    shot, task = made.shots[0], made.tasks[0]
    return (
        session.get("Shot", shot) is None,
        session.get("Task", task) is None,
        session.get("TypedContext", task) is None,
        session.get("Component", made.components[0]) is None,
        len(session.query(f"select name from Task where id in ({task},{made.tasks[1]},{made.tasks[-1]})").all()),
        len(session.query(f'select id, name, description from Task where parent.id is "{shot}"').all()),
        len(tasks_of(session, made)),
    )


@WAYS
@pytest.mark.parametrize("below", [False, True], ids=["alone", "with what is below"])
def test_what_is_deleted_is_not_found(below: bool, foreign: bool, studio: Studio) -> None:
    made = studio.server.production
    assert agreed(studio, _gone) == (False, False, False, False, 3, 4, 24)
    what = ("Shot", made.shots[0]) if below else ("Task", made.tasks[0])
    change(studio, "delete", what[0], {"id": what[1]}, foreign=foreign)
    expected = (True, True, True, True, 1, 0, 20) if below else (False, True, True, False, 2, 3, 23)
    assert agreed(studio, _gone) == expected


@WAYS
def test_what_was_not_there_is_found_once_it_is(foreign: bool, studio: Studio) -> None:
    """The client makes the ids, so one can be asked for before it exists."""
    identity, made = str(uuid.uuid4()), studio.server.production
    values = {"id": identity, "name": "late", "parent_id": made.shots[0], "project_id": made.projects[0]}

    def look(session: Any, _: Production) -> Any:
        task = session.get("Task", identity)
        names = {t["name"] for t in session.query(f'Task where parent.id is "{made.shots[0]}"')}
        return task and task["parent"]["name"], "late" in names, session.get("TypedContext", NOBODY)

    for _ in range(2):
        assert agreed(studio, look) == (None, False, None)
    change(studio, "create", "Task", values, foreign=foreign)
    assert agreed(studio, look) == ("sh01010", True, None)


# -- where no event tells ----------------------------------------------------------------------------------


def _task_values(session: Any, made: Production) -> Any:
    task = session.get("Task", made.tasks[0])
    session.populate(task, "description, bid")
    return task["name"], task["description"], task["status"]["name"], task["parent"]["name"]


@pytest.mark.required("G4.1")
@pytest.mark.parametrize("way", ["cut", "restart"])
def test_what_was_known_before_a_gap_is_asked_again(way: str, studio: Studio) -> None:
    """G4: entities are no better known than the answers that told of them."""
    made = studio.server.production
    for look in (tasks_and_names, _task_values):
        agreed(studio, look)
    if way == "cut":
        studio.cut_feed()
    studio.server.update("Task", made.tasks[0], name="fx", description="in the gap", silent=way == "restart")
    if way == "cut":
        studio.restore_feed()
    else:
        studio.restart_proxy()
    assert agreed(studio, _task_values)[:2] == ("fx", "in the gap")
    assert "fx" in agreed(studio, tasks_and_names)


def tasks_and_names(session: Any, made: Production) -> Any:
    chosen = "select name, description, bid, status.name, parent.name"
    return [task["name"] for task in session.query(f'{chosen} from Task where project.id is "{made.projects[0]}"')]


@pytest.mark.required("G5.2")
def test_what_is_read_to_be_written_is_not_known(studio: Studio) -> None:
    """G5: metadata that some list brought along is asked for again."""
    made = studio.server.production

    def listed(session: Any, _: Production) -> Any:
        tasks = session.query(f'select name, metadata from Task where project.id is "{made.projects[0]}"')
        return [dict(task["metadata"]) for task in tasks]

    def touched(session: Any, _: Production) -> Any:
        return dict(session.get("Task", made.tasks[0])["metadata"])

    agreed(studio, listed)
    agreed(studio, touched)
    studio.server.create(
        "Metadata", parent_id=made.tasks[0], parent_type="Task", key="note_to_self", value="x", silent=True
    )
    assert agreed(studio, touched)["note_to_self"] == "x"
    assert any("note_to_self" in metadata for metadata in agreed(studio, listed))
