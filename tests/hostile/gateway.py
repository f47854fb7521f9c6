"""Something between the proxy and the simulated ftrack that spoils answers, byte by byte as a test likes it."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import LocalProxy, settings_for
from tests.raw_server import RawServer, Request

Head = list[tuple[str, str]]


@dataclass(frozen=True)
class Plain:
    """An answer of ftrack's, not compressed."""

    status: int
    headers: Head
    body: bytes

    def raw(self, body: bytes | None = None, *lines: bytes, without: tuple[str, ...] = ()) -> bytes:
        """The answer as bytes, with another body, further header lines, and without some of its own."""
        body = self.body if body is None else body
        dropped = {"content-length", "transfer-encoding", "connection", *without}
        kept = [f"{name}: {value}".encode() for name, value in self.headers if name.lower() not in dropped]
        head = [b"HTTP/1.1 %d OK" % self.status, *kept, *lines, b"Content-Length: %d" % len(body)]
        return b"\r\n".join(head) + b"\r\n\r\n" + body


# Gets ftrack's answer and the connection to the proxy; returns the bytes to send, or none if it has sent them.
Spoiler = Callable[[Plain, socket.socket], bytes | None]


@dataclass
class Gateway(RawServer):
    """Passes everything on; answers to ``POST /api`` in which ``spoils(body)`` are sent as ``spoiler`` makes them.

    While there is a ``canned`` answer, ftrack is not asked.
    """

    target: str
    spoiler: Spoiler | None = None
    spoils: Callable[[bytes], bool] = lambda body: True
    canned: Plain | None = None

    def asked(self, text: str = "") -> list[Request]:
        """The requests to the API whose bodies contain a text."""
        return [request for request in self.requests if text.encode() in request.body]

    def respond(self, request: Request, connection: socket.socket) -> bool:
        if (request.header("Upgrade") or "").lower() == "websocket":
            self._tunnel(request, connection)
            return False
        answer = self.canned or self._ask(request)
        if not request.target.startswith("/api"):
            connection.sendall(answer.raw())
            return True
        self.requests.append(request)
        spoiler = self.spoiler if self.spoils(request.body) else None
        sent = answer.raw() if spoiler is None else spoiler(answer, connection)
        if sent is not None:
            connection.sendall(sent)
        return sent is not None

    def _ask(self, request: Request) -> Plain:
        with closing(http.client.HTTPConnection(urlsplit(self.target).netloc, timeout=20)) as ftrack:
            skipped = {"accept-encoding", "connection", "transfer-encoding", "content-length"}
            headers = {name: value for name, value in request.headers if name.lower() not in skipped}
            ftrack.request(request.line.split(" ")[0], request.target, request.body, headers)
            answer = ftrack.getresponse()
            return Plain(answer.status, answer.getheaders(), answer.read())

    def _tunnel(self, request: Request, connection: socket.socket) -> None:
        parts = urlsplit(self.target)
        with socket.create_connection((parts.hostname or "", parts.port or 0)) as ftrack:
            self.open_sockets.add(ftrack)
            head = [request.line, *(f"{name}: {value}" for name, value in request.headers), "", ""]
            ftrack.sendall("\r\n".join(head).encode("latin-1"))
            back = threading.Thread(target=_pipe, args=(ftrack, connection), daemon=True)
            back.start()
            _pipe(connection, ftrack)
            back.join()
            self.open_sockets.discard(ftrack)


def _pipe(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(2**16):
            target.sendall(data)
    for end in (source, target):
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)


@dataclass
class Stage:
    """A simulated ftrack, a gateway in front of it, and a proxy that has the gateway for ftrack."""

    server: FtrackServer
    gateway: Gateway
    proxy: LocalProxy

    @property
    def headers(self) -> dict[str, str]:
        user, key = self.server.credentials("ana")
        return {"ftrack-user": user, "ftrack-api-key": key, "Content-Type": "application/json"}

    def post(self, body: bytes, *, direct: bool = False, **headers: str) -> tuple[int, dict[str, str], bytes]:
        """Send a body to the proxy, or to the gateway; returns status, headers (lower case) and body as they came."""
        url = self.gateway.url if direct else self.proxy.url
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        with closing(http.client.HTTPConnection(urlsplit(url).netloc, timeout=20)) as connection:
            connection.request("POST", "/api", body, {**self.headers, **named})
            answer = connection.getresponse()
            return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


@contextmanager
def stage(folder: Path, **changes: object) -> Iterator[Stage]:
    """A stage whose proxy knows the schema and listens."""
    with FtrackServer(ProductionPlan(sequences=1, shots=2, tasks=2)) as server, Gateway(server.url) as gateway:
        user, key = server.credentials("ana")
        environment = {"FTRACK_API_USER": user, "FTRACK_API_KEY": key}
        with LocalProxy(settings_for(gateway.url, folder, **changes), environment) as proxy:
            proxy.wait_for_feed()
            opened = Stage(server, gateway, proxy)
            while (
                "hit"
                not in opened.post(b'[{"action": "query", "expression": "select id from Status"}]')[1]["cache-status"]
            ):
                pass
            yield opened
            server.clear_faults()
