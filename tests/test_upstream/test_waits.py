"""Every wait is bounded, and each has its own limit."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ftrack_proxy.ports import AnswerLost, Dispatch, NotSent
from ftrack_proxy.upstream import pool
from ftrack_proxy.upstream.client import UpstreamClient
from tests.test_upstream.peer import OK, Line, client_of, peer, until

SHORT = 0.05
LONG = 60.0


async def ask(client: UpstreamClient, body: bytes = b"question") -> bytes:
    return (await client.ask("/api", [], body, accept_encoding=None)).body


async def write(client: UpstreamClient, body: bytes = b"change", dispatch: Dispatch | None = None) -> bytes:
    return (await client.write("/api", [], body, dispatch or Dispatch())).body


@asynccontextmanager
async def unreachable() -> AsyncIterator[str]:
    """An address at which connections are neither made nor refused: the queue is full."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        for one in waiting:
            one.close()


async def silent(line: Line) -> None:
    await line.request()
    await line.closed()


async def half(line: Line) -> None:
    await line.request()
    line.send(OK[:-1])
    await line.closed()


async def takes_nothing(line: Line) -> None:
    await asyncio.Event().wait()


async def test_a_connection_to_be_made() -> None:
    async with unreachable() as url, client_of(url, connect=SHORT) as client:
        for way in (ask, write):
            with pytest.raises(NotSent):
                await way(client)


async def test_the_beginning_of_an_answer() -> None:
    async with peer(silent, silent) as there, client_of(there.url, answer=SHORT, idle=LONG) as client:
        for way in (ask, write):
            with pytest.raises(AnswerLost, match="no answer in time"):
                await way(client)
        # It is not sent again: it has been waited for.
        assert len(there.requests) == 2


async def test_an_answer_to_go_on() -> None:
    async with peer(half, half, half) as there, client_of(there.url, answer=LONG, idle=SHORT) as client:
        for way in (ask, write):
            with pytest.raises(AnswerLost, match="no answer in time"):
                await way(client)
        async with client.stream("GET", "/x", [], None) as answer:
            with pytest.raises(TimeoutError):
                await answer.read()


async def test_an_answer_that_goes_on_is_waited_for() -> None:
    """Every piece comes in time, the whole takes longer than any wait."""

    async def drips(line: Line) -> None:
        await line.request()
        line.send(b"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):
            await asyncio.sleep(0.05)
            line.send(b"x")
        await line.closed()

    async with peer(drips) as there, client_of(there.url, answer=0.8, idle=0.8) as client:
        assert await ask(client) == b"x" * 20


async def test_a_request_to_be_taken() -> None:
    async with peer(takes_nothing) as there, client_of(there.url, answer=LONG, idle=SHORT) as client:
        with pytest.raises(AnswerLost, match="no answer in time"):
            await write(client, b"x" * 50_000_000)


async def test_reads_wait_for_a_place_but_not_for_ever_and_writes_for_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "_most_reads", lambda: 1)
    async with peer(silent) as there, client_of(there.url, pool=SHORT) as client:
        hanging = asyncio.create_task(ask(client))
        await until(lambda: there.requests)
        with pytest.raises(NotSent, match="1 reads are waiting"):
            await ask(client)
        assert await write(client) == b"change"
        async with client.stream("GET", "/x", [], None) as answer:
            assert answer.status == 200
        hanging.cancel()
        assert await ask(client) == b"question"


async def test_a_withdrawn_write_is_not_sent_once_a_connection_is_there() -> None:
    async with peer() as there, client_of(there.url) as client:
        dispatch = Dispatch()
        writing = asyncio.create_task(write(client, dispatch=dispatch))
        await asyncio.sleep(0)
        assert dispatch.withdraw()
        with pytest.raises(NotSent, match="the client has left"):
            await writing
        with pytest.raises(NotSent):
            await write(client, dispatch=dispatch)
        assert client.problem is None
        dispatch = Dispatch()
        assert await write(client, dispatch=dispatch) == b"change"
        assert not dispatch.withdraw()
        assert len(there.requests) == 1
