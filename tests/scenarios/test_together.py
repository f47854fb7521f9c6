"""What one batch misses goes to ftrack in few requests; each answer is as if it had been asked for alone."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from ftrack_proxy.entities import normalise
from tests.harness import PATIENCE
from tests.scenarios.studio import Person, Studio, open_studio, warm

DENORMALISED = {"ftrack-api-options": "strict:1;denormalize:1"}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    """60 tasks on 12 shots that share their statuses, types and parents."""
    with open_studio(tmp_path, sequences=3, shots=4, tasks=5) as opened:
        warm(opened.person(), "select id from Project")
        yield opened


def rows_by_id(studio: Studio) -> list[str]:
    return [
        f'select name, status.name, type.name, parent.name, parent.parent.name from Task where id is "{task}"'
        for task in studio.server.production.tasks
    ]


def lists(studio: Studio) -> list[str]:
    return [
        f'select name, status.name, status.color, parent.name from Task where parent.id is "{shot}" order by name'
        for shot in studio.server.production.shots
    ]


def mixed(studio: Studio) -> list[str]:
    shots = studio.server.production.shots
    return [
        *rows_by_id(studio)[:20],
        *lists(studio),
        *(f'select status.sort, type from Task where id is "{task}"' for task in studio.server.production.tasks[:20]),
        "select name from Status order by name",
        "select sort from Status order by name",
        f'select children.name, children.status.name from Shot where id is "{shots[0]}"',
        f'select name from Task where id in ("{shots[0]}", "no-such-id")',
        "select name from Task where name is nothing",
        "select name from Type order by name limit 3",
        "select name from Type order by name offset 1 limit 3",
    ]


def aggregates(studio: Studio) -> list[str]:
    return [f'select count(id) from Task where parent.id is "{s}"' for s in studio.server.production.shots]


def requests_for(studio: Studio, person: Person, *expressions: str, **headers: str) -> tuple[Any, int]:
    before = studio.server.counters.api_requests
    said = person.ask(*expressions, **headers)
    return said, studio.server.counters.api_requests - before


@pytest.mark.required("G7.6")
@pytest.mark.parametrize("headers", [{}, DENORMALISED], ids=["normalised", "denormalised"])
@pytest.mark.parametrize("batch", [rows_by_id, lists, mixed])
def test_one_request_and_each_answer_stands_by_itself(studio: Studio, batch: Any, headers: dict[str, str]) -> None:
    ana, direct, expressions = studio.person(), studio.person(direct=True), batch(studio)
    said, cost = requests_for(studio, ana, *expressions, **headers)
    assert cost == 1
    assert said.content == direct.ask(*expressions, **headers).content
    # The same again, and each of them alone, is at hand; and is what ftrack answers to it alone.
    again, cost = requests_for(studio, ana, *expressions, **headers)
    assert (cost, again.is_hit) == (0, True)
    for expression in expressions:
        alone, cost = requests_for(studio, ana, expression, **headers)
        assert (cost, alone.is_hit) == (0, True), expression
        assert alone.content == direct.ask(expression, **headers).content, expression


@pytest.mark.required("G7.6")
@pytest.mark.parametrize("known", [1, 30, 59])
def test_what_is_at_hand_is_not_asked_for(studio: Studio, known: int) -> None:
    ana, direct, expressions = studio.person(), studio.person(direct=True), rows_by_id(studio)
    for expression in expressions[:known]:
        ana.ask(expression, **{"Cache-Control": "no-cache"})
    said, cost = requests_for(studio, ana, *expressions)
    assert cost <= 1
    assert f"{known} hit" in said.cache_status or said.is_hit
    for answer, expression in zip(said.content, expressions, strict=True):
        (row,) = answer["data"]
        assert row["name"] == direct.ask(expression).rows[0]["name"]


@pytest.mark.optimal("S3")
def test_a_batch_that_asks_one_thing_many_times(studio: Studio) -> None:
    ana, direct, expression = studio.person(), studio.person(direct=True), lists(studio)[0]
    said, cost = requests_for(studio, ana, *[expression] * 3_000)
    assert cost == 1
    assert said.content == [*direct.ask(expression).content * 3_000]


@pytest.mark.optimal("S3")
def test_thousands_of_misses_are_not_thousands_of_requests(studio: Studio) -> None:
    ana = studio.person()
    expressions = [f'select name from Task where name is "{number}"' for number in range(3_000)]
    said, cost = requests_for(studio, ana, *expressions)
    assert (len(said.content), cost) == (3_000, 1)


@pytest.mark.required("G7.6")
def test_one_that_fails_fails_all(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    expressions = [*rows_by_id(studio), "select nonsense from Task"]
    said = ana.ask(*expressions)
    assert said.content == direct.ask(*expressions).content
    assert said.content["exception"]
    assert not ana.ask(expressions[0]).is_hit


@pytest.mark.required("G7.6")
def test_aggregates_stand_by_themselves(studio: Studio) -> None:
    ana, direct, expressions = studio.person(), studio.person(direct=True), aggregates(studio)
    said, cost = requests_for(studio, ana, *expressions, *rows_by_id(studio))
    assert cost == 2
    assert said.content == direct.ask(*expressions, *rows_by_id(studio)).content
    again, cost = requests_for(studio, ana, *expressions)
    assert (cost, again.content) == (0, direct.ask(*expressions).content)


@pytest.mark.optimal("S3")
def test_a_few_misses_are_asked_for_apart(studio: Studio) -> None:
    """So that others can join them: a dashboard that many open at the same time."""
    ana, expressions = studio.person(), lists(studio)[:5]
    said, cost = requests_for(studio, ana, *expressions)
    assert (cost, said.cache_status) == (5, "ftrack-proxy; fwd=miss; stored")


@pytest.mark.required("G3.1")
def test_what_changes_on_the_way_is_asked_for_again(studio: Studio) -> None:
    ana, direct, expressions = studio.person(), studio.person(direct=True), rows_by_id(studio)
    held = studio.server.hold(contains=studio.task, when="after")
    asked = ana.start(*expressions)
    held.wait_reached()
    studio.foreign(name="renamed")
    held.release()
    assert asked.result().content[0]["data"][0]["name"] != "renamed"
    for expression in expressions[:2]:
        assert ana.ask(expression).content == direct.ask(expression).content
    studio.proxy.clock.ahead += 1
    for expression in expressions[:2]:
        assert ana.ask(expression).content == direct.ask(expression).content


@pytest.mark.required("G7.5")
def test_an_answer_that_cannot_be_told_apart_is_not_kept(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    ana, direct, expressions = studio.person(), studio.person(direct=True), lists(studio)
    monkeypatch.setattr(normalise, "_contradict", lambda *_: True)
    said = ana.ask(*expressions)
    assert said.content == direct.ask(*expressions).content
    monkeypatch.undo()
    assert not ana.ask(expressions[0]).is_hit


@pytest.mark.parametrize("count", [5, 60])
def test_one_cookie_is_set_once(studio: Studio, count: int) -> None:
    body = json.dumps([{"action": "query", "expression": e} for e in rows_by_id(studio)[:count]])
    headers = {**studio.person().headers, "Cache-Control": "no-cache"}
    with closing(requests.Session()) as session:
        answer = session.post(f"{studio.proxy.url}/api", data=body, headers=headers, timeout=PATIENCE)
    cookies = answer.raw.headers.getlist("Set-Cookie")
    assert sorted(cookie.partition("=")[0] for cookie in cookies) == ["ftrack_node", "ftrack_session"]


def test_only_what_is_at_hand_if_the_client_wants_no_more(studio: Studio) -> None:
    ana, expressions = studio.person(), rows_by_id(studio)
    said, cost = requests_for(studio, ana, *expressions, **{"Cache-Control": "only-if-cached"})
    assert (said.status, cost) == (504, 0)
