"""A server that records requests byte for byte and answers with bytes that a test chose."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Handler = Callable[["Request", socket.socket], bool]


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
class Origin:
    """Answers by path; unknown paths get ``OK``. A handler writes to the socket and tells whether to keep it open."""

    requests: list[Request] = field(default_factory=list)
    closed: int = 0

    def __post_init__(self) -> None:
        self._handlers: dict[str, Handler] = {}
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._open: set[socket.socket] = set()

    def __enter__(self) -> Origin:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def answer(self, path: str, raw: bytes, *, keep: bool = True) -> None:
        """Answer ``path`` with these bytes."""

        def handle(_: Request, connection: socket.socket) -> bool:
            connection.sendall(raw)
            return keep

        self._handlers[path] = handle

    def handle(self, path: str, handler: Handler) -> None:
        """Answer ``path`` by a function."""
        self._handlers[path] = handler

    @contextmanager
    def held(self, path: str) -> Iterator[threading.Event]:
        """Keep requests for ``path`` waiting inside the context; the event is set when one has come."""
        reached, released = threading.Event(), threading.Event()

        def handle(_: Request, connection: socket.socket) -> bool:
            reached.set()
            released.wait(30)
            with suppress(OSError):
                connection.sendall(OK)
            return True

        self._handlers[path] = handle
        try:
            yield reached
        finally:
            released.set()

    def last(self, path: str) -> Request:
        """The newest request whose target starts with ``path``."""
        return next(request for request in reversed(self.requests) if request.target.startswith(path))

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        with connection, connection.makefile("rb") as stream, suppress(OSError, ValueError):
            while (request := _read(stream)) is not None:
                self.requests.append(request)
                handler = self._handlers.get(request.target.partition("?")[0])
                if handler is None:
                    connection.sendall(OK)
                elif not handler(request, connection):
                    break
        self._open.discard(connection)
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
