"""Answers in which nothing is shortened: what is shown is judged, and nothing is shown that ftrack would not show.

Two things are not known of such answers; both kinds of server are played.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.ftrack_server import Writing
from tests.scenarios.studio import Person, Studio, open_studio

pytestmark = pytest.mark.required("G7.4")

FULL = {"ftrack-api-options": "strict:1;denormalize:1"}
SERVERS = [Writing(siblings, cut) for siblings in (True, False) for cut in (True, False)]


@pytest.fixture(scope="module", params=SERVERS, ids=lambda s: f"siblings={s.siblings} cut={s.cut_inside_itself}")
def studio(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(tmp_path_factory.mktemp("full")) as opened:
        opened.server.engine.writing = request.param
        opened.person().ask("select id from Status")
        yield opened


def agreed(studio: Studio, person: Person, *expressions: str) -> str:
    """Ask in full and compare; returns what happened."""
    for expression in expressions:
        said = person.ask(expression, **FULL)
        assert said.rows == studio.person(person.name, direct=True).ask(expression, **FULL).rows, expression
    return said.cache_status


def test_what_shares_a_column_comes_only_with_what_was_asked(studio: Studio) -> None:
    ana, sequence = studio.person(), studio.server.production.sequences[0]
    agreed(studio, ana, f"select status_id, link from Task where id is {studio.task}")
    assert "hit" in agreed(studio, ana, f"select status_id from Task where id in ({studio.task})")
    agreed(studio, ana, f"select status_id, name from Task where id is {studio.task}")
    agreed(studio, ana, f"select _link from Task where id is {studio.task}")
    assert "hit" in agreed(studio, ana, f"select link from Task where id in ({studio.task})")
    before = studio.changes
    studio.server.update("Sequence", sequence, name=f"renamed {before}")
    studio.wait_for_change(before)
    for shown in ("status_id", "link", "_link", "link, _link", "status_id, link"):
        agreed(studio, ana, f"select {shown} from Task where id is {studio.task}")


def test_what_shares_a_relation_shows_the_same_below_it(studio: Studio) -> None:
    ana, project = studio.person(), studio.server.production.projects[0]
    for shown in (
        "project_schema.task_workflow_schema.name",
        "project_schema._task_workflow.name",
        "project_schema.task_workflow_schema.statuses.name, name",
        "project_schema.task_workflow_schema.name, project_schema._task_workflow.name",
        "project_schema.task_workflow_schema.name, project_schema._task_workflow.id",
        "project_schema._task_workflow",
    ):
        for where in (f"id is {project}", f"id in ({project})", "status is active"):
            agreed(studio, ana, f"select {shown} from Project where {where}")


def test_an_entity_inside_itself(studio: Studio) -> None:
    ana, made = studio.person(), studio.server.production
    for version in made.versions[:2]:
        for shown in ("version, asset.versions.version", "version, asset.versions", "asset.versions.asset.name"):
            for where in (f"id is {version}", f"id in ({version})", f"id = {version} limit 1"):
                agreed(studio, ana, f"select {shown} from AssetVersion where {where}")
    for shown in ("children.parent.name", "name, children.parent.children.name", "children.parent.description"):
        agreed(studio, ana, f"select {shown} from Shot where id is {made.shots[0]}")
        agreed(studio, ana, f"select {shown} from Shot where id in ({made.shots[0]})")
    for name in ("name", "description"):
        for identity in (studio.task, made.shots[0]):
            agreed(studio, ana, f"select {name} from TypedContext where id is {identity}")


def test_how_it_is_written_is_learned_from_the_first_answer(studio: Studio) -> None:
    """And put together from then on, where it was seen."""
    ana, made = studio.person(), studio.server.production
    for version in made.versions[:2]:
        agreed(studio, ana, f"select version, asset.versions.version from AssetVersion where id is {version}")
    assert "hit" in agreed(
        studio, ana, f"select asset.versions.version from AssetVersion where id in ({made.versions[0]})"
    )


@pytest.mark.parametrize("headers", [{}, FULL], ids=["shortened", "in full"])
def test_what_comes_unasked_is_as_it_is_now(headers: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    with open_studio(tmp_path_factory.mktemp("unasked")) as studio:
        studio.server.engine.writing = Writing(unasked={"Task": ("sort", "link")})
        ana, direct = studio.person(), studio.person(direct=True)
        shot = studio.server.production.shots[0]
        # Not by id: what is usual is asked for then.
        asked = [f"select {shown} from Task where parent_id is {shot}" for shown in ("name", "id, name", "status_id")]
        for number, type_name in enumerate(("Task", "Sequence", "Task")):
            for expression in (*asked, *asked):
                studio.proxy.clock.ahead += 1
                assert ana.ask(expression, **headers).rows == direct.ask(expression, **headers).rows
            before = studio.changes
            identity = studio.task if type_name == "Task" else studio.server.production.sequences[0]
            value = {"sort": number + 1.0} if type_name == "Task" else {"name": f"renamed {number}"}
            studio.server.update(type_name, identity, **value)
            studio.wait_for_change(before)
            for expression in asked:
                assert ana.ask(expression, **headers).rows == direct.ask(expression, **headers).rows
