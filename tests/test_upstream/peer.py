"""A peer on a real socket whose every byte and pause a test decides."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from yarl import URL

from ftrack_proxy.upstream.client import UpstreamClient
from ftrack_proxy.upstream.pool import UpstreamTimeouts

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
STRAY = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"
Conversation = Callable[["Line"], Awaitable[None]]


@dataclass
class Line:
    """One accepted connection; ``number`` counts them from 0."""

    number: int
    peer: Peer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    async def request(self) -> bytes:
        """Take the next request, which is one with a length; returns its body, ends the connection if none comes."""
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: *(\d+)", head)
        body = await self.reader.readexactly(int(length[1])) if length else b""
        self.peer.requests.append((self.number, body))
        return body

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def serve(self) -> None:
        """Answer every request as it should be: with its own body."""
        while True:
            self.echo(await self.request())

    def echo(self, body: bytes) -> None:
        self.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))

    async def closed(self) -> None:
        """Wait until the other side has closed."""
        with suppress(ConnectionError):
            while await self.reader.read(2**16):
                pass


@dataclass
class Peer:
    """``requests``: on which connection each came, and its body."""

    url: str = ""
    requests: list[tuple[int, bytes]] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)


@asynccontextmanager
async def peer(*conversations: Conversation, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    """Talk on each connection as told; on those beyond the last as a good server does."""
    there, tasks = Peer(), set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())
        line = Line(len(there.lines), there, reader, writer)
        there.lines.append(line)
        with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            await (conversations[line.number] if line.number < len(conversations) else Line.serve)(line)
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield there
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def client_of(url: str, **timeouts: float) -> AsyncIterator[UpstreamClient]:
    client = UpstreamClient(URL(url), "test", UpstreamTimeouts(**timeouts))
    try:
        yield client
    finally:
        await client.close()


async def until(condition: Callable[[], object]) -> None:
    """Wait for a condition to hold."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110
            await asyncio.sleep(0.005)
