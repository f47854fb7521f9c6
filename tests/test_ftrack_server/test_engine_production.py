"""The seeded production: the same again, large enough, whole."""

from __future__ import annotations

from functools import partial

import pytest

from tests.ftrack_server import Engine, ProductionPlan, large, small
from tests.steps import calls_of

from .engine_stage import Stage, dangling


@pytest.fixture(scope="module")
def big() -> Stage:
    return Stage(large())


def test_equal_plans_make_equal_productions() -> None:
    first, second = Stage(small()), Stage(small())
    assert first.made == second.made
    everything = "select name, status_id, priority_id, link, metadata, custom_attributes from Context"
    assert first.engine.query(everything) == second.engine.query(everything)
    assert first.engine.credentials("ana") == second.engine.credentials("ana")


def test_other_seeds_make_others() -> None:
    assert Engine(ProductionPlan(seed=2)).production.tasks != Engine(ProductionPlan(seed=3)).production.tasks


def test_large_is_large(big: Stage) -> None:
    rows = sum(len(table.rows) for table in big.engine._database.tables.values())
    assert rows >= 20_000
    assert len(big.made.projects) == 8


def test_lookups_in_a_large_production_are_fast(big: Stage) -> None:
    """None of them looks at every task, one by one."""
    project, task = big.made.projects[3], big.made.tasks[77]
    scan = calls_of(partial(big.ask, "select id from Task where description is x"))
    assert scan > 10 * len(big.made.tasks)
    one, one_project_of_eight = scan / 100, scan / 2
    for expression, most in (
        (f"select id from Task where project_id is {project} limit 50", one_project_of_eight),
        (f"Task where project.id is {project} limit 50", one_project_of_eight),
        (f"select name, status.name, link from Task where id is {task}", one),
        (f"select name from Task where parent_id is {big.made.shots[5]}", one),
        (f"Appointment where context_id is {task}", one),
        (f"Component where version_id is {big.made.versions[9]}", one),
    ):
        big.ask(expression)
        calls = calls_of(partial(big.ask, expression))
        assert calls < most, (expression, calls, scan)


def test_every_key_leads_somewhere(shared: Stage, big: Stage) -> None:
    assert dangling(shared.engine) == []
    assert dangling(big.engine) == []
