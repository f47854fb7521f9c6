"""Keys in every place of odd and malformed requests, and of odd answers: none gets into log, errors or status."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.harness import PATIENCE, LocalProxy, ProxyCommand, settings_for, until
from tests.raw_server import Request
from tests.test_web.origin import OK, Handler, Origin

pytestmark = pytest.mark.required("G6.4")

SECRET = "f00dfacef00dface"
KEY = SECRET.encode()
HOST = b"Host: localhost\r\n"
_OPERATION = b'[{"action": "query", "expression": "select name from Task where name is \\"%s\\""}]'


def post(body: bytes, headers: bytes = b"") -> bytes:
    return b"POST /api HTTP/1.1\r\n%s%sContent-Length: %d\r\n\r\n%s" % (HOST, headers, len(body), body)


CREDENTIALS = b"ftrack-user: ana\r\nftrack-api-key: %s\r\n" % KEY
ODD = {
    "method": b"%s / HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "method of odd letters": b"\x00%s / HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "path": b"GET /%s HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "path of ours": b"GET /-/%s HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "path of ours, written to": b"POST /-/status/%s HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "query": b"GET /component/get?apiKey=%s HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "no path": b"GET %s HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "asterisk": b"OPTIONS * HTTP/1.1\r\nX: %s\r\n" % KEY + HOST + b"\r\n",
    "authority": b"CONNECT %s:443 HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "absolute": b"GET http://%s@localhost:x/ HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "absolute, bad port": b"GET http://localhost:%s/ HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "bad escape": b"GET /%%%%zz%s%%ff HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "version": b"GET / HTTP/%s\r\n" % KEY + HOST + b"\r\n",
    "one word": b"%s\r\n\r\n" % KEY,
    "TLS": b"\x16\x03\x01" + KEY + b"\r\n\r\n",
    "host": b"GET / HTTP/1.1\r\nHost: %s.evil.example\r\n\r\n" % KEY,
    "no host": b"GET / HTTP/1.1\r\nX: %s\r\n\r\n" % KEY,
    "two hosts": b"GET / HTTP/1.1\r\nHost: a\r\nHost: %s\r\n\r\n" % KEY,
    "header without colon": b"GET / HTTP/1.1\r\n" + HOST + b"ftrack-api-key %s\r\n\r\n" % KEY,
    "header name": b"GET / HTTP/1.1\r\n" + HOST + b"bad name %s: x\r\n\r\n" % KEY,
    "header value": b"GET / HTTP/1.1\r\n" + HOST + b"ftrack-api-key: \x00%s\r\n\r\n" % KEY,
    "folded header": b"GET / HTTP/1.1\r\n" + HOST + b"X: y\r\n %s\r\n\r\n" % KEY,
    "long header": b"GET / HTTP/1.1\r\n" + HOST + b"X: " + KEY * 10_000 + b"\r\n\r\n",
    "long line": b"GET /" + KEY * 10_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "many headers": b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X%d: %s\r\n" % (n, KEY) for n in range(2_000)) + b"\r\n",
    "expectation": b"POST /api HTTP/1.1\r\n" + HOST + b"Expect: %s\r\nContent-Length: 0\r\n\r\n" % KEY,
    "length": b"POST /api HTTP/1.1\r\n" + HOST + b"Content-Length: %s\r\n\r\n" % KEY,
    "two lengths": b"POST /api HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: %s\r\n\r\n" % KEY,
    "transfer coding": b"POST /api HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: %s\r\n\r\n" % KEY,
    "chunk": b"POST /api HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n%s\r\n" % (KEY + b"zz"),
    "chunk passed through": b"PUT /x HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n1;%s\r\nxyz" % KEY,
    "coding": post(KEY, b"Content-Encoding: %s\r\n" % KEY),
    "compressed": post(KEY, b"Content-Encoding: gzip\r\n"),
    "charset": post(KEY, b"Content-Type: application/json; charset=%s\r\n" % KEY),
    "body": post(KEY, CREDENTIALS),
    "body of an object": post(b'{"action": "%s"}' % KEY, CREDENTIALS),
    "action": post(b'[{"action": "%s"}]' % KEY, CREDENTIALS),
    "entity type": post(b'[{"action": "create", "entity_type": "%s", "entity_data": {}}]' % KEY, CREDENTIALS),
    "literal": post(_OPERATION % KEY, CREDENTIALS),
    "expression": post(b'[{"action": "query", "expression": "%s (("}]' % KEY, CREDENTIALS),
    "projection": post(b'[{"action": "query", "expression": "select %s from Task"}]' % KEY, CREDENTIALS),
    "options": post(_OPERATION % b"x", CREDENTIALS + b"ftrack-api-options: %s\r\n" % KEY),
    "wishes": post(_OPERATION % b"x", CREDENTIALS + b"Cache-Control: max-age=%s\r\n" % KEY),
    "cookie": post(_OPERATION % b"x", CREDENTIALS + b"Cookie: %s;=;\x7f=%s\r\n" % (KEY, KEY)),
    "authorization": post(_OPERATION % b"x", CREDENTIALS + b"Authorization: %s\r\n" % KEY),
    "range": b"GET /x HTTP/1.1\r\n" + HOST + b"Range: %s\r\nIf-Modified-Since: %s\r\n\r\n" % (KEY, KEY),
    "explain": b"GET /-/explain?expression=%s HTTP/1.1\r\n" % KEY + HOST + b"\r\n",
    "websocket": b"GET /socket.io/1/websocket/%s?api_key=%s HTTP/1.1\r\n" % (KEY, KEY)
    + HOST
    + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: %s\r\n\r\n" % KEY,
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + KEY,
    "old version": b"GET /gone?%s HTTP/1.0\r\n\r\n" % KEY,
    "half": b"POST /api HTTP/1.1\r\n" + HOST + CREDENTIALS + b"Content-Length: 100\r\n\r\n" + KEY,
}


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    """An upstream whose answers are odd and quote the key, wherever it can."""
    with Origin() as running:
        running.answer("/x", b"HTTP/1.1 200 OK\r\nbad %s: x\r\nContent-Length: 2\r\n\r\nok" % KEY, keep=False)
        running.answer("/gone", b"", keep=False)
        running.handle("/api", _odd_answers())
        yield running


def _odd_answers() -> Handler:
    answers = [
        OK,
        b"HTTP/1.1 200 OK\r\nSet-Cookie: %s(=;;==%s\r\nContent-Length: 2\r\n\r\n[]" % (KEY, KEY),
        b"HTTP/1.1 %s %s\r\nContent-Length: 2\r\n\r\n[]" % (KEY, KEY),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: %s\r\nContent-Length: 2\r\n\r\n[]" % KEY,
        b"HTTP/1.1 200 OK\r\nContent-Length: %s\r\n\r\n[]" % KEY,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%szz\r\n" % KEY,
        b"%s\r\n\r\n" % KEY,
    ]
    lock, turn = threading.Lock(), [0]

    def handle(_: Request, connection: socket.socket) -> bool:
        with lock:
            answer = answers[turn[0] % len(answers)]
            turn[0] += 1
        connection.sendall(answer)
        return answer is OK

    return handle


def exchange(port: int, raw: bytes) -> bytes:
    """Send bytes and return what comes until the connection ends or an answer is there."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as connection:
        with suppress(OSError):
            connection.sendall(raw)
            if raw == ODD["half"]:
                connection.shutdown(socket.SHUT_WR)
        answer = b""
        with suppress(OSError):
            while chunk := connection.recv(65_536):
                answer += chunk
                head, found, body = answer.partition(b"\r\n\r\n")
                if found and len(body) >= int(dict(_headers(head)).get(b"content-length", b"0")):
                    break
        return answer


def _headers(head: bytes) -> Iterator[tuple[bytes, bytes]]:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        yield name.lower(), value.strip()


@pytest.fixture(scope="module")
def proxy(origin: Origin, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalProxy]:
    with LocalProxy(settings_for(origin.url, tmp_path_factory.mktemp("odd"))) as running:
        yield running


@pytest.mark.parametrize("name", ODD)
def test_in_process(
    name: str, proxy: LocalProxy, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    for _ in range(3):
        head, _, body = exchange(proxy.parts.port, ODD[name]).partition(b"\r\n\r\n")
        status = head[9:12]
        assert (status != b"") == (name != "half")
        assert status != b"500"
        if status != b"200":
            assert KEY not in head + body
            assert body == b"" or set(json.loads(body)) == {"exception", "content", "error_code"}
    assert SECRET not in json.dumps(proxy.status())
    ours = [r for r in caplog.records if r.name.startswith(("ftrack_proxy", "aiohttp", "asyncio", "py."))]
    assert SECRET not in "".join(f"{r.getMessage()}{r.exc_info}" for r in ours)
    assert SECRET not in "".join(capfd.readouterr())


@pytest.mark.parametrize("form", ["console", "json"])
def test_as_a_process_at_debug_level(form: str, origin: Origin, tmp_path: Path) -> None:
    with ProxyCommand(origin.url, tmp_path, "--log-level", "debug", "--log-format", form, PYTHONASYNCIODEBUG="1") as it:
        port = int(it.url.rpartition(":")[2])
        for raw in ODD.values():
            exchange(port, raw)
        assert SECRET not in json.dumps(it.status())
        assert it.stop() == 0
    assert SECRET not in "\n".join(it.log)
    assert not any("Traceback" in line for line in it.log)
    if form == "json":
        assert all({"time", "level", "logger", "message"} <= set(json.loads(line)) for line in it.log)
    until(lambda: any("malformed request was refused" in line for line in it.log), "the log to tell of it")


def test_the_event_loop_of_the_proxy_shows_nothing(proxy: LocalProxy, caplog: pytest.LogCaptureFixture) -> None:
    context = {"message": SECRET, "exception": ValueError(SECRET), "protocol": SECRET}
    proxy.inside(lambda: asyncio.get_running_loop().call_exception_handler(context))
    assert "the event loop met a fault: ValueError" in caplog.text
    assert SECRET not in caplog.text
