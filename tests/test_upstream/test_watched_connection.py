"""What must end a connection, without sockets; and that the installed aiohttp lets us see it."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from aiohttp import client_proto
from aiohttp.http_parser import HttpResponseParserPy

from ftrack_proxy.ports import Dispatch
from ftrack_proxy.upstream import watched_connection
from ftrack_proxy.upstream.watched_connection import Exchange, WatchedConnection, connections_can_be_watched

SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"
EMPTY = b"HTTP/1.1 204 No Content\r\n\r\n"
ANNOUNCED = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + SIZED
STRAY = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged"


class Line(asyncio.Transport):
    """The outside: what was sent, and whether it was cut off."""

    def __init__(self) -> None:
        super().__init__()
        self.sent = b""
        self.unsent = 0
        self.is_cut = False

    def write(self, data: Any) -> None:
        self.sent += bytes(data)

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def is_closing(self) -> bool:
        return self.is_cut

    def abort(self) -> None:
        self.is_cut = True

    close = abort


@pytest.fixture(params=["as installed", "pure Python"], autouse=True)
def parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pure Python":
        monkeypatch.setattr(client_proto, "HttpResponseParser", HttpResponseParserPy)


def connected() -> tuple[WatchedConnection, Line]:
    made, line = WatchedConnection(asyncio.get_running_loop(), idle=60), Line()
    made.connection_made(line)
    return made, line


def begin(made: WatchedConnection, *, kept: bool = True, dispatch: Dispatch | None = None) -> Exchange:
    """As aiohttp does with a connection that it took from the pool."""
    made.exchange = exchange = Exchange(dispatch or Dispatch(), kept=kept)
    made.set_response_params(read_until_eof=True, auto_decompress=False)
    return exchange


def ask(made: WatchedConnection, *, whole: bool = True) -> None:
    assert made.transport is not None
    made.transport.write(b"GET / HTTP/1.1\r\n\r\n")
    if whole:
        made.start_timeout()


async def exchanged(made: WatchedConnection, *pieces: bytes) -> Exchange:
    exchange = begin(made, kept=False)
    ask(made)
    for piece in pieces:
        made.data_received(piece)
    while len(made):
        await made.read()
    return exchange


@pytest.mark.parametrize("answer", [SIZED, CHUNKED, EMPTY, ANNOUNCED, SIZED.replace(b"2\r\n\r\nok", b"0\r\n\r\n")])
async def test_after_one_whole_answer_a_connection_is_kept(answer: bytes) -> None:
    for pieces in ((answer,), tuple(bytes([byte]) for byte in answer)):
        made, line = connected()
        exchange = await exchanged(made, *pieces)
        assert not made.should_close
        assert not line.is_cut
        assert exchange.is_answered
        assert not exchange.surplus


@pytest.mark.parametrize("answer", [SIZED, CHUNKED, EMPTY, ANNOUNCED])
@pytest.mark.parametrize("surplus", [STRAY, STRAY[:1], STRAY[:20], b"garbage", b"HTTP/1.1 100 Continue\r\n\r\n", b"\0"])
async def test_what_follows_an_answer_ends_the_connection(answer: bytes, surplus: bytes) -> None:
    made, line = connected()
    exchange = await exchanged(made, answer + surplus)
    assert made.should_close
    assert line.is_cut
    assert exchange.surplus or not exchange.is_answered
    made, line = connected()
    exchange = await exchanged(made, answer, surplus)
    assert made.should_close
    assert line.is_cut
    assert exchange.surplus


@pytest.mark.parametrize("stray", [STRAY, b"H", b"\r\n", b"HTTP/1.1 408 Request Timeout\r\n\r\n"])
async def test_what_comes_while_idle_ends_the_connection(stray: bytes) -> None:
    made, line = connected()
    await exchanged(made, SIZED)
    assert not made.should_close
    made.data_received(stray)
    assert line.is_cut
    assert made.should_close
    assert not len(made)


async def test_what_comes_before_the_request_is_sent_ends_the_connection_and_the_request_is_not_sent() -> None:
    made, line = connected()
    await exchanged(made, SIZED)
    exchange, sent = begin(made), line.sent
    made.data_received(STRAY)
    assert line.is_cut
    assert not len(made)
    assert (line.sent, exchange.begun) == (sent, False)


async def test_also_on_a_connection_that_was_just_made() -> None:
    made, line = connected()
    made.data_received(STRAY)
    assert line.is_cut
    made, line = connected()
    begin(made, kept=False)
    made.data_received(STRAY)
    assert line.is_cut
    assert not len(made)


async def test_an_answer_before_the_whole_request_was_sent() -> None:
    made, line = connected()
    exchange = begin(made, kept=False)
    ask(made, whole=False)
    exchange.kept = True  # without sockets there is no input to look for before it is sent
    made.data_received(SIZED)
    assert exchange.early
    assert exchange.is_doubtful
    await made.read()
    made.start_timeout()
    assert made.should_close
    made, line = connected()
    exchange = begin(made, kept=False)
    ask(made)
    line.unsent = 5
    made.data_received(SIZED)
    await made.read()
    assert made.should_close
    assert not exchange.is_doubtful


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\n\r\nto the end",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\n\r\n",
        b"",
    ],
)
async def test_what_does_not_end_cleanly_is_not_kept(answer: bytes) -> None:
    made, _ = connected()
    await exchanged(made, *([answer] if answer else []))
    assert made.should_close


async def test_two_answers_on_a_kept_connection_are_doubtful_and_the_first_on_a_fresh_one_is_not() -> None:
    for kept in (True, False):
        made, _ = connected()
        exchange = begin(made, kept=False)
        ask(made)
        exchange.kept = kept
        made.data_received(STRAY + SIZED)
        assert exchange.is_doubtful is kept


async def test_a_kept_connection_without_a_socket_to_look_at_is_not_used() -> None:
    made, line = connected()
    await exchanged(made, SIZED)
    exchange, sent = begin(made), line.sent
    with pytest.raises(ConnectionResetError):
        ask(made)
    assert (line.sent, line.is_cut, exchange.begun) == (sent, True, False)


async def test_a_request_that_was_withdrawn_is_not_sent_and_one_that_was_begun_is_not_withdrawn() -> None:
    dispatch = Dispatch()
    made, line = connected()
    begin(made, kept=False, dispatch=dispatch)
    assert dispatch.withdraw()
    with pytest.raises(ConnectionResetError):
        ask(made)
    assert line.sent == b""
    assert not dispatch.begun
    dispatch = Dispatch()
    made, line = connected()
    begin(made, kept=False, dispatch=dispatch)
    ask(made, whole=False)
    assert dispatch.begun
    assert not dispatch.withdraw()
    assert not dispatch.withdrawn


async def test_a_peer_that_takes_nothing_more_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    made, line = connected()
    begin(made, kept=False)
    ask(made, whole=False)
    for unsent, is_cut in ((100, False), (60, False), (59, False), (59, True)):
        line.unsent = unsent
        made._check_progress() if made._stalled else made.pause_writing()
        assert line.is_cut is is_cut
    with pytest.raises(aiohttp.SocketTimeoutError):
        await made.read()
    made.connection_lost(None)


async def test_the_rehearsal_fails_where_aiohttp_is_another(monkeypatch: pytest.MonkeyPatch) -> None:
    loop = asyncio.get_running_loop()
    assert connections_can_be_watched(loop)
    for name in ("data_received", "feed_data", "start_timeout", "connection_made", "should_close"):
        with monkeypatch.context() as without:
            without.delattr(WatchedConnection, name)
            assert not connections_can_be_watched(loop), name
    with monkeypatch.context() as without:
        without.setattr(watched_connection, "_PROBE_STATUS", 298)
        assert not connections_can_be_watched(loop)
