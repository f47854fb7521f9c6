"""What was read once, in whatever words, is not asked again; and what is known is never told to the wrong one.

Everything is read with the real client, each time in a session of its own, and compared with what ftrack says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.ftrack_server.production import Production
from tests.oracle.answers import decoded
from tests.scenarios.studio import Studio, open_studio
from tests.scenarios.walks import Look, billed, directly, proxied, tasks_of

SHOWN = "name, description, bid, status.name, type.name, parent.name"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, projects=2, sequences=2, shots=3, tasks=4) as opened:
        yield opened


# -- looks: by id, by populate, by a part of a list ------------------------------------------------------


def default_list(session: Any, made: Production) -> Any:
    return sorted(str(task["id"]) for task in tasks_of(session, made))


def projecting_list(session: Any, made: Production) -> Any:
    tasks = session.query(f'select {SHOWN} from Task where project.id is "{made.projects[0]}" order by id')
    return [(t["name"], t["description"], t["bid"], t["status"]["name"], t["parent"]["name"]) for t in tasks]


def listed(expression: str) -> Look:
    """All rows of a query, as ids."""
    return lambda session, made: [str(row["id"]) for row in session.query(_filled(expression, made))]


def _filled(expression: str, made: Production) -> str:
    return expression.format(
        project=made.projects[0], sequence=made.sequences[0], shot=made.shots[0], version=made.versions[0],
        task=made.tasks[0], tasks=",".join(made.tasks[1:6]), status=made.statuses[0],
    )  # fmt: skip


def got(type_name: str, of: str, *attributes: str) -> Look:
    """`get`, with values that need no further question."""

    def look(session: Any, made: Production) -> Any:
        entity = session.get(type_name, getattr(made, of)[0])
        return entity.entity_type, [str(entity[name]) for name in ("id", *attributes)]

    return look


def populated(count: int, projections: str) -> Look:
    """`populate`, then the values without auto-population."""

    def look(session: Any, made: Production) -> Any:
        tasks = [session.get("Task", identity) for identity in made.tasks[:count]]
        session.populate(tasks, projections)
        with session.auto_populating(False):
            return [[_by_path(task, path.strip()) for path in projections.split(",")] for task in tasks]

    return look


def _by_path(entity: Any, path: str) -> Any:
    for name in path.split("."):
        entity = entity[name]
    return entity


def followed(*paths: str) -> Look:
    """References and scalars, each when it is touched."""

    def look(session: Any, made: Production) -> Any:
        tasks = [session.get("Task", identity) for identity in made.tasks[:5]]
        return [_by_path(task, path) for task in tasks for path in paths]

    return look


def first_of_all(session: Any, made: Production) -> Any:
    return session.query(f'Task where project.id is "{made.projects[0]}"').first()["name"]


def one_by_id(session: Any, made: Production) -> Any:
    return session.query(f'Task where id is "{made.tasks[3]}"').one()["name"]


def narrower_list(session: Any, made: Production) -> Any:
    tasks = session.query(f'select status.name, name from Task where project.id is "{made.projects[0]}" order by id')
    return [(task["name"], task["status"]["name"]) for task in tasks]


@dataclass(frozen=True)
class Case:
    """After one look, another costs nothing."""

    title: str
    before: Look
    look: Look


COMPONENTS = listed('select id, name, system_type from FileComponent where version_id is "{version}"')
CASES = [
    Case("get after a list", default_list, got("Task", "tasks", "name", "context_type")),
    Case("get after a list of other attributes", projecting_list, got("Task", "tasks", "name", "bid")),
    Case("get by TypedContext", default_list, got("TypedContext", "tasks", "name")),
    Case("get by Context", default_list, got("Context", "tasks", "name")),
    Case("get of a parent", listed('Shot where parent.id is "{sequence}"'), got("TypedContext", "shots", "name")),
    Case("get by Component", COMPONENTS, got("Component", "components", "name")),
    Case("get of a status", listed("select name from Status"), got("Status", "statuses", "name")),
    Case("populate one", projecting_list, populated(1, "description, bid")),
    Case("populate many", projecting_list, populated(20, "description, status.name, parent.name")),
    Case("scalars when touched", projecting_list, followed("description", "bid")),
    Case("references when touched", projecting_list, followed("status.name", "type.name", "parent.name")),
    Case("first after all", default_list, first_of_all),
    Case("one by its id", default_list, one_by_id),
    Case("narrower projections", projecting_list, narrower_list),
]


@pytest.mark.optimal("S1")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_what_is_known_costs_nothing(case: Case, studio: Studio) -> None:
    truth = directly(studio, case.before), directly(studio, case.look)
    assert proxied(studio, case.before)[0] == truth[0]
    seen, bill = proxied(studio, case.look)
    assert seen == truth[1]
    assert bill.queries == 0, bill


RAW_LIST = f'select {SHOWN} from Task where project.id is "{{project}}" order by name, id offset 0 limit 500'
BY_NAME = 'from Task where project.id is "{project}" order by name, id'
RAW = [
    f"select name {BY_NAME} offset 0 limit 500",
    f"select parent.name, bid {BY_NAME} offset 0 limit 500",
    f"select name, status.name {BY_NAME} limit 1",
    f"select name {BY_NAME} offset 3 limit 4",
    f"select name {BY_NAME} offset 20 limit 500",
    "select status.name, status.id from Task where id is {task} offset 0 limit 500",
    'select name from TypedContext where (id is "{task}") offset 0 limit 500',
    "select description, parent.name from Task where id in ({tasks}) offset 0 limit 500",
    "select name from Status where id is {status} offset 0 limit 500",
]


@pytest.mark.optimal("S1")
@pytest.mark.parametrize("asked", RAW, ids=range(len(RAW)))
def test_answers_are_what_ftrack_would_have_sent(asked: str, studio: Studio) -> None:
    """Neither an attribute too much nor one too few, and the same pages."""
    ana, direct = studio.person(), studio.person(direct=True)
    made = studio.server.production
    expression = _filled(asked, made)
    truth = direct.ask(expression).content
    ana.ask(_filled(RAW_LIST, made))
    ana.ask("select name from Status")
    with billed(studio.server) as bill:
        seen = ana.ask(expression).content
    assert decoded(seen, ["order" in asked]) == decoded(truth, ["order" in asked])
    assert bill.queries == 0, bill


@pytest.mark.required("G7.4")
def test_a_page_without_rows_by_wish_is_not_an_empty_list(studio: Studio) -> None:
    ana, shot = studio.person(), studio.server.production.shots[0]
    whole = f'select name from Task where parent_id is "{shot}"'
    assert ana.ask(f"{whole} limit 0").rows == []
    assert ana.ask(whole).rows
    assert ana.ask(f"{whole} limit 5").rows


@pytest.mark.required("G7.4")
@pytest.mark.parametrize("type_name", ["Shot", "Project", "Asset", "User"])
def test_an_entity_is_not_found_under_a_type_that_it_is_not_of(type_name: str, studio: Studio) -> None:
    proxied(studio, default_list)
    for _ in range(2):
        assert proxied(studio, lambda session, made: session.get(type_name, made.tasks[0]))[0] is None


@pytest.mark.optimal("S3")
def test_only_what_is_missing_is_asked_for(studio: Studio) -> None:
    """Fifteen of twenty have been populated by another tool."""
    made = studio.server.production
    look = populated(20, "description, bid")
    truth = directly(studio, look)
    proxied(studio, default_list)
    proxied(studio, populated(15, "description, bid"))
    seen, bill = proxied(studio, look)
    assert seen == truth
    assert bill.queries == 1, bill
    assert bill.ids == [set(made.tasks[15:20])], bill


# -- whose eyes ------------------------------------------------------------------------------------------


@pytest.mark.required("G6.2")
@pytest.mark.parametrize(("knows", "asks"), [("ana", "bo"), ("bo", "ana")])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_what_one_knows_is_not_told_to_another(case: Case, knows: str, asks: str, studio: Studio) -> None:
    proxied(studio, case.before, knows)
    proxied(studio, case.look, knows)
    truth = directly(studio, case.look, asks)
    seen, bill = proxied(studio, case.look, asks)
    assert seen == truth
    assert bill.queries > 0, "answered from what another had read"
    assert bill.users == {studio.server.credentials(asks)[0]}


@pytest.mark.required("G6.3")
def test_what_is_hidden_from_one_stays_hidden(studio: Studio) -> None:
    """ana knows everything of a project that bo must not see."""
    made = studio.server.production
    studio.server.engine.set_project_access("bo", [made.projects[0]])

    def look(session: Any, _: Production) -> Any:
        task = session.get("Task", made.tasks[0])
        beyond = session.query(f"select name, parent.name from Task where id in ({made.tasks[0]},{made.tasks[-1]})")
        return (
            task and task["name"],
            bool(session.get("TypedContext", made.shots[0])),
            [(t["name"], t["parent"]["name"]) for t in beyond],
            len(tasks_of(session, made)),
        )

    for name in ("ana", "bo", "ana", "bo"):
        proxied(studio, projecting_list, name)
        assert proxied(studio, look, name)[0] == directly(studio, look, name)
    assert directly(studio, look, "bo")[:2] == (None, False)
