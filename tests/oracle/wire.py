"""Raw keep-alive connections: many reads at once, with as little work per read as possible."""

from __future__ import annotations

import re
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CACHE_STATUS = re.compile(rb"\r\ncache-status: *([^\r]*)", re.IGNORECASE)
_DETAIL = re.compile(r"detail=(\w+)")
# A batch of which some operations were hits.
_MIXED = re.compile(r'detail="\d+ hit')
_PATIENCE = 30.0


@dataclass(frozen=True)
class Heard:
    """A raw answer."""

    body: bytes
    cache_status: str

    @property
    def is_hit(self) -> bool:
        return "; hit" in self.cache_status

    @property
    def kind(self) -> str:
        """The kind of a hit; ``partial`` for an operation of which the remainder was fetched."""
        found = _DETAIL.search(self.cache_status)
        if self.is_hit:
            return found[1] if found else "several"
        return "partial" if "fwd=partial" in self.cache_status and not _MIXED.search(self.cache_status) else ""


def request(
    url: str, user: str, key: str, operations: Sequence[dict[str, Any]], *, denormalised: bool = False
) -> bytes:
    """The bytes of a POST /api."""
    body = orjson.dumps(operations)
    options = "ftrack-api-options: strict:1;denormalize:1\r\n" if denormalised else ""
    head = (
        f"POST /api HTTP/1.1\r\nHost: {urlsplit(url).netloc}\r\nContent-Type: application/json\r\n{options}"
        f"ftrack-user: {user}\r\nftrack-api-key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Line:
    """One connection; answers come in the order of the requests."""

    def __init__(self, url: str) -> None:
        address = urlsplit(url)
        self._socket = socket.create_connection((address.hostname, address.port), _PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""

    def close(self) -> None:
        self._socket.close()

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def receive(self) -> Heard:
        while (end := self._buffer.find(b"\r\n\r\n")) < 0:
            self._more()
        head, self._buffer = self._buffer[:end], self._buffer[end + 4 :]
        length = _LENGTH.search(head)
        if length is None:
            raise AssertionError(f"an answer without length: {head!r}")
        size = int(length[1])
        while len(self._buffer) < size:
            self._more()
        body, self._buffer = self._buffer[:size], self._buffer[size:]
        status = _CACHE_STATUS.search(head)
        return Heard(body, status[1].decode() if status else "")

    def _more(self) -> None:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the proxy hung up")
        self._buffer += data


class Switchboard:
    """Several connections; a group of requests is under way at the same time."""

    def __init__(self, url: str, count: int = 6) -> None:
        self._lines = [Line(url) for _ in range(count)]

    def close(self) -> None:
        for line in self._lines:
            line.close()

    def ask(self, requests: Sequence[bytes]) -> list[Heard]:
        """Send all requests and return their answers in the same order."""
        answers: list[Heard] = []
        for at in range(0, len(requests), len(self._lines)):
            group = list(zip(self._lines, requests[at : at + len(self._lines)], strict=False))
            for line, data in group:
                line.send(data)
            answers.extend(line.receive() for line, _ in group)
        return answers
