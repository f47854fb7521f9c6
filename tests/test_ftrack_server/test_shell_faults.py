"""Latency, holds and faults on the way."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.ftrack_server import FtrackServer

TASKS = "select name from Task order by name"


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as executor:
        yield executor


def post(server: FtrackServer, headers: dict[str, str], content: Any) -> requests.Response:
    return requests.post(server.url + "/api", json=content, headers=headers, timeout=20)


def ask(server: FtrackServer, headers: dict[str, str]) -> list[str]:
    content = [{"action": "query", "expression": TASKS}]
    return [row["name"] for row in post(server, headers, content).json()[0]["data"]]


def rename(server: FtrackServer, headers: dict[str, str], name: str) -> requests.Response:
    task_id = server.query("select id from Task")[0]["id"]
    data = {"__entity_type__": "Task", "name": name}
    return post(
        server, headers, [{"action": "update", "entity_type": "Task", "entity_key": [task_id], "entity_data": data}]
    )


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_held_answer(server: FtrackServer, headers: dict[str, str], pool: ThreadPoolExecutor, when: Any) -> None:
    hold = server.hold(contains="from Task", when=when)
    answer = pool.submit(ask, server, headers)
    hold.wait_reached()
    server.update("Task", server.query("select id from Task")[0]["id"], name="changed")
    assert "changed" in ask(server, headers)
    assert not answer.done()
    hold.release()
    assert ("changed" in answer.result(10)) is (when == "before")


async def test_holds_can_be_awaited(server: FtrackServer, headers: dict[str, str]) -> None:
    hold = server.hold()
    answer = asyncio.create_task(asyncio.to_thread(ask, server, headers))
    await hold.reached_async()
    hold.release()
    assert await answer


def test_a_gateway_error(server: FtrackServer, headers: dict[str, str]) -> None:
    server.fail_next(count=2, status=502)
    assert [rename(server, headers, "x").status_code for _ in range(3)] == [502, 502, 200]
    assert server.commits == 1
    server.fail_next(after_commit=True, action="update")
    ask(server, headers)
    assert rename(server, headers, "y").status_code == 500
    assert server.commits == 2


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_lost_answer(server: FtrackServer, headers: dict[str, str], after_commit: bool) -> None:
    server.drop_next(after_commit=after_commit)
    with pytest.raises(requests.ConnectionError):
        rename(server, headers, "lost")
    assert ("lost" in ask(server, headers)) is after_commit
    assert server.requests_log[0].status is None


def test_an_answer_that_never_comes(server: FtrackServer, headers: dict[str, str], pool: ThreadPoolExecutor) -> None:
    gate = server.hang_next()
    answer = pool.submit(ask, server, headers)
    gate.wait_reached()
    server.clear_faults()
    assert isinstance(answer.exception(10), requests.ConnectionError)
    assert ask(server, headers)


def test_a_hold_on_another_path(server: FtrackServer, pool: ThreadPoolExecutor) -> None:
    hold = server.hold(path="/img/")
    answer = pool.submit(requests.get, server.url + "/img/thumbnail2.png", timeout=10)
    hold.wait_reached()
    hold.release()
    assert answer.result(10).ok


def test_the_server_goes_away_and_comes_back(server: FtrackServer, headers: dict[str, str]) -> None:
    with requests.Session() as session:
        url, content = server.url + "/api", [{"action": "query", "expression": TASKS}]
        assert session.post(url, json=content, headers=headers, timeout=10).ok
        server.refuse()
        with pytest.raises(requests.ConnectionError):
            session.post(url, json=content, headers=headers, timeout=10)
        server.accept()
        assert session.post(url, json=content, headers=headers, timeout=10).ok
    assert server.url == url.removesuffix("/api")


def test_stopping_lets_everything_go(pool: ThreadPoolExecutor) -> None:
    server = FtrackServer().start()
    username, api_key = server.credentials("ana")
    gate = server.hang_next()
    answer = pool.submit(ask, server, {"ftrack-user": username, "ftrack-api-key": api_key})
    gate.wait_reached()
    server.stop()
    assert isinstance(answer.exception(10), requests.ConnectionError)
