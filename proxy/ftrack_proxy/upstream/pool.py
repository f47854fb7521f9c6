"""The connections to ftrack: kept ones, which serve one exchange after another, and fresh ones, which serve one."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any

import aiohttp
from aiohttp.connector import Connection

from ftrack_proxy.observe.descriptors import descriptor_limit
from ftrack_proxy.ports import NotSent
from ftrack_proxy.upstream.watched_connection import Exchange, WatchedConnection, connections_can_be_watched

_log = logging.getLogger(__name__)

_KEEPALIVE = 30.0
_MAX_HEADER = 65_536
_BUFFER = 2**18
# Reads under way at the same time, if the system lets this process open enough files.
_MOST_READS = 4_000
_FEWEST_READS = 64

_current: ContextVar[Exchange] = ContextVar("exchange")


@dataclass(frozen=True, slots=True)
class UpstreamTimeouts:
    """Seconds to wait for a connection to be made, for a read slot, for the beginning of an answer, and for either
    side to go on in the middle of a request or an answer."""

    connect: float = 15.0
    pool: float = 15.0
    answer: float = 300.0
    idle: float = 60.0


class Pool(aiohttp.TCPConnector):
    """A connector of watched connections (`WatchedConnection`). Without ``keep`` each is closed after one exchange."""

    def __init__(self, timeouts: UpstreamTimeouts, tls: ssl.SSLContext, *, keep: bool) -> None:
        kept: dict[str, Any] = {"keepalive_timeout": _KEEPALIVE} if keep else {"force_close": True}
        super().__init__(limit=0, ssl=tls, **kept)
        self._factory: partial[Any] = partial(WatchedConnection, loop=asyncio.get_running_loop(), idle=timeouts.idle)
        self.is_watched = True

    async def connect(self, *arguments: Any, **named: Any) -> Connection:
        """Get a connection for the current exchange; until this returns nothing of its request was sent."""
        connection = await super().connect(*arguments, **named)
        exchange, watched = _current.get(Exchange()), connection.protocol
        if isinstance(watched, WatchedConnection):
            exchange.kept = watched.exchange.begun
            watched.exchange = exchange
        else:
            self.is_watched = False
            exchange.begun = exchange.dispatch.begun = True
        return connection


class ReadSlot:
    """One of the bounded number of reads that may be under way."""

    def __init__(self, slots: asyncio.Semaphore) -> None:
        self._slots = slots
        self.is_kept = False

    def keep(self) -> Callable[[], None]:
        """Keep it beyond the context in which it was acquired; returns the function that releases it."""
        self.is_kept = True
        return self._slots.release


class Pools:
    """Lanes that do not hold each other up: hung reads leave writes alone, long downloads leave both alone."""

    def __init__(self, timeouts: UpstreamTimeouts, tls: ssl.SSLContext) -> None:
        self._timeouts = timeouts
        self.fresh = _session(timeouts, tls, keep=False)
        self._lanes = {lane: _session(timeouts, tls, keep=True) for lane in ("reads", "writes", "streams")}
        self._watched = connections_can_be_watched(asyncio.get_running_loop())
        if not self._watched:
            _log.warning(
                "this version of aiohttp is not known: connections to ftrack are used only once, so it is slow"
            )
        self._most_reads = _most_reads()
        self._slots = asyncio.Semaphore(self._most_reads)

    def kept(self, lane: str) -> aiohttp.ClientSession:
        """The session of a lane whose connections are reused, if reuse is safe with this version of aiohttp."""
        session = self._lanes[lane]
        connector = session.connector
        if not self._watched or not isinstance(connector, Pool) or not connector.is_watched:
            return self.fresh
        return session

    @asynccontextmanager
    async def read_slot(self) -> AsyncIterator[ReadSlot]:
        """Hold one of the slots for reads, of which there are half as many as files that may be open.

        Raises:
            NotSent: none became free in time.
        """
        try:
            async with asyncio.timeout(self._timeouts.pool):
                await self._slots.acquire()
        except TimeoutError:
            raise NotSent(f"{self._most_reads} reads are waiting for answers already") from None
        slot = ReadSlot(self._slots)
        try:
            yield slot
        finally:
            if not slot.is_kept:
                self._slots.release()

    async def close(self) -> None:
        """Close all connections."""
        for session in (self.fresh, *self._lanes.values()):
            await session.close()


@contextmanager
def exchanging(exchange: Exchange) -> Iterator[None]:
    """Record what the next request of this task does in ``exchange``."""
    token = _current.set(exchange)
    try:
        yield
    finally:
        _current.reset(token)


def _session(timeouts: UpstreamTimeouts, tls: ssl.SSLContext, *, keep: bool) -> aiohttp.ClientSession:
    session = aiohttp.ClientSession(
        connector=Pool(timeouts, tls, keep=keep),
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
        timeout=aiohttp.ClientTimeout(
            total=None, connect=timeouts.connect, sock_connect=timeouts.connect, sock_read=timeouts.answer
        ),
        max_line_size=_MAX_HEADER,
        max_field_size=_MAX_HEADER,
        max_headers=1_000,
        read_bufsize=_BUFFER,
    )
    # aiohttp sends GET, PUT and DELETE again when a kept connection breaks; /component/remove is a GET.
    session._retry_connection = False
    return session


def _most_reads() -> int:
    descriptors = descriptor_limit()
    return _MOST_READS if descriptors is None else max(_FEWEST_READS, min(_MOST_READS, descriptors // 2))
