"""The seeded production: the same again, large enough, whole."""

from __future__ import annotations

import time

import pytest

from tests.ftrack_server import Engine, ProductionPlan, large, small

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
    project, task = big.made.projects[3], big.made.tasks[77]
    for expression in (
        f"select id from Task where project_id is {project} limit 50",
        f"Task where project.id is {project} limit 50",
        f"select name, status.name, link from Task where id is {task}",
        f"select name from Task where parent_id is {big.made.shots[5]}",
        f"Appointment where context_id is {task}",
        f"Component where version_id is {big.made.versions[9]}",
    ):
        big.ask(expression)
        fastest = min(_seconds(big, expression) for _ in range(5))
        assert fastest < 0.02, (expression, fastest)


def _seconds(stage: Stage, expression: str) -> float:
    started = time.perf_counter()
    stage.ask(expression)
    return time.perf_counter() - started


def test_every_key_leads_somewhere(shared: Stage, big: Stage) -> None:
    assert dangling(shared.engine) == []
    assert dangling(big.engine) == []
