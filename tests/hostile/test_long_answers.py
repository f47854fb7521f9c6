"""Answers without end: sent on as they come, no faster than they are read, and not kept."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from urllib.parse import urlsplit

import pytest

from tests.harness import until
from tests.hostile.gateway import Plain, Stage, stage

pytestmark = pytest.mark.required("G7.5")

MEGABYTE = 2**20
LIMIT = MEGABYTE
STATUSES = b'[{"action": "query", "expression": "select name from Status"}]'
TYPES = b'[{"action": "query", "expression": "select name from Type"}]'
WRITE = b'[{"action": "update", "entity_type": "Task", "entity_key": ["x"], "entity_data": {"name": "y"}}]'
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("long"), body_limit=LIMIT) as opened:
        yield opened


@pytest.fixture
def opened(shared: Stage) -> Iterator[Stage]:
    shared.gateway.requests.clear()
    yield shared
    shared.gateway.spoiler, shared.gateway.canned = None, None
    until(lambda: shared.proxy.parts.room.taken == 0, "the room to be given back")


def long_body(size: int) -> bytes:
    return b'[{"action":"query","data":[]' + b" " * (size - 30) + b"}]"


class Endless:
    """Sends a head and then more and more of a body, until nobody takes it."""

    def __init__(self, piece: bytes, head: bytes = HEAD + b"Transfer-Encoding: chunked\r\n\r\n") -> None:
        self.sent, self.ended = 0, threading.Event()
        self._piece, self._head = b"%x\r\n%b\r\n" % (len(piece), piece), head
        self._pause = threading.Event()

    def __call__(self, _: Plain, connection: socket.socket) -> None:
        with suppress(OSError):
            connection.sendall(self._head)
            while not self._pause.wait(0.005 if len(self._piece) < 100 else 0):
                connection.sendall(self._piece)
                self.sent += len(self._piece)
        self.ended.set()


def asking(stage: Stage, body: bytes) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(urlsplit(stage.proxy.url).netloc, timeout=20)
    connection.request("POST", "/api", body, {**stage.headers, "Cache-Control": "no-cache"})
    return connection


@pytest.mark.parametrize("chunked", [True, False])
@pytest.mark.parametrize("size", [LIMIT - 1, LIMIT, LIMIT + 1, 20 * LIMIT])
def test_it_comes_whole_and_is_kept_only_within_the_limit(opened: Stage, size: int, chunked: bool) -> None:
    body = long_body(size)
    framing = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
    plain = b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
    opened.gateway.spoiler = lambda *_: HEAD + (framing if chunked else plain)
    status, headers, content = opened.post(STATUSES, Cache_Control="no-cache")
    assert (status, len(content)) == (200, len(body))
    assert ("stored" in headers["cache-status"]) is (size <= LIMIT)
    assert json.loads(content) == json.loads(body)
    opened.gateway.spoiler = None
    assert json.loads(opened.post(STATUSES, Cache_Control="no-cache")[2])[0]["data"]


def test_no_faster_than_the_client_reads(opened: Stage) -> None:
    endless = opened.gateway.spoiler = Endless(b" " * 2**16)
    with closing(asking(opened, STATUSES)) as connection:
        answer = connection.getresponse()
        assert answer.read(10)
        seen = 0

        def stands_still() -> bool:
            nonlocal seen
            before, seen = seen, endless.sent
            return seen == before > 0 and not endless.ended.wait(0.1)

        until(stands_still, "the answer to be held back", patience=60)
        # What is on its way lies in the buffers of three sockets and in ours.
        assert endless.sent < 128 * MEGABYTE
        answer.close()
    assert endless.ended.wait(60)


@pytest.mark.parametrize("piece", [b" ", b" " * 2**16], ids=["drip", "flood"])
@pytest.mark.parametrize("body", [STATUSES, STATUSES[:-1] + b"," + TYPES[1:]], ids=["read", "batch"])
def test_it_does_not_outlive_its_client(opened: Stage, body: bytes, piece: bytes) -> None:
    endless = opened.gateway.spoiler = Endless(piece)
    with closing(asking(opened, body)):
        until(lambda: endless.sent > 0, "the answer to begin")
    assert endless.ended.wait(20)


def test_one_that_breaks_off_breaks_off(opened: Stage) -> None:
    body = long_body(20 * LIMIT)
    opened.gateway.spoiler = lambda _, connection: connection.sendall(
        HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[: 10 * LIMIT]
    )
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        opened.post(STATUSES, Cache_Control="no-cache")


def test_each_who_asks_gets_it_whole(opened: Stage) -> None:
    body = long_body(3 * LIMIT)
    opened.gateway.spoiler = lambda *_: HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    answers: list[bytes] = []
    threads = [threading.Thread(target=lambda: answers.append(opened.post(TYPES)[2])) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert answers == [body] * 4


def test_a_long_part_makes_the_batch_pass_as_a_whole(opened: Stage) -> None:
    both = STATUSES[:-1] + b"," + TYPES[1:]
    body = long_body(3 * LIMIT)
    opened.gateway.spoils = lambda asked: b"Type" in asked and b"Status" not in asked
    opened.gateway.spoiler = lambda *_: HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    content = opened.post(both, Cache_Control="no-cache")[2]
    opened.gateway.spoils = lambda asked: True
    opened.gateway.spoiler = None
    assert content == opened.post(both, direct=True)[2]


def test_a_write_counts_before_the_last_bytes_of_its_answer(opened: Stage) -> None:
    body = long_body(3 * LIMIT)
    go_on = threading.Event()

    def slowly(_: Plain, connection: socket.socket) -> None:
        connection.sendall(HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body[: 2 * LIMIT])
        go_on.wait(20)
        connection.sendall(body[2 * LIMIT :])

    opened.gateway.spoiler = slowly
    log = opened.proxy.parts.journal.log
    with closing(asking(opened, WRITE)) as connection:
        answer = connection.getresponse()
        first = answer.read(LIMIT)
        begun = log.head
        go_on.set()
        assert first + answer.read() == body
    assert log.head > begun > 0


def test_an_old_client_sees_the_end_by_the_end_of_the_connection(opened: Stage) -> None:
    body = long_body(3 * LIMIT)
    opened.gateway.spoiler = lambda *_: HEAD + b"Content-Length: %d\r\n\r\n" % len(body) + body
    parts = urlsplit(opened.proxy.url)
    lines = [f"{name}: {value}" for name, value in opened.headers.items()]
    head = "\r\n".join(["POST /api HTTP/1.0", "Host: localhost", f"Content-Length: {len(STATUSES)}", *lines, "", ""])
    with closing(socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20)) as connection:
        connection.sendall(head.encode() + STATUSES.replace(b"name", b"sort"))
        received = b""
        while chunk := connection.recv(2**16):
            received += chunk
    assert received.partition(b"\r\n\r\n")[2] == body
