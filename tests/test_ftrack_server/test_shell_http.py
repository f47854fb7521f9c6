"""The HTTP face of the simulated server."""

from __future__ import annotations

import gzip
import hashlib
import http.client
import json
from typing import Any

import pytest
import requests

from tests.ftrack_server import FtrackServer
from tests.test_ftrack_server.conftest import OpenSession

INFORMATION = [{"action": "query_server_information"}]
USERS = [{"action": "query", "expression": "select username from User"}]


def post(server: FtrackServer, headers: dict[str, str], content: Any, path: str = "/api", **more: str) -> Any:
    return requests.post(server.url + path, json=content, headers={**headers, **more}, timeout=10)


def test_the_client_starts_and_queries(server: FtrackServer, open_session: OpenSession) -> None:
    session = open_session()
    names = {user["username"] for user in session.query("select username from User")}
    assert {"ana", "bo", "ray", "service"} <= names
    assert server.counters.operations["query_schemas"] == 1
    assert any("from User" in text for text in server.counters.expressions)


@pytest.mark.parametrize("path", ["/api", "//api", "///api"])
def test_any_number_of_leading_slashes(server: FtrackServer, headers: dict[str, str], path: str) -> None:
    connection = http.client.HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.request("POST", path, json.dumps(INFORMATION), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    assert answer[0]["schema_hash"] == server.engine.schema_hash
    assert server.requests_log[-1].raw_path == path


def test_errors_by_body_and_by_status(server: FtrackServer, headers: dict[str, str]) -> None:
    wrong = {**headers, "ftrack-api-key": "nonsense"}
    lenient = post(server, wrong, INFORMATION)
    assert lenient.status_code == 200
    assert lenient.json()["exception"] == "InvalidCredentialsError"
    strict = post(server, wrong, INFORMATION, **{"ftrack-strict-api": "true"})
    assert strict.status_code >= 400
    assert strict.json() == lenient.json()


def test_a_revoked_key_is_refused(server: FtrackServer, headers: dict[str, str]) -> None:
    server.engine.revoke_key("ana")
    for key in (headers["ftrack-api-key"], ""):
        answer = post(server, {**headers, "ftrack-api-key": key}, INFORMATION).json()
        assert answer["exception"] == "InvalidCredentialsError"
    server.update("Task", server.production.tasks[0], user="ana", name="by ana, in a browser")


@pytest.mark.parametrize("body", [b"{", b"", b'{"action": "create"}', b"[1]", b'[{"action": "no_such_thing"}]'])
def test_what_is_no_batch(server: FtrackServer, headers: dict[str, str], body: bytes) -> None:
    response = requests.post(server.url + "/api", data=body, headers=headers, timeout=10)
    assert response.status_code == 200
    assert {"exception", "content", "error_code"} <= set(response.json())


def test_an_empty_batch(server: FtrackServer, headers: dict[str, str]) -> None:
    assert post(server, headers, []).json() == []


def test_compression_both_ways(server: FtrackServer, headers: dict[str, str]) -> None:
    body = gzip.compress(json.dumps([{"action": "query_schemas"}]).encode())
    response = requests.post(
        server.url + "/api", data=body, headers={**headers, "Content-Encoding": "gzip"}, timeout=10
    )
    assert response.headers["Content-Encoding"] == "gzip"
    assert len(response.json()[0]) == len(server.engine.schemas)
    plain = post(server, headers, [{"action": "query_schemas"}], **{"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.json() == response.json()


def test_a_session_cookie_per_caller(server: FtrackServer, headers: dict[str, str]) -> None:
    with requests.Session() as session:
        first = session.post(server.url + "/api", json=USERS, headers=headers, timeout=10)
        assert len(first.raw.headers.getlist("Set-Cookie")) == 2
        again = session.post(server.url + "/api", json=USERS, headers=headers, timeout=10)
        assert "Set-Cookie" not in again.headers
        cookie_only = session.post(server.url + "/api", json=USERS, timeout=10)
        assert cookie_only.json() == again.json()
        username, api_key = server.credentials("bo")
        other = {"ftrack-user": username, "ftrack-api-key": api_key}
        assert "Set-Cookie" in session.post(server.url + "/api", json=USERS, headers=other, timeout=10).headers


def test_the_page_that_proves_an_ftrack_server(server: FtrackServer) -> None:
    response = requests.get(server.url + "/", timeout=10)
    assert response.status_code == 200
    assert response.headers["FTRACK_VERSION"]
    assert requests.get(server.url + "/img/thumbnail2.png", timeout=10).content.startswith(b"\x89PNG")
    assert "xml" in requests.post(server.url + "/client/", data="<x/>", timeout=10).headers["Content-Type"]
    assert requests.get(server.url + "/user/api_credentials", timeout=10).ok
    assert requests.get(server.url + "/nowhere", timeout=10).status_code == 404


def test_streams_of_any_size(server: FtrackServer) -> None:
    size = 3_000_001
    whole = requests.get(f"{server.url}/files/generated/{size}", timeout=10)
    chunked = requests.get(f"{server.url}/files/generated/{size}?chunked=1", timeout=10)
    assert len(whole.content) == size
    assert whole.content == chunked.content
    assert "Content-Length" not in chunked.headers
    stored = requests.put(server.url + "/files/sink", data=whole.content, timeout=10).json()
    assert stored == {"size": size, "sha256": hashlib.sha256(whole.content).hexdigest()}


def test_a_stream_can_be_held_and_broken(server: FtrackServer) -> None:
    hold = server.hold_streams()
    with requests.get(f"{server.url}/files/generated/300000", stream=True, timeout=10) as response:
        assert response.raw.read(1000)
        hold.wait_reached()
        hold.release()
        assert len(response.raw.read()) == 299_000
    server.clear_faults()
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{server.url}/files/generated/3000000?break_at=100000", timeout=10)


def test_the_echo_shows_what_arrived(server: FtrackServer) -> None:
    response = requests.request(
        "PROPFIND",
        server.url + "/echo/a%2Fb?x=%20&cookies=2&hop=1&status=207&header=X-Answer:yes",
        data=b"abc",
        headers={"X-Odd-Case": "1"},
        timeout=10,
    )
    seen = response.json()
    assert response.status_code == 207
    assert seen["method"] == "PROPFIND"
    assert seen["raw_path"].startswith("/echo/a%2Fb?x=%20")
    assert ["X-Odd-Case", "1"] in seen["headers"]
    assert seen["body_sha256"] == hashlib.sha256(b"abc").hexdigest()
    assert len(response.raw.headers.getlist("Set-Cookie")) == 2
    assert response.headers["X-Answer"] == "yes"
    assert "X-Hop" in response.headers["Connection"]


def test_latency_is_spent(server: FtrackServer, headers: dict[str, str]) -> None:
    server.latency = 0.1
    assert post(server, headers, INFORMATION).elapsed.total_seconds() >= 0.1


def test_counters_and_log(server: FtrackServer, headers: dict[str, str]) -> None:
    post(server, headers, USERS + INFORMATION)
    counters = server.counters
    assert (counters.requests, counters.api_requests, counters.queries, counters.writes) == (1, 1, 1, 0)
    assert counters.operations == {"query": 1, "query_server_information": 1}
    assert counters.expressions == ["select username from User"]
    (record,) = server.requests_log
    assert (record.method, record.status) == ("POST", 200)
    assert json.loads(record.body) == USERS + INFORMATION
    server.reset_counters()
    assert server.counters.requests == 0
    assert server.requests_log == []
