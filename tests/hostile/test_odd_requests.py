"""Requests and headers that no client sends: they reach ftrack unchanged, and are no error of the proxy's."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import zlib
from collections.abc import Iterator
from contextlib import closing
from urllib.parse import urlsplit

import pytest

from ftrack_proxy.request.running.body_memory import SHORT, BodyMemory, Lease
from tests.harness import until
from tests.hostile.gateway import Plain, Stage, stage

pytestmark = pytest.mark.required("G7.3")

STATUSES = b'[{"action": "query", "expression": "select name from Status"}]'
MEGABYTE = 2**20


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("odd"), body_limit=MEGABYTE) as opened:
        yield opened


@pytest.fixture
def opened(shared: Stage) -> Iterator[Stage]:
    shared.gateway.requests.clear()
    yield shared
    shared.gateway.spoiler = None


def raw(stage: Stage, *lines: bytes, body: bytes = STATUSES, direct: bool = False) -> bytes:
    """Send header lines byte for byte; returns all that comes back."""
    parts = urlsplit(stage.gateway.url if direct else stage.proxy.url)
    head = [b"POST /api HTTP/1.1", b"Host: localhost", b"Connection: close", b"Content-Length: %d" % len(body), *lines]
    with closing(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)) as connection:
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + body)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def credentials(stage: Stage, without: str = "") -> list[bytes]:
    return [f"{name}: {value}".encode() for name, value in stage.headers.items() if name.lower() != without.lower()]


@pytest.mark.parametrize(
    "line",
    [
        b"ftrack-api-options: \xe9", b"ftrack-api-options: \xc3\xa9;strict:1", b"ftrack-strict-api: \xff",
        b"Cache-Control: max-age=" + b"9" * 5_000, b"Cache-Control: max-age=\xb2", b"Cache-Control: \xe9=,,=;\"",
        b"Content-Type: application/json; charset=\xe9", b"X-Own: \xe9", b"Accept-Encoding: \xe9, gzip;q=\xe9",
        b"Content-Encoding: \xe9", b"Authorization: \xe9", b"Ftrack-Proxy-Via: \xe9", b"Cookie: a=\xe9",
        b"ftrack-clienttoken: \xe9", b"Origin: \xe9", b"Accept: \xe9",
    ],
)  # fmt: skip
def test_odd_header_lines(opened: Stage, line: bytes) -> None:
    name, _, value = line.partition(b": ")
    # Asked for the first time, so that it reaches ftrack; then once more.
    expression = f'select name from Status where name is_not "{zlib.crc32(line)}"'
    body = json.dumps([{"action": "query", "expression": expression}]).encode()
    for _ in range(2):
        answer = raw(opened, *credentials(opened, without=name.decode()), line, body=body)
        assert answer.startswith(b"HTTP/1.1 200 "), answer[:300]
        assert answer.endswith(opened.post(STATUSES, direct=True)[2])
    sent = opened.gateway.requests[0].header(name.decode()) or ""
    if name == b"Cookie":
        assert sent == ""  # what is kept is asked for without
        return
    assert sent.encode("latin-1").startswith(b"gzip" if name == b"Accept-Encoding" else value)


@pytest.mark.parametrize("name", [b"ren\xe9", b"ren\xc3\xa9", b"\xff"])
def test_names_reach_ftrack_byte_by_byte(opened: Stage, name: bytes) -> None:
    lines = [b"ftrack-user: " + name, b"ftrack-api-key: k\xe9y"]
    assert b"InvalidCredentialsError" in raw(opened, *lines)
    sent = opened.gateway.requests[-1]
    assert (sent.header("ftrack-user") or "").encode("latin-1") == name
    assert (sent.header("ftrack-api-key") or "").encode("latin-1") == b"k\xe9y"


@pytest.mark.parametrize(
    "line", [b"X-Odd: a\x01b", b"X-Odd: a\x7fb", b"X-Odd: \xe9", b"Set-Cookie: a=\xe9\x02", b"X-Odd: " + b"x" * 50_000]
)
@pytest.mark.parametrize("target", ["/api", "/other"])
def test_odd_header_lines_of_answers(opened: Stage, line: bytes, target: str) -> None:
    opened.gateway.spoiler = lambda answer, _: answer.raw(answer.body, line)
    directives = (b"Cache-Control: no-cache",)
    answer = raw(opened, *credentials(opened), *directives)
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:300]
    kept = line.replace(b"\x01", b" ").replace(b"\x7f", b" ").replace(b"\x02", b"")
    assert b"\r\n" + kept + b"\r\n" in answer.replace(b" \r\n", b"\r\n")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_packed_bomb_reaches_ftrack_packed(opened: Stage, encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    bomb = pack(STATUSES[:-1] + b" " * 2**24 + b"]")
    answer = raw(opened, *credentials(opened), f"Content-Encoding: {encoding}".encode(), body=bomb)
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert [request.body for request in opened.gateway.requests] == [bomb]


def test_two_content_encodings_are_both_believed(opened: Stage) -> None:
    body = gzip.compress(STATUSES)
    raw(opened, *credentials(opened), b"Content-Encoding: identity", b"Content-Encoding: gzip", body=body)
    assert [request.body for request in opened.gateway.requests] == [body]


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("size", [MEGABYTE - 1, MEGABYTE + 1, 4 * MEGABYTE])
def test_a_long_body_is_streamed(opened: Stage, size: int, chunked: bool) -> None:
    """Beyond the limit it is a write of anything, and still arrives as it was."""
    body = STATUSES + b" " * (size - len(STATUSES))
    before = opened.proxy.parts.journal.log.head
    with closing(http.client.HTTPConnection(urlsplit(opened.proxy.url).netloc, timeout=20)) as connection:
        pieces = iter([body[:70_000], body[70_000:]]) if chunked else body
        connection.request("POST", "/api", pieces, opened.headers, encode_chunked=chunked)
        content = connection.getresponse().read()
    assert content == opened.post(STATUSES, direct=True)[2]
    streamed = [request for request in opened.gateway.requests if len(request.body) == size]
    if size > MEGABYTE:
        assert [request.body for request in streamed] == [body]
        assert opened.proxy.parts.journal.log.head > before
    else:
        assert streamed == []


def test_a_long_body_that_is_not_sent_to_its_end_is_no_write(opened: Stage) -> None:
    parts = urlsplit(opened.proxy.url)
    client = opened.proxy.parts.client
    before = client.requests
    with closing(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)) as connection:
        head = [b"POST /api HTTP/1.1", b"Host: localhost", b"Content-Length: 5000000", *credentials(opened)]
        connection.sendall(b"\r\n".join(head) + b"\r\n\r\n" + b"x" * 2_000_000)
        until(lambda: client.requests > before, "the request to begin")
    assert [len(request.body) for request in opened.gateway.requests] == []


def test_many_long_bodies_have_the_room_that_there_is(opened: Stage) -> None:
    room = opened.proxy.parts.room
    parts = urlsplit(opened.proxy.url)
    head = b"\r\n".join([b"POST /api HTTP/1.1", b"Host: localhost", b"Content-Length: 1000000", *credentials(opened)])
    connections = [socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) for _ in range(16)]
    try:
        for connection in connections:
            connection.sendall(head + b"\r\n\r\n" + b"x" * 990_000)
        until(lambda: room.taken > 6 * MEGABYTE, "bodies to be read")
        assert room.taken <= 8 * MEGABYTE
        # Everybody else is answered meanwhile.
        assert json.loads(opened.post(STATUSES)[2])[0]["data"]
    finally:
        for connection in connections:
            connection.close()
    until(lambda: room.taken == 0, "the room to be given back")


def test_a_room_is_given_back_whatever_happens() -> None:
    room = BodyMemory(SHORT)
    lease = Lease(room)
    assert lease.covers(SHORT)
    assert room.taken == 0
    assert lease.covers(2 * SHORT)
    assert not lease.covers(2 * SHORT + 1)
    assert room.taken == SHORT
    other = Lease(room)
    assert not other.covers(SHORT + 1)
    del lease
    assert room.taken == 0
    assert other.covers(SHORT + 1)
    other.close()
    other.close()
    assert room.taken == 0


DEEP = "[" * 900 + "]" * 900
LONG = "9" * 5_000


def query(expression: str) -> str:
    return json.dumps({"action": "query", "expression": expression})


@pytest.mark.parametrize(
    "operation",
    [
        f'{{"action": "query", "expression": "select name from Status", "metadata": {DEEP}}}',
        f'{{"action": "update", "entity_type": "Task", "entity_key": {DEEP}, "entity_data": {{"x": {DEEP}}}}}',
        f'{{"action": "create", "entity_type": "Task", "entity_data": {{"metadata": {DEEP}}}}}',
        f'{{"action": "create", "entity_type": "Task", "entity_data": {"{" + chr(34) + "a" + chr(34) + ":"}{DEEP}}}}}',
        f'{{"action": "delete", "entity_type": {DEEP}, "entity_key": ["x"]}}',
        f'{{"action": "update", "entity_type": "Task", "entity_key": ["x"], "entity_data": {{"n": {LONG[:4_000]}}}}}',
        f'{{"action": "update", "entity_type": "Task", "entity_key": ["x"], "entity_data": {{"n": {LONG}}}}}',
        f'{{"action": "{"x" * 100_000}"}}',
        query(f"select name from Status limit {LONG}"), query(f"select name from Status where sort > {LONG}"),
        query("(" * 5_000 + "Status" + ")" * 5_000), query("select " + "{" * 5_000 + " from Status"),
        query("select " + "a{b,c}" * 5_000 + " from Status"), query("Status where " + "not " * 5_000 + "name is x"),
        query("select " + "a." * 5_000 + "b from Status"), query("\0"), query("Status where name is '\0\ud83d\ude00'"),
    ],
)  # fmt: skip
def test_odd_operations_are_ftracks_to_answer(opened: Stage, operation: str) -> None:
    opened.gateway.canned = Plain(200, [("Content-Type", "application/json")], b'{"exception": "x", "content": "y"}')
    try:
        for body in (f"[{operation}]", f"[{operation}, {operation}]"):
            status, headers, content = opened.post(body.encode())
            assert (status, content) == (200, opened.gateway.canned.body)
            assert "cache-status" in headers
    finally:
        opened.gateway.canned = None
