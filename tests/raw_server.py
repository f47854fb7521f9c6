"""A server of threads and plain sockets: it reads requests byte for byte, and whoever derives from it answers."""

from __future__ import annotations

import http.client
import socket
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TypeVar

S = TypeVar("S", bound="RawServer")


@dataclass(frozen=True)
class Request:
    """One request: its first line, its header lines in order, its body."""

    line: str
    headers: list[tuple[str, str]]
    body: bytes

    @property
    def target(self) -> str:
        return self.line.split(" ")[1]

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)


@dataclass
class RawServer:
    """Listens on a port of the system's choice inside its context. ``closed`` counts the connections that ended."""

    requests: list[Request] = field(default_factory=list, kw_only=True)
    closed: int = field(default=0, kw_only=True)

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.open_sockets: set[socket.socket] = set()

    def __enter__(self: S) -> S:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for connection in (self._listener, *list(self.open_sockets)):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def respond(self, request: Request, connection: socket.socket) -> bool:
        """Answer a request on its connection; returns whether that stays open."""
        raise NotImplementedError

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self.open_sockets.add(connection)
        with connection, connection.makefile("rb") as stream, suppress(OSError, ValueError, http.client.HTTPException):
            while (request := _read(stream)) is not None and self.respond(request, connection):
                pass
        self.open_sockets.discard(connection)
        self.closed += 1


def _read(stream: object) -> Request | None:
    readline, read = stream.readline, stream.read  # type: ignore[attr-defined]
    line = readline().decode("latin-1").rstrip("\r\n")
    if not line:
        return None
    headers = []
    while (header := readline().decode("latin-1").rstrip("\r\n")) != "":
        name, _, value = header.partition(":")
        headers.append((name, value.strip()))
    lowered = {name.lower(): value for name, value in headers}
    body = b""
    if "content-length" in lowered:
        body = read(int(lowered["content-length"]))
    elif lowered.get("transfer-encoding") == "chunked":
        while size := int(readline().strip(), 16):
            body += read(size)
            readline()
        readline()
    return Request(line, headers, body)
