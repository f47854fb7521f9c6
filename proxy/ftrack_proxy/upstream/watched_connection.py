"""One connection to ftrack, watched: bytes on it are an answer only if a request is due one, and nothing follows it.

HTTP/1.1 tells by order alone which answer belongs to which request (RFC 9112 9.3). Bytes that come while nothing was
asked would be taken for the answer to whatever is asked next, so a connection that brings any is closed on the spot.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any, cast

from aiohttp import ClientConnectionResetError, SocketTimeoutError
from aiohttp.client_proto import ResponseHandler

from ftrack_proxy.observe.descriptors import has_input
from ftrack_proxy.ports import Dispatch

# A parser that holds no leftover bytes reads this as one answer.
_PROBE_STATUS = 299
_PROBE = b"HTTP/1.1 %d probe\r\nContent-Length: 0\r\n\r\n" % _PROBE_STATUS


@dataclass(slots=True)
class Exchange:
    """One request and its answer, as far as they have come on their connection.

    ``kept`` tells that the connection had served another exchange before. ``asked``: the whole request was handed
    over. ``heads`` counts the head of the answer and any behind it. ``early``: it came before the whole request had
    gone out. ``surplus``: more came than one answer. ``failed``: no answer came that can be believed.
    """

    dispatch: Dispatch = field(default_factory=Dispatch)
    kept: bool = False
    begun: bool = False
    asked: bool = False
    heads: int = 0
    early: bool = False
    surplus: bool = False
    failed: bool = False
    content: Any = None

    @property
    def is_answered(self) -> bool:
        """True once the answer is here to its last byte."""
        return self.heads > 0 and self.content.is_eof()

    @property
    def is_doubtful(self) -> bool:
        """True if the answer may be another request's: only the first answer on a connection has to be our own."""
        return self.kept and (self.early or self.surplus)


class WatchedConnection(ResponseHandler):
    """aiohttp's client protocol, back in the pool only after one request and one answer to it.

    ``idle`` is for how many seconds either side of an exchange under way may stand still.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, *, idle: float) -> None:
        super().__init__(loop=loop)
        self.exchange = Exchange()
        self._idle = idle
        self._unsent = 0
        self._stalled: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection, and notice from now on what is sent on it."""
        super().connection_made(
            cast(asyncio.BaseTransport, _ObservedTransport(cast(asyncio.Transport, transport), self))
        )

    def connection_lost(self, exc: BaseException | None) -> None:
        """Nothing more will come or go."""
        self._stop_watching()
        super().connection_lost(exc)

    @property
    def should_close(self) -> bool:
        """True unless this connection can serve another exchange."""
        exchange = self.exchange
        clean = exchange.is_answered and exchange.heads == 1 and exchange.asked and not exchange.early
        return super().should_close or not clean or self._write_buffer_size() > 0

    # -- what comes in

    def data_received(self, data: bytes) -> None:
        """Pass on the bytes of the answer that is due; any others end the connection."""
        exchange = self.exchange
        if data and not self.upgraded and (exchange.is_answered or not exchange.begun):
            exchange.surplus = exchange.is_answered
            self._cut()
            return
        was_answered = exchange.is_answered
        super().data_received(data)
        if exchange.is_answered and not was_answered and not self.upgraded and self._has_trailing_bytes():
            exchange.surplus = True
            self._cut()

    def feed_data(self, data: Any, size: int = 0) -> None:
        """Count the heads of answers that were read; 1xx ones only announce the answer (RFC 9110 15.2)."""
        message, content = data
        exchange = self.exchange
        if message.code >= 200 or message.code == 101 or exchange.heads:
            exchange.heads += 1
            exchange.early = exchange.early or not exchange.asked
            exchange.content = content if exchange.heads == 1 else exchange.content
        if message.code >= 200:
            self.read_timeout = self._idle
            super().start_timeout()
        super().feed_data(data, size)

    def _has_trailing_bytes(self) -> bool:
        """True if anything came behind the answer, even part of a head that the parser has buffered."""
        if self.exchange.heads > 1:
            return True
        if self._should_close or self._parser is None:
            return False  # not kept anyway
        try:
            messages, _, tail = self._parser.feed_data(_PROBE)
            return [message.code for message, _ in messages] != [_PROBE_STATUS] or bool(tail)
        except Exception:
            return True

    def _cut(self) -> None:
        self.force_close()
        if self.transport is not None:
            self.transport.abort()

    # -- what goes out

    def start_timeout(self) -> None:
        """aiohttp has handed over the whole request."""
        self.exchange.asked = True
        super().start_timeout()

    def before_sending(self) -> None:
        """Called with every piece that is about to be sent.

        Raises:
            ClientConnectionResetError: the request was withdrawn, or this connection will not do for it.
        """
        exchange = self.exchange
        if exchange.begun:
            return
        if exchange.dispatch.withdrawn or (exchange.kept and self._has_unread_input()):
            self._cut()
            raise ClientConnectionResetError("not sent")
        exchange.begun = exchange.dispatch.begun = True

    def _has_unread_input(self) -> bool:
        """True if the peer has closed, or sent anything, what the event loop has not come to read yet."""
        assert self.transport is not None
        try:
            return has_input(self.transport.get_extra_info("socket").fileno())
        except (OSError, ValueError, AttributeError):
            return True

    def pause_writing(self) -> None:
        """The peer reads no more for now; give it a limited time to go on."""
        super().pause_writing()
        self._watch()

    def resume_writing(self) -> None:
        """The peer reads again."""
        self._stop_watching()
        super().resume_writing()

    def _watch(self) -> None:
        self._unsent = self._write_buffer_size()
        self._stalled = self._loop.call_later(self._idle, self._check_progress)

    def _stop_watching(self) -> None:
        if self._stalled is not None:
            self._stalled.cancel()
            self._stalled = None

    def _check_progress(self) -> None:
        if self._write_buffer_size() < self._unsent:
            self._watch()
            return
        self.set_exception(SocketTimeoutError("the request is not taken"))
        self._cut()

    def _write_buffer_size(self) -> int:
        return 0 if self.transport is None else self.transport.get_write_buffer_size()


class _ObservedTransport:
    """A transport that tells its connection before anything is sent."""

    def __init__(self, transport: asyncio.Transport, watched: WatchedConnection) -> None:
        self._transport = transport
        self._watched = watched

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: Any) -> None:
        self._watched.before_sending()
        self._transport.write(data)

    def writelines(self, chunks: Any) -> None:
        self._watched.before_sending()
        self._transport.writelines(chunks)


def connections_can_be_watched(loop: asyncio.AbstractEventLoop) -> bool:
    """Try with the installed aiohttp what `WatchedConnection` relies on: false if connections must not be reused."""
    try:
        return (
            not _after_one_exchange(loop, b"ok").should_close
            and _after_one_exchange(loop, b"ok" + _PROBE).should_close
            and _after_one_exchange(loop, b"ok" + _PROBE[:20]).should_close
            and _after_one_exchange(loop, b"ok", b"H").should_close
            and _after_one_exchange(loop, b"ok", early=True).should_close
        )
    except Exception:
        return False


def _after_one_exchange(loop: asyncio.AbstractEventLoop, *received: bytes, early: bool = False) -> WatchedConnection:
    """A connection after one exchange whose answer of two bytes was received in these pieces."""
    watched = WatchedConnection(loop, idle=1.0)
    watched.connection_made(_DryRunTransport())
    watched.set_response_params(skip_payload=False, read_until_eof=True, auto_decompress=False)
    assert watched.transport is not None
    watched.transport.write(b"a request")
    if not early:
        watched.start_timeout()
    for count, data in enumerate(received):
        head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n" if not count else b""
        watched.data_received(head + data)
    if watched.exchange.heads:
        watched._buffer.popleft()  # as the one who asked does
    return watched


class _DryRunTransport(asyncio.Transport):
    """A transport that sends nothing."""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def get_write_buffer_size(self) -> int:
        return 0

    def is_closing(self) -> bool:
        return False

    def write(self, data: Any) -> None:
        pass

    def abort(self) -> None:
        pass
