"""Targets with sockets: broken HTTP from a client, and broken HTTP from ftrack, through a running proxy."""

from __future__ import annotations

import http.client
import itertools
import json
import logging
import re
import socket
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from tests.fuzz.material import mangled
from tests.harness import LocalProxy, settings_for
from tests.raw_server import Request
from tests.test_web.origin import Origin

KEY = "5ecre7-k3y"
_BODY = b'[{"action":"query","expression":"select name from Task"}]'
_HEAD = (
    f"Host: localhost\r\nftrack-user: ana\r\nftrack-api-key: {KEY}\r\nCookie: {KEY}\r\n"
    "Content-Type: application/json\r\n"
).encode()
_REQUESTS = (
    b"POST /api HTTP/1.1\r\n" + _HEAD + b"Content-Length: %d\r\n\r\n" % len(_BODY) + _BODY,
    b"POST /api HTTP/1.1\r\n" + _HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
    + b"%x\r\n" % len(_BODY) + _BODY + b"\r\n0\r\n\r\n",
    b"GET /component/get?id=1&apiKey=" + KEY.encode() + b" HTTP/1.1\r\n" + _HEAD + b"\r\n",
    b"GET /-/status HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /socket.io/1/websocket/abc HTTP/1.1\r\n" + _HEAD + b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
)  # fmt: skip
_PATIENCE = 5.0
# What tells whose answer it is, and where it stands in one: no broken piece of the second looks like the first.
_NUMBER = re.compile(rb"n\d{8}n")
_PLACE = b"@@@@@@@@@@"


def request_bytes(chance: Random) -> bytes:
    """One or two requests as bytes, mostly broken."""
    whole = b"".join(chance.choices(_REQUESTS, k=chance.randrange(1, 3)))
    return mangled(whole, chance) if chance.random() < 0.9 else whole


class _Heard(logging.Handler):
    """All that is logged while it listens, with what belongs to it."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)

    def complaints(self) -> list[str]:
        """What must not be there: an error, or a client's own words."""
        texts = [logging.Formatter("%(name)s %(levelname)s %(message)s").format(record) for record in self.records]
        pairs = zip(self.records, texts, strict=True)
        found = [text for record, text in pairs if record.levelno >= logging.ERROR or KEY in text]
        self.records.clear()
        return found


@contextmanager
def _proxied(answer: Callable[[Request, socket.socket], bool]) -> Iterator[tuple[LocalProxy, _Heard]]:
    """A running proxy before a server that answers the API by a function of the test's."""
    heard, loggers = _Heard(), [logging.getLogger(name) for name in ("aiohttp", "asyncio", "ftrack_proxy")]
    with tempfile.TemporaryDirectory() as folder, Origin() as origin:
        origin.handle("/api", answer)
        with LocalProxy(settings_for(origin.url, Path(folder))) as proxy:
            for logger in loggers:
                logger.addHandler(heard)
            try:
                yield proxy, heard
            finally:
                for logger in loggers:
                    logger.removeHandler(heard)


def _answered(content: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(content) + content


@contextmanager
def client_side() -> Iterator[Callable[[bytes], None]]:
    """Whatever a client sends, the proxy goes on, blames nobody else, and says nothing of it in the log."""

    def serve(request: Request, connection: socket.socket) -> bool:
        with suppress(OSError):
            connection.sendall(_answered(b'[{"action":"query","data":[],"metadata":{}}]'))
        return True

    with _proxied(serve) as (proxy, heard):
        parts = urlsplit(proxy.url)
        address = (parts.hostname or "", parts.port or 0)

        def check(sent: bytes) -> None:
            received = b""
            with socket.create_connection(address, timeout=_PATIENCE) as connection, suppress(ConnectionError):
                connection.sendall(sent)
                connection.shutdown(socket.SHUT_WR)
                while chunk := connection.recv(65_536):
                    received += chunk
            statuses = [int(found) for found in re.findall(rb"^HTTP/1\.[01] (\d{3})", received, re.MULTILINE)]
            assert 500 not in statuses, received[:500]
            assert KEY.encode() not in received
            with socket.create_connection(address, timeout=_PATIENCE) as connection:
                connection.sendall(b"GET /-/health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                assert connection.recv(20).startswith(b"HTTP/1.1 200")
            complaints = heard.complaints()
            assert not complaints, complaints

        yield check


@contextmanager
def server_side() -> Iterator[Callable[[bytes], None]]:
    """Whatever ftrack answers, nobody is given the answer to another's question, and nothing is the proxy's fault."""
    numbers = itertools.count(10_000_000)
    answers: list[bytes] = []

    def serve(request: Request, connection: socket.socket) -> bool:
        asked = _NUMBER.search(request.body)
        number = asked[0] if asked else b"nobody's.."
        whole = answers[-1] if answers else _usual
        with suppress(OSError):
            connection.sendall(whole.replace(_PLACE, number))
        return not answers

    with _proxied(serve) as (proxy, heard):
        parts = urlsplit(proxy.url)

        def ask() -> tuple[int, bytes, bytes]:
            number = f"n{next(numbers)}n".encode()
            body = json.dumps(
                [{"action": "query", "expression": f'select name from Task where name is "{number.decode()}"'}]
            )
            connection = http.client.HTTPConnection(parts.netloc, timeout=_PATIENCE)
            try:
                connection.request("POST", "/api", body, {"ftrack-user": "ana", "ftrack-api-key": KEY})
                answer = connection.getresponse()
                return answer.status, answer.read(), number
            except (http.client.HTTPException, ConnectionError):
                return 0, b"", number
            finally:
                connection.close()

        def check(whole: bytes) -> None:
            answers.append(whole)
            outcomes = [ask(), ask()]
            answers.clear()
            outcomes.append(ask())
            for status, content, number in outcomes:
                assert b'"proxy_error"' not in content, content[:500]
                others = set(_NUMBER.findall(content)) - {number}
                assert not others, (status, number, content[:500])
            # The last one was answered as it should be: it gets what it asked for.
            assert outcomes[-1][2] in outcomes[-1][1], outcomes[-1]
            complaints = heard.complaints()
            assert not complaints, complaints

        yield check


_usual = _answered(b'[{"action":"query","data":[{"__entity_type__":"Task","id":"%b"}],"metadata":{}}]' % _PLACE)
_chunked = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\nSet-Cookie: a=b\r\n\r\n"
    b"2f\r\n" + b'[{"action":"query","data":[{"id":"%b"}]' % _PLACE + b"\r\n3\r\n}]\n\r\n0\r\n\r\n"
)


def response_bytes(chance: Random) -> bytes:
    """One or two answers as bytes, mostly broken."""
    whole = b"".join(chance.choices((_usual, _chunked), k=chance.randrange(1, 3)))
    return mangled(whole, chance) if chance.random() < 0.9 else whole
