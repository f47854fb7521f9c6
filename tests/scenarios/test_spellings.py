"""One answer for all spellings of a question; braces in projections."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.studio import Studio, open_studio, warm

pytestmark = pytest.mark.optimal("S1")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        yield opened


SPELLINGS = (
    "select name, description from Task where name is_not 'x' and project_id is {project} order by name",
    'SELECT description,name  FROM Task WHERE name != "x" and project_id = "{project}"  ORDER BY name ASC',
    'select name, description, name from Task where project_id is {project} and (name is_not "x") order by name asc',
)


def test_equivalent_questions_share_an_answer(studio: Studio) -> None:
    ana, project = studio.person(), studio.server.production.projects[0]
    first, *others = (spelling.format(project=project) for spelling in SPELLINGS)
    said = warm(ana, first)
    assert said.cache_status == "ftrack-proxy; hit; detail=exact"
    asked = studio.queries()
    for other in others:
        again = ana.ask(other)
        assert (again.cache_status, again.rows) == ("ftrack-proxy; hit; detail=equivalent", said.rows)
    assert studio.queries() == asked


def test_not_in_as_two_words_is_kept_and_sent_as_it_was_written(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    two_words = "select name from Task where status.name not in ('Omitted', 'On Hold') order by name"
    one_word = two_words.replace("not in", "not_in")
    said = warm(ana, two_words)
    sent = [record.body.decode() for record in studio.server.requests_log if record.raw_path == "/api"]
    assert any(two_words in body for body in sent)
    again = ana.ask(one_word)
    assert (again.cache_status, again.rows) == ("ftrack-proxy; hit; detail=equivalent", said.rows)
    assert said.rows == direct.ask(two_words).rows == direct.ask(one_word).rows != []
    before = studio.changes
    omitted = direct.ask("select id from Status where name is Omitted").rows[0]["id"]
    studio.server.update("Task", studio.task, status_id=omitted)
    studio.wait_for_change(before)
    assert ana.ask(two_words).rows == direct.ask(one_word).rows
    assert len(ana.ask(two_words).rows) == len(said.rows) - 1


def test_braces_are_written_out(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    short = (
        f"select name, parent.{{name,project.{{name, id}}}}, status.{{name,color}} from Task where id is {studio.task}"
    )
    long = (
        "select name, parent.name, parent.project.name, parent.project.id, status.name, status.color "
        f"from Task where id is {studio.task}"
    )
    assert ana.ask(short).rows == direct.ask(long).rows
    assert ana.ask(short).is_hit


def test_braces_beside_a_write_are_written_out_too(studio: Studio) -> None:
    ana = studio.person()
    answer = ana.call(
        [
            {"action": "update", "entity_type": "Task", "entity_key": [studio.task], "entity_data": {"name": "new"}},
            {"action": "query", "expression": f"select status.{{name,color}} from Task where id is {studio.task}"},
        ]
    )
    # Of the batch's two answers, the task is written in full in the first (ftrack-protocol 3.2).
    assert set(answer.content[0]["data"]["status"]) >= {"name", "color"}


def test_braces_in_values_are_left_alone(studio: Studio) -> None:
    ana = studio.person()
    studio.foreign(name="a{b,c}")
    (row,) = ana.ask('select name from Task where name is "a{b,c}"').rows
    assert row["name"] == "a{b,c}"
