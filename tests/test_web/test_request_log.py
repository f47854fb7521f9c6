"""One line a request at debug level, and nothing in it that a client made up; none, and no cost, at info level."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ftrack_proxy.request.description import described_batch, described_request
from ftrack_proxy.web.request_log import RequestLog
from ftrack_proxy.web.router import RequestRouter
from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import PATIENCE, LocalProxy, ProxyCommand, settings_for
from tests.test_schema.documents import small_catalogue

SECRET = "f00dfacef00dface"
QUERY = {"action": "query", "expression": f'select name from Task where id is "{SECRET}" limit 5'}


@pytest.fixture(scope="module")
def server() -> Iterator[FtrackServer]:
    with FtrackServer(ProductionPlan(sequences=1, shots=1, tasks=1)) as running:
        yield running


def shown(*operations: Any, schema: bool = True) -> str:
    catalogue = small_catalogue() if schema else None
    return described_batch(json.dumps(operations).encode(), catalogue)


def asked(expression: str) -> dict[str, str]:
    return {"action": "query", "expression": expression}


@pytest.mark.parametrize(
    ("operation", "words"),
    [
        (QUERY, "query select name from Task where id is ?"),
        (asked(f'Task where name like "%{SECRET}"'), "query Task where name like ?"),
        (asked(f'Task where id in ("a", "{SECRET}")'), "query Task where id in ()"),
        (asked(f"select {SECRET}, name from Task"), "query select ?, name from Task"),
        (asked(f"select name from {SECRET}"), "query select name from ?"),
        (asked(f"select custom_attributes.{SECRET} from Task"), "query select custom_attributes.? from Task"),
        (asked(f"select name fro {SECRET} ("), "a query that is not understood"),
        ({"action": "query_schemas"}, "query_schemas"),
        ({"action": "query_server_information"}, "query_server_information"),
        ({"action": "create", "entity_type": "Task", "entity_data": {"name": SECRET}}, "create Task"),
        ({"action": "delete", "entity_type": SECRET, "entity_key": [SECRET]}, "delete ?"),
        ({"action": "update", "entity_type": [SECRET]}, "update"),
        ({"action": SECRET}, "another action"),
        ({"action": {SECRET: 1}}, "another action"),
        (SECRET, "another action"),
        (None, "another action"),
    ],
)  # fmt: skip
def test_names_that_the_schema_has_and_no_values(operation: Any, words: str) -> None:
    assert shown(operation) == words


def test_long_and_unreadable_batches() -> None:
    assert shown(*[QUERY] * 5).endswith("; and 2 more")
    assert shown() == "an empty batch"
    assert described_batch(SECRET.encode(), None) == "a batch that cannot be read"
    assert described_batch(None, None) == "a long or unread batch"
    assert SECRET not in shown(asked(f"select {'name, ' * 500} {SECRET} from Task"))
    assert len(shown(asked("select " + "name." * 500 + "name from Task"))) < 400


def test_without_a_schema_no_name_is_shown() -> None:
    assert shown(QUERY, schema=False) == "query select ? from ? where ? is ?"


@pytest.mark.parametrize(
    ("method", "path", "words"),
    [
        ("GET", f"/component/get/{SECRET}", "GET /component/get"),
        (SECRET, f"/{SECRET}", "another method another path"),
        ("GET", "/", "GET /"),
        ("GET", f"/socket.io/1/websocket/{SECRET}", "GET /socket.io/1/websocket/"),
    ],
)
def test_paths_and_methods(method: str, path: str, words: str) -> None:
    assert described_request(method, path) == words


def test_a_line_with_who_what_verdict_and_milliseconds(
    server: FtrackServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    user, key = server.credentials("ana")
    headers = {"ftrack-user": user, "ftrack-api-key": key}
    with LocalProxy(settings_for(server.url, tmp_path)) as proxy:
        for _ in range(2):
            requests.post(f"{proxy.url}/api", json=[QUERY], headers=headers, timeout=PATIENCE).close()
        requests.get(f"{proxy.url}/component/get?apiKey={SECRET}", timeout=PATIENCE).close()
        requests.post(f"{proxy.url}/api", data=SECRET, timeout=PATIENCE).close()
    lines = [record for record in caplog.records if record.name == "ftrack_proxy.request"]
    told: list[dict[str, Any]] = [vars(line)["fields"] for line in lines]
    assert [one["what"] for one in told] == [
        *["query select name from Task where id is ?"] * 2,
        "GET /component/get",
        "a batch that cannot be read",
    ]
    assert told[0]["verdict"].startswith("fwd=miss")
    assert told[1]["verdict"].startswith("hit")
    assert told[0]["who"] == told[1]["who"] != "somebody"
    assert len(told[0]["who"]) == 8
    assert told[2]["who"] == "somebody"
    assert all(one["milliseconds"] >= 0 and one["status"] for one in told)
    ours = "".join(record.getMessage() for record in caplog.records if record.name.startswith("ftrack_proxy"))
    assert SECRET not in ours
    assert key not in ours


@pytest.mark.parametrize(("level", "handler"), [(logging.INFO, RequestRouter), (logging.DEBUG, RequestLog)])
def test_at_info_level_nothing_stands_in_a_request_s_way(
    server: FtrackServer, level: int, handler: type, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(level)
    with LocalProxy(settings_for(server.url, tmp_path)) as proxy:
        listener = proxy.parts.listener
        answering = listener._server.request_handler
        assert isinstance(getattr(answering, "__self__", answering), handler)


def test_as_json(server: FtrackServer, tmp_path: Path) -> None:
    with ProxyCommand(server.url, tmp_path, FTRACK_PROXY_LOG_FORMAT="json", FTRACK_PROXY_LOG_LEVEL="debug") as proxy:
        requests.get(f"{proxy.url}/x", timeout=PATIENCE).close()
        assert proxy.stop() == 0
    lines = [json.loads(line) for line in proxy.log]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    (line,) = [line for line in lines if line["logger"] == "ftrack_proxy.request"]
    assert {"who", "what", "verdict", "status", "milliseconds"} <= set(line)
    assert (line["level"], line["what"], line["status"]) == ("debug", "GET another path", 404)
