"""Who goes from entity to entity pays for the way once: what the siblings are asked next is fetched with the first.

Each walk is made with the real client, directly for the truth, then through the proxy, and its queries are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.ftrack_server.production import Production
from tests.harness import until
from tests.scenarios.studio import Studio, open_studio
from tests.scenarios.walks import (
    billed,
    climb_by_level,
    climb_each,
    directly,
    loop,
    project_of_each,
    proxied,
    session_on,
    statuses,
    tasks_of,
    tree,
)

LOOP_AT_MOST = 12
TREE_AT_MOST = 120
CLIMB_AT_MOST = 6
AFTER_A_CHANGE_AT_MOST = 2


@contextmanager
def production_of(folder: Path, sequences: int, shots: int) -> Iterator[Studio]:
    """Five tasks a shot; with a type for the browser to ask for that no entity is of."""
    with open_studio(folder, sequences=sequences, shots=shots, tasks=5, assets=0) as opened:
        opened.server.engine.add_object_type("Scene")
        yield opened


@pytest.fixture
def five_hundred(tmp_path: Path) -> Iterator[Studio]:
    """500 tasks on 100 shots in 5 sequences."""
    with production_of(tmp_path, sequences=5, shots=20) as opened:
        yield opened


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Studio]:
    """60 tasks on 12 shots in 3 sequences."""
    with production_of(tmp_path, sequences=3, shots=4) as opened:
        yield opened


# -- what a walk costs -----------------------------------------------------------------------------------


@pytest.mark.optimal("S2")
def test_a_loop_over_five_hundred_tasks(five_hundred: Studio) -> None:
    truth = directly(five_hundred, loop)
    assert len(truth) == 500
    cold, first = proxied(five_hundred, loop)
    warm, second = proxied(five_hundred, loop)
    assert cold == warm == truth
    assert first.queries <= LOOP_AT_MOST, first
    assert second.queries == 0, second


@pytest.mark.optimal("S2")
def test_the_whole_tree_of_the_browser(tmp_path: Path) -> None:
    """Ten sequences, 300 shots, 1,500 tasks: 1,832 questions, no two alike but for the statuses."""
    with production_of(tmp_path, sequences=10, shots=30) as studio:
        truth = directly(studio, tree)
        cold, first = proxied(studio, tree)
        warm, second = proxied(studio, tree)
    assert cold == warm == truth
    assert first.queries <= TREE_AT_MOST, first
    assert second.queries == 0, second


@pytest.mark.optimal("S2")
@pytest.mark.parametrize("climb", [climb_each, climb_by_level, project_of_each], ids=lambda climb: climb.__name__)
def test_up_to_the_project(climb: Any, five_hundred: Studio) -> None:
    """The list is not counted."""
    made = five_hundred.server.production
    truth = directly(five_hundred, partial(_climbing, climb))
    with session_on(five_hundred.proxy.url, five_hundred.server.credentials("ana")) as session:
        tasks = tasks_of(session, made)
        with billed(five_hundred.server) as bill:
            assert climb(session, made, tasks) == truth
    assert bill.queries <= CLIMB_AT_MOST, bill


@pytest.mark.optimal("S2")
def test_who_does_not_walk_pays_for_nothing_else(five_hundred: Studio) -> None:
    """One look at one of five hundred says nothing about the others."""
    server = five_hundred.server
    with session_on(five_hundred.proxy.url, server.credentials("ana")) as session:
        task = tasks_of(session, server.production)[17]
        with billed(server) as bill:
            seen = task["status"]["name"]
    with session_on(server.url, server.credentials("ana")) as session:
        assert seen == session.get("Task", task["id"])["status"]["name"]
    assert sum(len(server.query(expression)) for expression in bill.expressions) <= 2, bill
    assert bill.queries <= 2, bill


@pytest.mark.optimal("S2")
def test_a_walk_by_first_and_one(tmp_path: Path) -> None:
    """Where each question has one answer at most, a short window forbids nothing; where it has more, it does."""

    def identifiers(session: Any, made: Production) -> Any:
        components = list(session.query(f"select id from Component where id in ({', '.join(made.components)})"))
        return [
            session.query(
                "select resource_identifier from ComponentLocation "
                f'where location_id is "{made.locations[-1]}" and component_id is "{component["id"]}"'
            ).first()["resource_identifier"]
            for component in components
        ]

    def some_task(session: Any, made: Production) -> Any:
        shots = list(session.query(f'select id from Shot where project_id is "{made.projects[0]}"'))
        return [session.query(f'select id from Task where parent_id is "{shot["id"]}"').first()["id"] for shot in shots]

    with open_studio(tmp_path, sequences=1, shots=12, tasks=2, assets=2, versions=1, components=2) as studio:
        truth = directly(studio, identifiers)
        assert len(truth) == 48
        seen, bill = proxied(studio, identifiers)
        assert (seen, bill.queries) == (truth, 3), bill
        seen, bill = proxied(studio, some_task)
        assert seen == directly(studio, some_task)
        assert bill.queries <= 1 + 12 + 1, bill


@pytest.mark.optimal("S2")
def test_a_tree_after_a_change_of_much(tmp_path: Path) -> None:
    """Something was removed, and nobody knows what went with it: the lists are asked for together again."""
    with production_of(tmp_path, sequences=3, shots=10) as studio:
        proxied(studio, tree)
        before = studio.changes
        studio.server.delete("Shot", studio.server.production.shots[3])
        studio.wait_for_change(before)
        seen, bill = proxied(studio, tree)
        assert seen == directly(studio, tree)
        assert bill.queries <= 40, bill


# -- and it is as fresh as any other way -----------------------------------------------------------------


@pytest.mark.required("G2.1")
def test_a_walk_after_a_change_sees_it(five_hundred: Studio) -> None:
    """Somebody gave one task another status."""
    proxied(five_hundred, statuses)
    before = five_hundred.changes
    task, status = _another_status(five_hundred)
    five_hundred.server.update("Task", task, status_id=status)
    five_hundred.wait_for_change(before)
    seen, _ = proxied(five_hundred, statuses)
    assert seen == directly(five_hundred, statuses)


@pytest.mark.optimal("S2", "G2.6")
def test_a_change_of_one_is_not_paid_for_by_all(five_hundred: Studio) -> None:
    proxied(five_hundred, statuses)
    before = five_hundred.changes
    task, status = _another_status(five_hundred)
    five_hundred.server.update("Task", task, status_id=status)
    five_hundred.wait_for_change(before)
    seen, bill = proxied(five_hundred, statuses)
    assert seen[task] == five_hundred.server.query(f'select name from Status where id is "{status}"')[0]["name"]
    assert bill.queries <= AFTER_A_CHANGE_AT_MOST, bill


def _another_status(studio: Studio) -> tuple[str, str]:
    """A task in the middle, and a status that it does not have."""
    task = studio.server.production.tasks[250]
    present = studio.server.query(f'select status_id from Task where id is "{task}"')[0]["status_id"]
    return task, next(status for status in studio.server.production.statuses if status != present)


def _moved(studio: Studio) -> None:
    made = studio.server.production
    studio.server.update("Task", made.tasks[0], parent_id=made.shots[-1])


def _new_task(studio: Studio) -> None:
    made = studio.server.production
    studio.server.create("Task", name="late", parent_id=made.shots[5], type_id=made.types[0])


def _task_deleted(studio: Studio) -> None:
    studio.server.delete("Task", studio.server.production.tasks[7])


def _assigned(studio: Studio) -> None:
    made = studio.server.production
    studio.server.create("Appointment", type="assignment", context_id=made.tasks[9], resource_id=made.users["ray"])


def _sequence_renamed(studio: Studio) -> None:
    studio.server.update("Sequence", studio.server.production.sequences[1], name="renamed")


def _project_renamed(studio: Studio) -> None:
    studio.server.update("Project", studio.server.production.projects[0], name="other", full_name="Another Film")


def _climbing(climb: Any, session: Any, made: Production) -> Any:
    return climb(session, made, tasks_of(session, made))


WALKS = {
    "loop": loop,
    "tree": tree,
    "by level": partial(_climbing, climb_by_level),
    "project": partial(_climbing, project_of_each),
}
DEEDS = [_moved, _new_task, _task_deleted, _assigned, _sequence_renamed, _project_renamed]


@pytest.mark.required("G2.1", "G2.5")
@pytest.mark.parametrize("deed", DEEDS, ids=lambda deed: deed.__name__.strip("_"))
def test_walks_after_any_change_see_what_ftrack_says(deed: Any, small: Studio) -> None:
    """What was fetched for siblings is judged like everything else: every walk is made before and after."""
    for walk in WALKS.values():
        assert proxied(small, walk)[0] == directly(small, walk)
    before = small.changes
    deed(small)
    small.wait_for_change(before)
    for title, walk in WALKS.items():
        assert proxied(small, walk)[0] == directly(small, walk), title


@pytest.mark.required("G1.1")
def test_a_walk_sees_own_writes_on_its_way(small: Studio) -> None:
    """A tool that sets each task's status in turn, and reads the next one's before."""
    made = small.server.production
    done = small.server.query(f'select name from Status where id is "{made.statuses[5]}"')[0]["name"]
    with session_on(small.proxy.url, small.server.credentials("ana")) as session:
        status = session.get("Status", made.statuses[5])
        for task in tasks_of(session, made)[:6]:
            task["status"]["name"], task["parent"]["name"]
            task["status"] = status
            session.commit()
            assert proxied(small, statuses)[0][task["id"]] == done
    assert proxied(small, statuses)[0] == directly(small, statuses)


@pytest.mark.required("G3.1")
def test_a_change_while_the_siblings_are_fetched(small: Studio) -> None:
    """G3: what a fetch for siblings brought is not served to who reads after the change."""
    server, made = small.server, small.server.production
    with session_on(small.proxy.url, server.credentials("ana")) as session:
        tasks = tasks_of(session, made)
        assert tasks[0]["status"]
        held = server.hold(contains="status")
        early = small.threads.submit(lambda: [task["status"]["id"] for task in tasks])
        held.wait_reached()
        before = small.changes
        for task in made.tasks[:5]:
            server.update("Task", task, status_id=made.statuses[6])
        until(lambda: small.changes >= before + 5, "all events")
        held.release()
        early.result()
    assert proxied(small, statuses)[0] == directly(small, statuses)


@pytest.mark.required("G6.2")
@pytest.mark.parametrize(("knows", "asks"), [("ana", "bo"), ("bo", "ana")])
@pytest.mark.parametrize("walk", ["loop", "tree"])
def test_nobody_walks_on_what_another_knows(walk: str, knows: str, asks: str, small: Studio) -> None:
    """A first walk costs the same whoever has walked before, and is paid for with one's own key."""
    proxied(small, WALKS[walk], knows)
    seen, bill = proxied(small, WALKS[walk], asks)
    assert seen == directly(small, WALKS[walk], asks)
    assert bill.queries > 0
    assert bill.users == {asks}
    until(lambda: small.proxy.status()["feed"]["feeds"] == 2, "feeds for both")


@pytest.mark.required("G6.3")
def test_siblings_that_are_hidden_stay_hidden(tmp_path: Path) -> None:
    """A list over two projects, of which bo may see one."""

    def walk(session: Any, _: Production) -> Any:
        tasks = session.query('Task where name is "animation" order by id')
        return [(str(t["id"]), t["status"]["name"], t["parent"]["name"], t["project"]["name"]) for t in tasks]

    with open_studio(tmp_path, projects=2, sequences=2, shots=3, tasks=2, assets=0) as studio:
        studio.server.engine.set_project_access("bo", [studio.server.production.projects[1]])
        for name, count in (("ana", 12), ("bo", 6), ("ana", 12), ("bo", 6)):
            seen, bill = proxied(studio, walk, name)
            assert seen == directly(studio, walk, name)
            assert len(seen) == count
            assert bill.users <= {name}
