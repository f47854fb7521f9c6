"""A request gets its own answer or none, whatever a broken peer sends and when. On real sockets."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import aclosing, suppress

import aiohttp
import pytest

from ftrack_proxy.ports import AnswerLost, Dispatch, NotSent
from ftrack_proxy.upstream import pool
from ftrack_proxy.upstream.client import UpstreamClient
from tests.test_upstream.peer import OK, STRAY, Line, client_of, peer, until

pytestmark = pytest.mark.required("G7.5", "G8.1")

SEVERAL_PIECES = b"x" * 200_000


async def ask(client: UpstreamClient, body: bytes) -> bytes:
    return (await client.ask("/api", [], body, accept_encoding=None)).body


async def write(client: UpstreamClient, body: bytes, dispatch: Dispatch | None = None) -> bytes:
    return (await client.write("/api", [], body, dispatch or Dispatch())).body


WAYS = {"reads": ask, "writes": write}


def kept(client: UpstreamClient) -> int:
    """Connections at rest in all pools."""
    connectors = [session.connector for session in client._pools._lanes.values()]
    return sum(len(rest) for connector in connectors if connector for rest in connector._conns.values())


@pytest.mark.parametrize("way", WAYS)
async def test_a_connection_serves_one_request_after_another(way: str) -> None:
    async with peer() as there, client_of(there.url) as client:
        for body in (b"one", b"two", b"three"):
            assert await WAYS[way](client, body) == body
        assert there.requests == [(0, b"one"), (0, b"two"), (0, b"three")]


async def test_reads_writes_and_streams_have_connections_of_their_own() -> None:
    async with peer() as there, client_of(there.url) as client:
        await ask(client, b"read")
        await write(client, b"write")
        async with client.stream("GET", "/x", [], None):
            pass
        assert there.requests == [(0, b"read"), (1, b"write"), (2, b"")]


@pytest.mark.parametrize("stray", [STRAY, STRAY[:30], b"\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"H"])
@pytest.mark.parametrize("way", WAYS)
async def test_bytes_on_an_idle_connection_are_nobodys_answer(way: str, stray: bytes) -> None:
    async def stray_later(line: Line) -> None:
        line.echo(await line.request())
        await arrived.wait()
        line.send(stray)
        await line.closed()
        left.set()

    arrived, left = asyncio.Event(), asyncio.Event()
    async with peer(stray_later) as there, client_of(there.url) as client:
        assert await WAYS[way](client, b"first") == b"first"
        arrived.set()
        await left.wait()
        assert await WAYS[way](client, b"second") == b"second"
        assert there.requests == [(0, b"first"), (1, b"second")]


@pytest.mark.parametrize("stray", [STRAY, b"", b"H"])
@pytest.mark.parametrize("way", WAYS)
async def test_also_if_the_event_loop_had_no_time_to_see_them(way: str, stray: bytes) -> None:
    """They are in the system's hands when the connection is taken, or it is closed then: nothing is sent on it."""
    go, gone = threading.Event(), threading.Event()
    received: list[bytes] = []

    def serve() -> None:
        with listener.accept()[0] as connection:
            received.append(connection.recv(2**16))
            connection.sendall(OK)
            go.wait(20)
            connection.sendall(stray)
            connection.shutdown(socket.SHUT_WR)
            gone.set()
            with suppress(ConnectionError):
                received.append(connection.recv(2**16))
        with listener.accept()[0] as connection:
            received.append(connection.recv(2**16))
            connection.sendall(OK)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        async with client_of(f"http://127.0.0.1:{listener.getsockname()[1]}") as client:
            assert await WAYS[way](client, b"first") == b"ok"
            go.set()
            gone.wait(20)  # which keeps the event loop from looking
            assert await WAYS[way](client, b"second") == b"ok"
        thread.join()
    assert [part.rpartition(b"\n")[2] for part in received if part] == [b"first", b"second"]


@pytest.mark.parametrize(
    "first",
    [
        OK + STRAY,
        OK + STRAY[:20],
        OK + b"garbage",
        OK + b"HTTP/1.1 100 Continue\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + STRAY,
        b"HTTP/1.1 204 No Content\r\n\r\n" + STRAY[:1],
    ],
)
@pytest.mark.parametrize("way", WAYS)
async def test_what_follows_an_answer_is_not_the_next_one(way: str, first: bytes) -> None:
    """The first request on a connection may have what came first; the connection is not used again."""

    async def too_much(line: Line) -> None:
        await line.request()
        line.send(first)
        await line.closed()

    async with peer(too_much) as there, client_of(there.url) as client:
        if first.endswith(b"garbage"):
            with pytest.raises(AnswerLost):
                await WAYS[way](client, b"first")
        else:
            assert await WAYS[way](client, b"first") in (b"ok", b"")
        assert await WAYS[way](client, b"second") == b"second"
        assert there.requests == [(0, b"first"), (1, b"second")]


@pytest.mark.parametrize("way", WAYS)
async def test_two_answers_to_one_request_on_a_kept_connection(way: str) -> None:
    """Which is the right one cannot be told: a read asks again, of a write the outcome is unknown."""

    async def twice(line: Line) -> None:
        line.echo(await line.request())
        line.send(STRAY + b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(await line.request()))
        await line.closed()

    async with peer(twice) as there, client_of(there.url) as client:
        await WAYS[way](client, b"first")
        if way == "reads":
            assert await ask(client, b"second") == b"second"
            assert there.requests == [(0, b"first"), (0, b"second"), (1, b"second")]
        else:
            with pytest.raises(AnswerLost):
                await write(client, b"second")
            assert there.requests == [(0, b"first"), (0, b"second")]


@pytest.mark.parametrize("status", [200, 413])
async def test_an_answer_before_the_request_is_complete(status: int) -> None:
    """A success cannot come before the request is complete; a refusal can. The connection is not used again."""

    async def hasty(line: Line) -> None:
        await line.reader.readuntil(b"\r\n\r\n")
        line.send(b"HTTP/1.1 %d X\r\nContent-Length: 2\r\n\r\nno" % status)
        await line.closed()

    body = b"x" * 50_000_000
    async with peer(Line.serve, hasty) as there, client_of(there.url) as client:
        await write(client, b"first")
        if status == 200:
            with pytest.raises(AnswerLost):
                await write(client, body)
        else:
            assert await write(client, body) == b"no"
        assert await write(client, b"third") == b"third"
        assert there.requests == [(0, b"first"), (0, b"third")]


async def test_what_takes_a_while_to_write_is_not_sent_where_somebody_elses_answer_may_come() -> None:
    async with peer() as there, client_of(there.url) as client:
        await write(client, b"small")
        assert await write(client, SEVERAL_PIECES) == SEVERAL_PIECES
        assert [number for number, _ in there.requests] == [0, 1]
        await ask(client, b"small")
        assert await ask(client, SEVERAL_PIECES) == SEVERAL_PIECES
        assert [number for number, _ in there.requests] == [0, 1, 2, 2]


async def test_an_upload_as_it_comes_in_goes_out_once_on_a_fresh_connection() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        yield b"two"

    async with peer() as there, client_of(there.url) as client:
        async with client.stream("PUT", "/x", [], b"small") as answer:
            assert await answer.read() == b"small"
        async with aclosing(pieces()) as body, client.stream("PUT", "/x", [("Content-Length", "6")], body) as answer:
            assert await answer.read() == b"onetwo"
        assert there.requests == [(0, b"small"), (1, b"onetwo")]


# -- kept connections that turn out to be closed


async def close_after(line: Line) -> None:
    """Answer once, and close when the next request has come."""
    line.echo(await line.request())
    await line.request()


async def test_a_read_is_sent_again_once() -> None:
    async def close_at_once(line: Line) -> None:
        await line.request()

    async with peer(close_after) as there, client_of(there.url) as client:
        await ask(client, b"first")
        assert await ask(client, b"second") == b"second"
        assert there.requests == [(0, b"first"), (0, b"second"), (1, b"second")]
        assert client.problem is None
    async with peer(close_after, close_at_once) as there, client_of(there.url) as client:
        await ask(client, b"first")
        with pytest.raises(AnswerLost):
            await ask(client, b"second")
        assert there.requests == [(0, b"first"), (0, b"second"), (1, b"second")]
    async with peer(close_at_once) as there, client_of(there.url) as client:
        with pytest.raises(AnswerLost):
            await ask(client, b"first")
        assert there.requests == [(0, b"first")]


async def test_a_write_is_not() -> None:
    async with peer(close_after) as there, client_of(there.url) as client:
        await write(client, b"first")
        with pytest.raises(AnswerLost):
            await write(client, b"second")
        assert there.requests == [(0, b"first"), (0, b"second")]


@pytest.mark.parametrize("repeatable", [True, False])
async def test_of_other_requests_those_are_that_only_read(repeatable: bool) -> None:
    async with peer(close_after) as there, client_of(there.url) as client:
        async with client.stream("GET", "/x", [], None, repeatable=repeatable) as answer:
            await answer.read()
        if repeatable:
            async with client.stream("GET", "/x", [], None, repeatable=True) as answer:
                assert answer.status == 200
        else:
            with pytest.raises(AnswerLost):
                async with client.stream("GET", "/x", [], None):
                    pass
        assert len(there.requests) == 2 + repeatable


async def test_an_answer_cut_short_is_lost() -> None:
    async def cut_short(line: Line) -> None:
        line.echo(await line.request())
        await line.request()
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nha")

    async with peer(cut_short) as there, client_of(there.url) as client:
        await ask(client, b"first")
        with pytest.raises(AnswerLost):
            await ask(client, b"second")
        assert len(there.requests) == 2


# -- aiohttp as it is


async def test_connections_that_cannot_be_watched_are_used_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "connections_can_be_watched", lambda _: False)
    async with peer() as there, client_of(there.url) as client:
        for body in (b"one", b"two"):
            assert await write(client, body) == body
        assert [number for number, _ in there.requests] == [0, 1]
    monkeypatch.undo()
    async with peer() as there, client_of(there.url) as client:
        for session in client._pools._lanes.values():
            del session.connector._factory  # type: ignore[union-attr]
            session.connector._factory = lambda: aiohttp.client_proto.ResponseHandler(asyncio.get_running_loop())  # type: ignore[union-attr,assignment]
        for body in (b"one", b"two"):
            assert await write(client, body) == body
        assert [number for number, _ in there.requests] == [0, 1]


async def test_connections_are_watched_and_go_back_to_their_pool() -> None:
    async with peer() as there, client_of(there.url) as client:
        await ask(client, b"one")
        connector = client._pools._lanes["reads"].connector
        assert connector is not None
        (rest,) = connector._conns.values()
        assert [type(each).__name__ for each, _ in rest] == ["WatchedConnection"]
        await until(lambda: kept(client) == 1)


async def test_nothing_is_kept_of_a_read_that_is_given_up() -> None:
    async def silent(line: Line) -> None:
        await line.request()
        await line.closed()
        left.set()

    left = asyncio.Event()
    async with peer(silent) as there, client_of(there.url) as client:
        asking = asyncio.create_task(ask(client, b"first"))
        await until(lambda: there.requests)
        asking.cancel()
        await left.wait()
        assert kept(client) == 0


async def test_a_refused_connection_is_nothing_sent() -> None:
    async with client_of("http://127.0.0.1:1") as client:
        for way in WAYS.values():
            with pytest.raises(NotSent):
                await way(client, b"x")
        assert client.problem


@pytest.mark.parametrize(
    "head", [b"Transfer-Encoding : chunked", b"Transfer-Encoding: gzip, chunked", b"Content-Length : 5"]
)
@pytest.mark.parametrize("way", WAYS)
async def test_an_answer_without_a_clear_end_is_none(way: str, head: bytes) -> None:
    async def unclear(line: Line) -> None:
        await line.request()
        line.send(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n\r\n3\r\nabc\r\n0\r\n\r\n")

    async with peer(unclear) as there, client_of(there.url) as client:
        with pytest.raises(AnswerLost):
            await WAYS[way](client, b"one")
