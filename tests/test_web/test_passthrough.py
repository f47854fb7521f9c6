"""Everything that is not the API: byte for byte, streamed, once."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.harness import LocalProxy, ProxyCommand, settings_for, until
from tests.raw_server import Request
from tests.test_web.origin import OK, Origin

pytestmark = pytest.mark.required("G7.3")

MEGABYTE = 2**20


def raw(url: str, request: bytes) -> bytes:
    """Send bytes and return all that comes back until the connection is closed."""
    parts = urlsplit(url)
    with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=20) as connection:
        connection.sendall(request)
        received = b""
        while chunk := connection.recv(65536):
            received += chunk
        return received


def get(url: str, target: str, *lines: str, method: str = "GET") -> bytes:
    head = "\r\n".join((f"{method} {target} HTTP/1.1", "Host: localhost", "Connection: close", *lines))
    return raw(url, f"{head}\r\n\r\n".encode("latin-1"))


def headers_of(answer: bytes) -> list[tuple[str, str]]:
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1")
    return [(n, v.strip()) for n, _, v in (line.partition(":") for line in head.split("\r\n")[1:])]


@pytest.mark.parametrize(
    "target",
    [
        "/", "/a%2Fb", "//double//slash", "/component/get?id=1&username=a%40b&apiKey=x%20y", "/p?a=b?c&d=%",
        "/%e2%82%ac?%E2%82%AC", "/a+b?c+d", "/.%2e/x", "/a;b=c?d;e", "/api/other",
    ],
)  # fmt: skip
def test_targets_go_through_byte_for_byte(origin: Origin, proxy: LocalProxy, target: str) -> None:
    assert get(proxy.url, target).endswith(b"ok")
    assert origin.requests[-1].target == target


def test_request_headers(origin: Origin, proxy: LocalProxy) -> None:
    lines = ("X-Twice: one", "X-Twice: two", "TE: trailers", "Keep-Alive: 5", "X-Named: no", "Cookie: a=b")
    raw(
        proxy.url,
        (
            "GET /x HTTP/1.1\r\nHost: localhost\r\nConnection: close, X-Named\r\n" + "\r\n".join(lines) + "\r\n\r\n"
        ).encode(),
    )
    sent = origin.requests[-1]
    assert [value for name, value in sent.headers if name.lower() == "x-twice"] == ["one", "two"]
    assert sent.header("Host") == urlsplit(origin.url).netloc
    assert sent.header("Cookie") == "a=b"
    for dropped in ("TE", "Keep-Alive", "X-Named", "Accept-Encoding", "User-Agent"):
        assert sent.header(dropped) is None


def test_answer_headers(origin: Origin, proxy: LocalProxy) -> None:
    origin.answer(
        "/x",
        b"HTTP/1.1 302 Over There\r\nLocation: http://elsewhere.test/y?z\r\nSet-Cookie: a=1; Path=/\r\n"
        b"Set-Cookie: b=2; Domain=ftrack.test; Secure\r\nConnection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 9\r\n"
        b"Cache-Status: cdn; hit\r\nVia: 1.1 a\r\nLink: </1>\r\nCache-Status: edge; fwd=miss, other; hit\r\n"
        b'Via: 1.1 b\r\nLink: </2>\r\nVary: a\r\nVary: b\r\nETag: "e"\r\nContent-Length: 0\r\n\r\n',
    )
    answer = get(proxy.url, "/x")
    assert answer.startswith(b"HTTP/1.1 302 Over There\r\n")
    headers = headers_of(answer)
    assert ("Location", "http://elsewhere.test/y?z") in headers
    assert [v for n, v in headers if n == "Set-Cookie"] == ["a=1; Path=/", "b=2; Domain=ftrack.test; Secure"]
    for repeated in (("Via", ["1.1 a", "1.1 b"]), ("Link", ["</1>", "</2>"]), ("Vary", ["a", "b"])):
        assert [value for name, value in headers if name == repeated[0]] == repeated[1]
    assert [value for name, value in headers if name == "Cache-Status"] == [
        "cdn; hit, edge; fwd=miss, other; hit, ftrack-proxy; fwd=bypass"
    ]
    assert not {"X-Hop", "Keep-Alive"} & {name for name, _ in headers}
    get(proxy.url, "/next")
    assert origin.requests[-1].header("Cookie") is None


@pytest.mark.parametrize("status", ["204 No Content", "304 Not Modified"])
def test_answers_without_a_body(origin: Origin, proxy: LocalProxy, status: str) -> None:
    origin.answer("/x", f"HTTP/1.1 {status}\r\nETag: x\r\n\r\n".encode())
    answer = get(proxy.url, "/x")
    assert answer.startswith(f"HTTP/1.1 {status}\r\n".encode())
    assert answer.endswith(b"\r\n\r\n")


def test_head_and_ranges(origin: Origin, proxy: LocalProxy) -> None:
    origin.answer("/x", b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    assert ("Content-Length", "1000") in headers_of(get(proxy.url, "/x", method="HEAD"))
    origin.answer("/y", b"HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 2-3/9\r\nContent-Length: 2\r\n\r\ncd")
    answer = get(proxy.url, "/y", "Range: bytes=2-3")
    assert answer.startswith(b"HTTP/1.1 206")
    assert answer.endswith(b"cd")
    assert origin.requests[-1].header("Range") == "bytes=2-3"


@pytest.mark.parametrize("method", ["PUT", "POST", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_any_method_with_a_body(origin: Origin, proxy: LocalProxy, method: str) -> None:
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.request(method, "/x", b"payload", {"Content-Type": "x/y", "Expect": "100-continue"})
        assert connection.getresponse().read() == b"ok"
        assert origin.requests[-1].body == b"payload"
        assert origin.requests[-1].header("Content-Length") == "7"
        connection.request(
            method, "/x", iter([b"pay", b"load"]), encode_chunked=True, headers={"Transfer-Encoding": "chunked"}
        )
        assert connection.getresponse().read() == b"ok"
    assert origin.requests[-1].body == b"payload"
    assert origin.requests[-1].line.startswith(method)


def test_compressed_answers_stay_as_they_are(origin: Origin, proxy: LocalProxy) -> None:
    body = gzip.compress(b"x" * 1000)
    origin.answer("/x", b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
    answer = get(proxy.url, "/x", "Accept-Encoding: gzip")
    assert answer.endswith(body)
    assert ("Content-Encoding", "gzip") in headers_of(answer)


def test_chunked_answers(origin: Origin, proxy: LocalProxy) -> None:
    origin.answer("/x", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.request("GET", "/x")
        assert connection.getresponse().read() == b"abcde"


@pytest.mark.parametrize("wish", ["", "Connection: keep-alive\r\n"])
def test_chunked_answers_for_a_client_that_does_not_know_chunks(origin: Origin, proxy: LocalProxy, wish: str) -> None:
    origin.answer("/x", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n")
    with socket.create_connection(("127.0.0.1", proxy.parts.port)) as connection:
        connection.sendall(f"GET /x HTTP/1.0\r\n{wish}\r\n".encode())
        head, _, body = connection.makefile("rb").read().partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.0 200")
    assert b"transfer-encoding" not in head.lower()
    assert body == b"abc"


@pytest.mark.parametrize("head", [b"Content-Length: 1000", b"Transfer-Encoding: chunked"])
def test_an_answer_cut_short_is_cut_short_for_the_client(origin: Origin, proxy: LocalProxy, head: bytes) -> None:
    body = b"3\r\nabc\r\n" if b"chunked" in head else b"abc"
    origin.answer("/x", b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n" + body, keep=False)
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.request("GET", "/x")
        with pytest.raises((http.client.HTTPException, ConnectionError)):
            connection.getresponse().read()


def test_a_client_that_leaves_ends_its_download(origin: Origin, proxy: LocalProxy) -> None:
    broken = threading.Event()

    def endless(_: Request, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n")
        try:
            while True:
                connection.sendall(b"x" * 65536)
        except OSError:
            broken.set()
        return False

    origin.handle("/x", endless)
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.request("GET", "/x")
        connection.getresponse().read(100_000)
    until(broken.is_set, "the origin to be let go")


@pytest.mark.parametrize(
    ("method", "target", "writes"),
    [
        ("GET", "/component/get?id=1", False),
        ("GET", "/component/remove?id=1", True),
        ("GET", "//component/remove?id=1", True),
        ("GET", "/component//remove?id=1", True),
        ("GET", "/x/../component/./%72emove?id=1", True),
        ("HEAD", "/component/remove?id=1", True),
        ("OPTIONS", "/component/remove?id=1", False),
        ("POST", "/client/", True),
        ("PUT", "/upload/x", True),
        ("DELETE", "/x", True),
        ("OPTIONS", "/x", False),
        ("POST", "/socket.io/1/xhr-polling/1", False),
    ],
)
def test_what_may_write_counts_as_a_change_of_anything(
    proxy: LocalProxy, method: str, target: str, writes: bool
) -> None:
    get(proxy.url, target, "Content-Length: 0", method=method)
    status = proxy.status()
    assert status["requests"]["writes"] == writes
    assert bool(status["feed"]["changes"]) == writes


@pytest.mark.parametrize("target", ["/component/remove?id=1", "/api"])
def test_a_write_is_never_sent_twice(origin: Origin, proxy: LocalProxy, target: str) -> None:
    """Also if the connection, kept from an earlier request, breaks at that moment."""
    origin.handle(target.partition("?")[0], lambda _request, _connection: False)
    headers = {"ftrack-user": "ana", "ftrack-api-key": "k"}
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.request("GET", "/warm")
        connection.getresponse().read()
        if target == "/api":
            connection.request(
                "POST", target, b'[{"action": "create", "entity_type": "Task", "entity_data": {}}]', headers
            )
        else:
            connection.request("GET", target)
        answer = connection.getresponse()
        assert answer.status == 504
        assert json.loads(answer.read())["exception"] == "WriteOutcomeUnknownError"
    assert sum(request.target == target for request in origin.requests) == 1


def test_upstream_away(origin: Origin, tmp_path: Path) -> None:
    with LocalProxy(settings_for("http://127.0.0.1:1", tmp_path)) as proxy:
        answer = get(proxy.url, "/component/get?id=1&username=ana&apiKey=topsecret")
        assert answer.startswith(b"HTTP/1.1 502")
        content = json.loads(answer.partition(b"\r\n\r\n")[2])
        assert set(content) == {"exception", "content", "error_code"}
        assert "topsecret" not in str(content)
        assert "Cache-Status" not in dict(headers_of(answer))


def peak_megabytes(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is read from /proc")
def test_large_files_take_no_memory(origin: Origin, tmp_path: Path) -> None:
    size = 300 * MEGABYTE

    def generate(_: Request, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size)
        for _number in range(300):
            connection.sendall(bytes(MEGABYTE))
        return True

    origin.handle("/big", generate)
    with ProxyCommand(origin.url, tmp_path) as proxy:
        before = peak_megabytes(proxy.process.pid)
        with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
            connection.request("GET", "/big")
            answer = connection.getresponse()
            received = 0
            while chunk := answer.read(MEGABYTE):
                received += len(chunk)
            assert received == size
        assert peak_megabytes(proxy.process.pid) - before < 60


def test_api_bodies_of_any_size(origin: Origin, proxy: LocalProxy) -> None:
    body: list[dict[str, Any]] = [
        {"action": "create", "entity_type": "Task", "entity_data": {"name": "x" * 20 * MEGABYTE}}
    ]
    headers = {"ftrack-user": "ana", "ftrack-api-key": "k"}
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.request("POST", "/api", json.dumps(body), headers)
        assert connection.getresponse().read() == b"ok"
    assert json.loads(origin.last("/api").body) == body


def test_unused_answer_is_plain(origin: Origin) -> None:
    assert OK.endswith(b"ok")
    assert origin.requests == []
