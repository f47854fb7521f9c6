"""Clients that occupy connections, descriptors and time, beside others who must not notice."""

from __future__ import annotations

import asyncio
import errno
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from ftrack_proxy.request.call import Progress
from ftrack_proxy.web import client_timeouts
from ftrack_proxy.web import listener as listening
from ftrack_proxy.web.connection import Connection
from ftrack_proxy.web.listener import Listener
from ftrack_proxy.web.stopping import Deadline
from tests.harness import PATIENCE

pytestmark = pytest.mark.required("S4")

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SECRET = "f00dfacef00dface"


@dataclass
class Client:
    """A connection that a test writes to byte by byte."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def send(self, raw: bytes) -> None:
        self.writer.write(raw)

    async def answer(self) -> tuple[int, bytes]:
        """The next answer's status and body."""
        async with asyncio.timeout(PATIENCE):
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            length = next(line for line in head.splitlines() if line.lower().startswith("content-length:"))
            return int(head.split(" ")[1]), await self.reader.readexactly(int(length.partition(":")[2]))

    async def ended(self) -> bytes:
        """What comes until the connection is closed."""
        async with asyncio.timeout(PATIENCE):
            try:
                return await self.reader.read()
            except ConnectionError:
                return b""


@dataclass
class Stage:
    """A listener whose handler answers ``ok``, after the gate for requests to ``/held``."""

    listener: Listener
    port: int
    gate: asyncio.Event
    clients: list[Client] = field(default_factory=list)

    async def client(self, first: bytes = b"") -> Client:
        client = Client(*await asyncio.open_connection("127.0.0.1", self.port))
        self.clients.append(client)
        client.send(first)
        return client

    async def used(self) -> Client:
        client = await self.client(GET)
        assert (await client.answer())[0] == 200
        return client

    @property
    def connections(self) -> list[Connection]:
        return list(self.listener._server.live)


async def until(condition: Callable[[], Any], what: str) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.002)
    assert condition(), what


@asynccontextmanager
async def stage(limit: int = 100, handler: Callable[..., Awaitable[Any]] | None = None) -> AsyncIterator[Stage]:
    gate = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/write":
            assert isinstance(request.protocol, Connection)
            request.protocol.watch(Progress(writing=True))
        if request.path in ("/held", "/write"):
            await gate.wait()
        return web.Response(body=b"%d" % len(await request.read()))

    running = Listener(handler or answer, limit=limit, descriptors=256, auto_decompress=False)
    staged = Stage(running, await running.start("127.0.0.1", 0), gate)
    try:
        yield staged
    finally:
        gate.set()
        await running.stop(Deadline(0.5))
        for client in staged.clients:
            client.writer.close()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_SWEEP_EVERY", 0.01)
    for name in ("HEAD", "UNUSED", "BODY_PAUSE"):
        monkeypatch.setattr(client_timeouts, name, 0.1)


async def test_idle_connections_make_room_the_oldest_first() -> None:
    async with stage(limit=3) as it:
        oldest, second, third = [await it.used() for _ in range(3)]
        newcomer = await it.used()
        assert await oldest.ended() == b""
        for client in (second, third, newcomer):
            client.send(GET)
            assert (await client.answer())[0] == 200
        assert it.listener.describe() == {"open": 3, "limit": 3, "closed": {"idle, to make room": 1}}
        assert "3 clients were connected" in str(it.listener.trouble)


async def test_who_never_asked_goes_before_who_did(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client_timeouts, "YOUNG", 0.0)
    async with stage(limit=3) as it:
        first = await it.used()
        unused = await it.client()
        await until(lambda: len(it.connections) == 2, "both to be in")
        last = await it.used()
        newcomer = await it.used()
        assert await unused.ended() == b""
        for client in (first, last, newcomer):
            client.send(GET)
            assert (await client.answer())[0] == 200


async def test_who_has_just_come_goes_last() -> None:
    async with stage(limit=2) as it:
        used, young = await it.used(), await it.client()
        await until(lambda: len(it.connections) == 2, "both to be in")
        await it.used()
        assert await used.ended() == b""
        young.send(GET)
        assert (await young.answer())[0] == 200


async def test_a_flood_of_silent_connections_is_no_obstacle(caplog: pytest.LogCaptureFixture) -> None:
    async with stage(limit=20) as it:
        flood = [await it.client() for _ in range(200)]
        assert len(flood) == 200
        for _ in range(5):
            await it.used()
        assert it.listener.connections <= 20
    assert len([line for line in caplog.text.splitlines() if "clients were connected" in line]) == 1


async def test_requests_in_progress_are_not_closed_and_who_comes_next_waits() -> None:
    async with stage(limit=2) as it:
        held = [await it.client(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n") for _ in range(2)]
        await until(lambda: sum(not each.is_waiting for each in it.connections) == 2, "both to be at work")
        newcomer = await it.client(GET)
        it.gate.set()
        for client in (*held, newcomer):
            assert await client.answer() == (200, b"0")


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize(
    ("half", "reason"),
    [
        (b"GET / HT", "half a head"),
        (b"POST / HTTP/1.1\r\nftrack-user: ana\r\n", "half a head"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nabc", "half a body"),
        (b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", "half a body"),
    ],
)
async def test_half_a_request_is_waited_for_and_then_closed(half: bytes, reason: str) -> None:
    async with stage() as it:
        kept = await it.used()
        client = await it.client(half)
        status, body = await client.answer()
        assert (status, set(json.loads(body))) == (408, {"exception", "content", "error_code"})
        assert await client.ended() == b""
        assert it.listener.closed == {reason: 1}
        kept.send(GET)
        assert (await kept.answer())[0] == 200


@pytest.mark.usefixtures("impatient")
async def test_a_head_that_drips_is_bounded_from_its_first_byte_on() -> None:
    async with stage() as it:
        client = await it.client(b"GET / HTTP/1.1\r\nX-Long: ")

        async def drip() -> None:
            while True:
                client.send(b"x")
                await asyncio.sleep(0.01)

        dripping = asyncio.create_task(drip())
        await client.ended()
        dripping.cancel()
        assert it.listener.closed == {"half a head": 1}


@pytest.mark.usefixtures("impatient")
async def test_a_connection_that_never_asks_is_closed_without_a_word() -> None:
    async with stage() as it:
        client = await it.client()
        assert await client.ended() == b""
        assert it.listener.closed == {"unused": 1}


@pytest.mark.usefixtures("impatient")
async def test_who_waits_for_us_or_keeps_sending_is_left_alone() -> None:
    """Long polling, a WebSocket that is quiet, an upload that comes along, a connection kept for later."""
    swept: list[int] = []

    async def answer(request: web.Request) -> web.StreamResponse:
        if request.path == "/socket":
            socket_ = web.WebSocketResponse()
            await socket_.prepare(request)
            await socket_.receive()
            return socket_
        if request.path == "/poll":
            await gate.wait()
        return web.Response(body=b"%d" % len(await request.read()))

    gate = asyncio.Event()
    async with stage(handler=answer) as it:
        polling = await it.client(b"GET /poll HTTP/1.1\r\nHost: a\r\n\r\n")
        kept = await it.used()
        talking = await it.client(
            b"GET /socket HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
        )
        assert b"101" in await talking.reader.readuntil(b"\r\n\r\n")
        sending = await it.client(b"PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 6400\r\n\r\n")
        for _ in range(64):
            sending.send(b"x" * 100)
            await asyncio.sleep(0.005)
            swept.append(len(it.connections))
        assert await sending.answer() == (200, b"6400")
        assert it.listener.closed == {}
        gate.set()
        assert (await polling.answer())[0] == 200
        kept.send(GET)
        assert (await kept.answer())[0] == 200
        assert any(each.is_upgraded for each in it.connections)
        assert set(swept) == {4}


async def test_an_answer_that_nobody_takes_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "_SWEEP_EVERY", 0.01)
    monkeypatch.setattr(client_timeouts, "UNREAD", 0.1)

    async def endless(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b"x" * 2**18)

    async with stage(handler=endless) as it:
        client = await it.client()
        client.reader._transport.pause_reading()  # type: ignore[attr-defined]
        client.send(GET)
        await until(lambda: it.listener.closed == {"unread answer": 1}, "the answer to be given up")
        await until(lambda: not it.connections, "the connection to be closed")


async def test_a_connection_that_rested_long_has_all_the_time_for_its_next_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its last answer was still on its way when it was looked at; the next is as long."""
    monkeypatch.setattr(listening, "_SWEEP_EVERY", 0.01)

    async def long(request: web.Request) -> web.Response:
        return web.Response(body=b"x" * 2**24)

    async with stage(handler=long) as it:
        client = await it.client()
        for _ in range(2):
            client.reader._transport.pause_reading()  # type: ignore[attr-defined]
            client.send(GET)
            (connection,) = it.connections
            await until(lambda c=connection: c._download.unsent or it.listener.closed, "a look")  # type: ignore[misc]
            assert it.listener.closed == {}
            client.reader._transport.resume_reading()  # type: ignore[attr-defined]
            assert len((await client.answer())[1]) == 2**24
            await until(lambda c=connection: c.is_waiting and not c._download.unsent, "a look at it at rest")  # type: ignore[misc]


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ECONNABORTED])
async def test_accepting_goes_on_after_an_error_and_says_so_once(
    number: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening, "_RETRY_AFTER", 0.001)
    loop = asyncio.get_running_loop()
    accept, failures = loop.sock_accept, 50

    async def failing(listening_socket: socket.socket) -> tuple[socket.socket, Any]:
        nonlocal failures
        if failures:
            failures -= 1
            raise OSError(number, "no")
        return await accept(listening_socket)

    monkeypatch.setattr(loop, "sock_accept", failing)
    async with stage() as it:
        await it.used()
        assert failures == 0
        said = [line for line in caplog.text.splitlines() if "cannot accept" in line]
        exhausted = number != errno.ECONNABORTED
        assert len(said) == exhausted
        assert ("no file descriptors left" in str(it.listener.trouble)) == exhausted
        assert ("ulimit -n" in str(it.listener.trouble)) == exhausted


async def test_a_fault_of_our_own_does_not_end_accepting_or_sweeping(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening, "_RETRY_AFTER", 0.001)
    monkeypatch.setattr(listening, "_SWEEP_EVERY", 0.001)
    faults = [ValueError(SECRET)] * 3
    overdue = Connection.overdue

    def failing(self: Connection, now: float) -> Any:
        if faults:
            raise faults.pop()
        return overdue(self, now)

    monkeypatch.setattr(Connection, "overdue", failing)
    monkeypatch.setattr(client_timeouts, "UNUSED", 0.01)
    async with stage() as it:
        client = await it.client()
        assert await client.ended() == b""
        assert not faults
    assert "goes on after a fault" in caplog.text
    assert SECRET not in caplog.text


async def test_stopping_lets_requests_finish_and_closes_idle_ones(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    async with stage() as it:
        idle, half = await it.used(), await it.client(b"GET / HT")
        held = await it.client(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n")
        await until(lambda: sum(not each.is_waiting for each in it.connections) == 1, "the request to be at work")
        stopping = asyncio.create_task(it.listener.stop(Deadline(PATIENCE)))
        assert await idle.ended() + await half.ended() == b""
        with pytest.raises(OSError):
            await it.client()
        it.gate.set()
        assert await held.answer() == (200, b"0")
        await stopping
        assert it.connections == []
    assert "waiting for 1 reads and 0 writes" in caplog.text
    assert "cut off" not in caplog.text


async def test_stopping_cuts_reads_off_before_writes_and_tells_both(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(listening, "_LOG_EVERY", 0.01)
    caplog.set_level("INFO")
    clock = [0.0]
    async with stage() as it:
        read, write = (
            await it.client(b"GET /held HTTP/1.1\r\nHost: a\r\n\r\n"),
            await it.client(b"POST /write HTTP/1.1\r\nHost: a\r\n\r\n"),
        )
        await until(lambda: sum(each.is_writing for each in it.connections) == 1, "the write to be at work")
        await until(lambda: sum(not each.is_waiting for each in it.connections) == 2, "both to be at work")
        stopping = asyncio.create_task(it.listener.stop(Deadline(8.0, lambda: clock[0])))
        await until(lambda: "waiting for 1 reads and 1 writes" in caplog.text, "progress")
        clock[0] = 5.0
        status, body = await read.answer()
        assert (status, json.loads(body)["error_code"]) == (503, "proxy_stopping")
        await until(lambda: "waiting for 0 reads and 1 writes" in caplog.text, "progress")
        assert len(it.connections) == 1
        clock[0] = 7.0
        status, body = await write.answer()
        assert (status, json.loads(body)["error_code"]) == (504, "proxy_write_outcome_unknown")
        await stopping
        assert "1 reads and 0 writes are cut off" in caplog.text
        assert "0 reads and 1 writes are cut off" in caplog.text


async def test_an_answer_that_has_begun_is_not_followed_by_another() -> None:
    async def half(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        await response.write(b"some")
        await asyncio.Event().wait()
        return response

    async with stage(handler=half) as it:
        client = await it.client(GET)
        await client.reader.readuntil(b"some")
        await it.listener.stop(Deadline(0.0))
        assert b"HTTP" not in await client.ended()


async def test_localhost_is_one_port_on_all_its_addresses() -> None:
    running = Listener(lambda _: asyncio.sleep(0), limit=10, descriptors=None)  # type: ignore[arg-type, return-value]
    port = await running.start("localhost", 0)
    assert {each.getsockname()[1] for each in running._sockets} == {port}
    with pytest.raises(OSError) as busy:
        await Listener(lambda _: asyncio.sleep(0), limit=10, descriptors=None).start("127.0.0.1", port)  # type: ignore[arg-type, return-value]
    assert busy.value.errno == errno.EADDRINUSE
    await running.stop(Deadline(1.0))


async def test_a_handler_s_fault_is_told_without_what_it_says(caplog: pytest.LogCaptureFixture) -> None:
    async def odd(_: web.Request) -> web.StreamResponse:
        return web.Response(headers={"X": f"\r\n{SECRET}"})

    async with stage(handler=odd) as it:
        client = await it.client(GET)
        assert await client.ended() == b""
    assert "a connection ended by a fault: ValueError in" in caplog.text
    assert SECRET not in caplog.text


async def test_a_handler_that_raises_gets_its_client_an_error_that_it_can_read(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def failing(_: web.Request) -> web.StreamResponse:
        raise ValueError(SECRET)

    async with stage(handler=failing) as it:
        client = await it.client(GET)
        status, body = await client.answer()
        assert (status, json.loads(body)["error_code"]) == (500, "proxy_error")
    assert SECRET not in caplog.text
