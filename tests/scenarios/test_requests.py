"""What happens to requests: hits, coalescing, errors, batches, wishes of the client, clients that leave."""

from __future__ import annotations

import gzip
import http.client
import json
from collections.abc import Iterator
from concurrent.futures import wait
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.harness import PATIENCE, until
from tests.scenarios.studio import Studio, open_studio, warm


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        yield opened


def test_an_exact_repetition_is_a_hit(studio: Studio) -> None:
    ana = studio.person()
    first = ana.ask(studio.name_of_task)
    again = ana.ask(studio.name_of_task)
    assert first.cache_status == "ftrack-proxy; fwd=miss; stored"
    assert again.cache_status == "ftrack-proxy; hit; detail=exact"
    assert (again.content, again.age) == (first.content, "0")


def test_the_first_questions_of_a_process_are_kept_already(tmp_path: Path) -> None:
    """The schema is learned and the feed connected before the first answer is fetched."""
    with open_studio(tmp_path, listens_as=None) as studio:
        ana = studio.person()
        ana.call([{"action": "query_server_information"}])
        assert ana.ask(studio.name_of_task).cache_status == "ftrack-proxy; fwd=miss; stored"
        assert ana.ask(studio.name_of_task).is_hit


def test_identical_misses_share_one_request(studio: Studio) -> None:
    people = [studio.person() for _ in range(10)]
    warm(people[0], "select id from Status")
    before = studio.queries()
    held = studio.server.hold(contains=studio.task)
    answers = [people[0].start(studio.name_of_task)]
    held.wait_reached()
    answers += [person.start(studio.name_of_task) for person in people[1:]]
    until(lambda: studio.proxy.parts.counters.waiting == 9, "nine reads to wait")
    held.release()
    wait(answers)
    assert len({json.dumps(answer.result().content) for answer in answers}) == 1
    assert studio.queries() == before + 1


def test_at_the_very_start_too(tmp_path: Path) -> None:
    with open_studio(tmp_path, listens_as=None) as studio:
        people = [studio.person() for _ in range(10)]
        answers = [person.start("select name from Status") for person in people]
        assert len({json.dumps(answer.result().content) for answer in answers}) == 1
        assert studio.queries() == 1


def test_a_batch_of_reads_is_answered_operation_by_operation(studio: Studio) -> None:
    ana = studio.person()
    statuses, types = "select name from Status order by name", "select name from Type order by name"
    warm(ana, statuses)
    mixed = ana.ask(statuses, types)
    assert mixed.cache_status == 'ftrack-proxy; fwd=partial; stored; detail="1 hit, 1 miss"'
    assert ana.ask(statuses, types).is_hit
    assert mixed.content == studio.person(direct=True).ask(statuses, types).content


def test_a_batch_with_a_write_is_forwarded_whole(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.reset_counters()
    operations = [
        {"action": "query", "expression": studio.name_of_task},
        {
            "action": "update",
            "entity_type": "Task",
            "entity_key": [studio.task],
            "entity_data": {"__entity_type__": "Task", "name": "mixed"},
        },
        {"action": "query", "expression": studio.name_of_task},
    ]
    said = ana.call(operations)
    assert said.cache_status == "ftrack-proxy; fwd=method"
    assert len(said.content) == 3
    assert json.loads(studio.server.requests_log[-1].body) == operations


@pytest.mark.parametrize("strict", ["false", "true"])
def test_errors_are_ftracks_and_are_not_kept(studio: Studio, strict: str) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    warm(ana, "select id from Status")
    for expression in ("select nonsense from Task", "select id from NoSuchType", "select id from Task where ((("):
        expected = direct.ask(expression, **{"ftrack-strict-api": strict})
        for _ in range(2):
            before = studio.server.counters.api_requests
            said = ana.ask(expression, **{"ftrack-strict-api": strict})
            assert (said.status, said.content) == (expected.status, expected.content)
            assert studio.server.counters.api_requests == before + 1


def test_a_gateways_error_is_passed_on_and_not_kept(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, "select id from Status")
    studio.server.fail_next(status=503, body=b"<html>busy</html>")
    with requests.post(
        f"{studio.proxy.url}/api",
        json=[{"action": "query", "expression": studio.name_of_task}],
        headers=ana.headers,
        timeout=PATIENCE,
    ) as answer:
        assert (answer.status_code, answer.content) == (503, b"<html>busy</html>")
        assert answer.headers["Content-Type"].startswith("text/html")
    assert ana.ask(studio.name_of_task).rows


def test_no_cache_asks_ftrack_and_keeps_the_answer(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.update("Task", studio.task, name="silently", silent=True)
    assert ana.ask(studio.name_of_task).rows[0]["name"] != "silently"
    said = ana.ask(studio.name_of_task, **{"Cache-Control": "no-cache"})
    assert said.cache_status == "ftrack-proxy; fwd=request; stored"
    assert said.rows[0]["name"] == "silently"
    assert ana.ask(studio.name_of_task).is_hit
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "silently"


def test_no_store_keeps_nothing(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, "select id from Status")
    said = ana.ask(studio.name_of_task, **{"Cache-Control": "no-store"})
    assert said.rows
    assert "stored" not in said.cache_status
    assert not ana.ask(studio.name_of_task).is_hit


def test_no_store_concerns_the_answer_and_not_the_schema(studio: Studio) -> None:
    """The first query of a process has the schema asked for, whatever it wishes for its own answer."""
    ana = studio.person()
    assert ana.ask(studio.name_of_task, **{"Cache-Control": "no-store"}).rows
    until(lambda: studio.proxy.parts.schema.is_confirmed, "the schema to be known")


def test_only_if_cached_and_max_age(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, "select id from Status")
    refused = ana.ask(studio.name_of_task, **{"Cache-Control": "only-if-cached"})
    assert (refused.status, refused.content["exception"], refused.cache_status) == (504, "NotCachedError", "")
    warm(ana, studio.name_of_task)
    assert ana.ask(studio.name_of_task, **{"Cache-Control": "only-if-cached, max-age=60"}).is_hit
    studio.proxy.clock.ahead += 5
    assert ana.ask(studio.name_of_task).age == "5"
    assert not ana.ask(studio.name_of_task, **{"Cache-Control": "max-age=3"}).is_hit


def test_without_credentials_nothing_is_kept(studio: Studio) -> None:
    ana, nobody = studio.person(), studio.person()
    nobody.headers = {}
    warm(ana, studio.name_of_task)
    said = nobody.ask(studio.name_of_task)
    assert said.content["exception"] == "InvalidCredentialsError"
    assert said.cache_status == "ftrack-proxy; fwd=bypass"


def test_a_wrong_key_gets_nothing_of_what_the_right_one_left(studio: Studio) -> None:
    ana, thief = studio.person(), studio.person(key="guessed")
    warm(ana, studio.name_of_task)
    assert thief.ask(studio.name_of_task).content["exception"] == "InvalidCredentialsError"
    assert ana.ask(studio.name_of_task).is_hit


def test_options_and_gzip(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    expression = "select name, status.name from Task order by id"
    options = {"ftrack-api-options": "strict:1;denormalize:1"}
    normal, plain = ana.ask(expression), ana.ask(expression, **options)
    assert normal.content == direct.ask(expression).content
    assert plain.content == direct.ask(expression, **options).content
    body = gzip.compress(json.dumps([{"action": "query", "expression": expression}]).encode())
    headers = {**ana.headers, "Content-Encoding": "gzip", "Content-Type": "application/json"}
    with requests.post(f"{studio.proxy.url}/api", data=body, headers=headers, timeout=PATIENCE) as answer:
        assert answer.json() == normal.content
        assert "; hit" in answer.headers["Cache-Status"]


def test_odd_but_legal_json_goes_through(studio: Studio) -> None:
    direct, ana = studio.person(direct=True), studio.person()
    bodies = [
        b'[]', b' [ ] ', b'{"action": "query", "expression": "Status"}', b'[{"action": "query"', b"", b"null", b'"x"',
        b'[{"action":"query","expression":"select name from Status order by name","metadata":{"a":[1,{"b":null}]}}]',
        b'[ {"expression" : "select name from Status order by name" , "action":"query" } ]\n',
        b'[{"action":"query","expression":"select name from Status where name is \\"\\u00e9\\ud83d\\ude00\\""}]',
        b'[{"action":"query","expression":5}]', b'[1]', b'[{"action":"no_such"}]', b'[[]]',
    ]  # fmt: skip
    for body in bodies:
        answers = []
        for url in (studio.server.url, studio.proxy.url, studio.proxy.url):
            with requests.post(f"{url}/api", data=body, headers=ana.headers, timeout=PATIENCE) as answer:
                answers.append((answer.status_code, answer.json()))
        assert answers[0] == answers[1] == answers[2], body
    direct.close()


def test_a_client_that_leaves_does_not_stop_a_write(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    held = studio.server.hold(action="update", when="before")
    _send_and_leave(studio, ana.headers, [_rename(studio.task, "left behind")], lambda: held.wait_reached())
    held.release()
    until(lambda: studio.server.query(studio.name_of_task)[0]["name"] == "left behind", "the write")
    until(lambda: ana.ask(studio.name_of_task).rows[0]["name"] == "left behind", "the proxy to know")
    assert studio.server.counters.operations["update"] == 1


def test_a_client_that_leaves_does_not_stop_a_fetch_that_others_wait_for(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, "select id from Status")
    held = studio.server.hold(contains=studio.task)
    others = []

    def others_join() -> None:
        held.wait_reached()
        others.append(ana.start(studio.name_of_task))
        until(lambda: studio.proxy.parts.counters.waiting == 1, "the other to wait")

    before = studio.queries()
    query = [{"action": "query", "expression": studio.name_of_task}]
    _send_and_leave(studio, ana.headers, query, others_join)
    held.release()
    assert others[0].result().rows
    assert studio.queries() <= before + 1


def _rename(task: str, name: str) -> dict[str, object]:
    return {
        "action": "update",
        "entity_type": "Task",
        "entity_key": [task],
        "entity_data": {"__entity_type__": "Task", "name": name},
    }


def _send_and_leave(studio: Studio, headers: dict[str, str], operations: object, meanwhile: object) -> None:
    connection = http.client.HTTPConnection(urlsplit(studio.proxy.url).netloc)
    connection.request("POST", "/api", json.dumps(operations), headers)
    assert callable(meanwhile)
    meanwhile()
    connection.close()


def test_upstream_away(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, "select id from Status")
    studio.server.refuse()
    said = ana.ask(studio.name_of_task)
    assert (said.status, said.content["exception"]) == (502, "UpstreamUnreachableError")
    written = ana.update("Task", studio.task, name="never sent")
    assert (written.status, written.content["exception"]) == (502, "UpstreamUnreachableError")
    assert any("upstream" in reason for reason in studio.proxy.status()["degraded"])
    studio.server.accept()
    studio.proxy.wait_for_feed()
    assert ana.ask(studio.name_of_task).rows[0]["name"] != "never sent"


def test_a_changed_schema_changes_everything(studio: Studio) -> None:
    ana = studio.person()
    information = [{"action": "query_server_information"}]
    schemas = [{"action": "query_schemas"}]
    old = ana.call(information).content[0]["schema_hash"]
    ana.call(schemas)
    warm(ana, studio.name_of_task)
    studio.server.engine.add_object_type("Storyboard")
    studio.proxy.clock.ahead += 61
    studio.proxy.inside(lambda: _heard_now(studio))
    new = ana.call(information).content[0]["schema_hash"]
    assert new != old
    assert any(schema["id"] == "Storyboard" for schema in ana.call(schemas).content[0])
    assert not ana.ask(studio.name_of_task).is_hit
    assert ana.ask("select name from Storyboard").rows == []


def _heard_now(studio: Studio) -> None:
    for feed in studio.proxy.parts.coverage.feeds:
        feed._heard = studio.proxy.clock()


def test_another_user_gets_a_feed_of_his_own(studio: Studio) -> None:
    """What ana's events do not tell of, bo's own do."""
    bo = studio.person("bo")
    warm(bo, studio.name_of_task)
    assert studio.proxy.status()["feed"]["feeds"] == 2
    studio.foreign(name="for both")
    assert bo.ask(studio.name_of_task).rows[0]["name"] == "for both"


def test_events_that_are_not_understood_count_as_a_change_of_anything(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    before = studio.changes
    studio.server.hub.publish("ftrack.update", {"entities": [{"entityType": "no_such_table", "action": "dance"}]})
    studio.wait_for_change(before)
    assert ana.ask(studio.name_of_task).cache_status == "ftrack-proxy; fwd=stale; stored; detail=affected"
    assert sum(studio.proxy.status()["wide_events"].values()) == 1


def test_a_component_in_a_new_location_is_seen_at_once(studio: Studio) -> None:
    ana = studio.person()
    component = studio.server.production.components[0]
    expression = f'select location_id from ComponentLocation where component_id is "{component}"'
    warm(ana, expression)
    before = studio.changes
    studio.server.hub.publish("ftrack.location.component-added", {"component_id": component, "location_id": "x"})
    studio.wait_for_change(before)
    assert not ana.ask(expression).is_hit
