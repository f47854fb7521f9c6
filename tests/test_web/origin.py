"""A server that records requests byte for byte and answers with bytes that a test chose."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from tests.raw_server import RawServer, Request

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
Handler = Callable[[Request, socket.socket], bool]


@dataclass
class Origin(RawServer):
    """Answers by path; unknown paths get ``OK``. A handler writes to the socket and tells whether to keep it open."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._handlers: dict[str, Handler] = {}

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

    def respond(self, request: Request, connection: socket.socket) -> bool:
        self.requests.append(request)
        handler = self._handlers.get(request.target.partition("?")[0])
        if handler is None:
            connection.sendall(OK)
            return True
        return handler(request, connection)
