"""The listener: accepts connections up to a limit, and closes idle and overdue ones."""

from __future__ import annotations

import asyncio
import errno
import heapq
import logging
import math
import os
import socket
from collections import Counter
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

from aiohttp import web

from ftrack_proxy.observe.descriptors import has_input
from ftrack_proxy.observe.exception_summary import exception_summary
from ftrack_proxy.observe.log_throttle import LogThrottle
from ftrack_proxy.request.call import Reply
from ftrack_proxy.request.reply import of_error
from ftrack_proxy.web import client_timeouts
from ftrack_proxy.web.connection import Connection
from ftrack_proxy.web.stopping import Deadline

_log = logging.getLogger(__name__)

_BACKLOG = 1_024
_AT_ONCE = 64
_SWEEP_EVERY = 1.0
_RETRY_AFTER = 0.2
_EXHAUSTED = (errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM)
_UNUSABLE_ADDRESS = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)
# Shares of the time to stop in: how long reads are waited for, and writes.
_READS, _WRITES = 0.5, 0.75
_LOG_EVERY = 1.0
_FULL, _EMPTY = "full", "descriptors"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Server(web.Server):
    """aiohttp's server, with our connections; keeps track of those that hold a descriptor."""

    def __init__(self, handler: Handler, throttle: LogThrottle, on_lost: Callable[[], None], **options: Any) -> None:
        super().__init__(handler, request_factory=self._request, **options)  # type: ignore[arg-type]
        self._throttle = throttle
        self._on_lost = on_lost
        self.live: dict[Connection, None] = {}

    def __call__(self) -> Connection:
        return Connection(self, self._throttle, loop=self._loop, **self._kwargs)

    def connection_made(self, handler: web.RequestHandler, transport: asyncio.Transport) -> None:
        super().connection_made(handler, transport)
        assert isinstance(handler, Connection)
        self.live[handler] = None

    def connection_lost(self, handler: web.RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        assert isinstance(handler, Connection)
        self.live.pop(handler, None)
        self._on_lost()

    def _request(self, message: Any, payload: Any, protocol: Any, writer: Any, task: asyncio.Task[None]) -> web.Request:
        return web.Request(message, payload, protocol, writer, task, self._loop, client_max_size=0)


class Listener:
    """Listens, and keeps the number of connections below ``limit``.

    If there is no room, the connection that has waited longest for a request is closed; if all are busy, the next
    client waits in the backlog of the operating system. Requests in progress are never closed to make room.
    """

    def __init__(self, handler: Handler, *, limit: int, descriptors: int | None, **options: Any) -> None:
        self._loop = asyncio.get_running_loop()
        self._limit = limit
        self._descriptors = descriptors
        self._throttle = LogThrottle(self._loop.time)
        self._room = asyncio.Event()
        self._server = _Server(handler, self._throttle, self._room.set, access_log=None, **options)
        self._sockets: list[socket.socket] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._opening: set[asyncio.Task[None]] = set()
        self.closed: Counter[str] = Counter()

    async def start(self, host: str, port: int) -> int:
        """Listen on all addresses of ``host``; returns the port.

        Raises:
            OSError: none of them can be listened on, or one is in use.
        """
        self._sockets = await _bound(host, port)
        for each in self._sockets:
            self._begin(partial(self._accept, each), "accept connections")
        self._begin(self._sweep, "sweep connections")
        return int(self._sockets[0].getsockname()[1])

    @property
    def connections(self) -> int:
        """How many clients are connected."""
        return len(self._server.live) + len(self._opening)

    @property
    def trouble(self) -> str | None:
        """What clients may have noticed in the last minute."""
        if self._throttle.is_recent(_EMPTY):
            return f"no file descriptors left; {self._advice()}"
        if self._throttle.is_recent(_FULL):
            return f"{self._limit} clients were connected, which is the most there can be; {self._advice()}"
        return None

    def describe(self) -> dict[str, Any]:
        """For the status: connections now, the most there can be, and those that we closed, by reason."""
        return {"open": self.connections, "limit": self._limit, "closed": dict(self.closed)}

    def _advice(self) -> str:
        known = "" if self._descriptors is None else f" (now {self._descriptors})"
        return (
            f"idle connections are closed to make room. Raise the limit of open files{known}: ulimit -n, LimitNOFILE="
        )

    async def _accept(self, listening: socket.socket) -> None:
        """Accept for ever; ends by cancellation only, or with the socket."""
        while True:
            for _ in range(_AT_ONCE):
                try:
                    accepted, _ = await self._loop.sock_accept(listening)
                except OSError as error:
                    if listening.fileno() < 0:
                        return
                    await self._cannot_accept(error)
                    continue
                await self._make_room(accepted)
                opening = self._loop.create_task(self._open(accepted), name="open connection")
                self._opening.add(opening)
                opening.add_done_callback(self._opening.discard)
            await asyncio.sleep(0)

    async def _open(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._server, accepted)
        except OSError:
            accepted.close()

    async def _cannot_accept(self, error: OSError) -> None:
        if error.errno not in _EXHAUSTED:
            # The client was gone before it was let in.
            await asyncio.sleep(0)
            return
        if self._throttle.due(_EMPTY) is not None:
            _log.warning("cannot accept a client: %s", self.trouble)
        self._close_idle()
        await asyncio.sleep(_RETRY_AFTER)

    async def _make_room(self, accepted: socket.socket) -> None:
        """Close what has been idle longest, or wait for a connection to end or to become idle."""
        try:
            while self.connections >= self._limit:
                if self._throttle.due(_FULL) is not None:
                    _log.warning("%s", self.trouble)
                self._room.clear()
                self._close_idle()
                await self._connection_ended(_RETRY_AFTER)
        except BaseException:
            accepted.close()
            raise

    async def _connection_ended(self, seconds: float) -> None:
        """Wait until a connection has ended, at most ``seconds``."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._room.wait()

    def _close_idle(self) -> None:
        """Close connections that wait for a request: unused ones first, very young ones last, in order of age.

        Of many connections some are closed at a time, since finding the oldest looks at all.
        """
        now = self._loop.time()
        waiting = [each for each in self._server.live if each.is_waiting]
        many = max(1, self._limit // 64)
        for each in heapq.nsmallest(many, waiting, key=lambda each: (_rank(each, now), each.waiting_since)):
            # To close on a request that has just arrived would lose it.
            if not _has_input(each):
                self.closed["idle, to make room"] += 1
                each.break_off()

    async def _sweep(self) -> None:
        """Close overdue connections, periodically."""
        while True:
            await asyncio.sleep(_SWEEP_EVERY)
            for number, connection in enumerate(list(self._server.live), start=1):
                reason = connection.overdue(self._loop.time())
                if reason is not None:
                    self.closed[reason.value] += 1
                    connection.close_overdue(reason)
                if number % _AT_ONCE == 0:
                    await asyncio.sleep(0)

    def _begin(self, work: Callable[[], Coroutine[Any, Any, None]], name: str) -> None:
        self._tasks.append(self._loop.create_task(self._restarting(work), name=name))

    async def _restarting(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Run ``work`` and restart it after an exception: nothing else would notice that it ended."""
        while True:
            try:
                return await work()
            except Exception as error:
                if self._throttle.due("fault") is not None:
                    _log.error("the listener goes on after a fault; please report it: %s", exception_summary(error))
                await asyncio.sleep(_RETRY_AFTER)

    async def stop(self, deadline: Deadline) -> None:
        """Accept no more connections, and let requests finish: reads for a while, writes for longer."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, *self._opening, return_exceptions=True)
        for listening in self._sockets:
            listening.close()
        for connection in list(self._server.live):
            if connection.is_waiting:
                connection.break_off()
            else:
                connection.close()
        await self._drained(deadline, _READS, lambda each: not each.is_upgraded)
        await self._cut([each for each in self._server.live if not each.is_writing])
        await self._drained(deadline, _WRITES, lambda each: each.is_writing)
        await self._cut(list(self._server.live))

    async def _drained(self, deadline: Deadline, share: float, awaited: Callable[[Connection], bool]) -> None:
        """Wait until no connection is ``awaited``, or the share of the time is over; log what is waited for."""
        logged = -math.inf
        while left := deadline.left(share):
            at_work = [each for each in self._server.live if each.connected and awaited(each)]
            if not at_work:
                return
            if self._loop.time() - logged >= _LOG_EVERY:
                writes = sum(each.is_writing for each in at_work)
                _log.info("stopping: waiting for %d reads and %d writes", len(at_work) - writes, writes)
                logged = self._loop.time()
            self._room.clear()
            await self._connection_ended(min(_LOG_EVERY, left))

    async def _cut(self, connections: list[Connection]) -> None:
        """Break requests off: the client gets an error if its answer has not begun."""
        at_work = [each for each in connections if each.connected and not each.is_upgraded]
        if at_work:
            writes = sum(each.is_writing for each in at_work)
            _log.warning("stopping: %d reads and %d writes are cut off", len(at_work) - writes, writes)
        tasks = []
        for each in connections:
            task = each.handler_task()
            each.break_off(_cut_off(writing=each.is_writing))
            if task is not None:
                task.cancel()
                tasks.append(task)
        if tasks:
            await asyncio.wait(tasks, timeout=_RETRY_AFTER)


def _rank(connection: Connection, now: float) -> int:
    if connection.is_used:
        return 1
    return 0 if now - connection.waiting_since > client_timeouts.YOUNG else 2


def _has_input(connection: Connection) -> bool:
    """True if a request has just arrived that is not read yet: to close now would lose it."""
    transport = connection.transport
    descriptor = None if transport is None else transport.get_extra_info("socket")
    return descriptor is None or has_input(descriptor.fileno())


def _cut_off(*, writing: bool) -> Reply:
    if writing:
        return of_error(
            504,
            "WriteOutcomeUnknownError",
            "ftrack-proxy was stopped while it waited for ftrack's answer to this. It may or may not have been "
            "carried out, and was not sent again: look before you repeat it.",
            "proxy_write_outcome_unknown",
        )
    return of_error(
        503,
        "ProxyStoppingError",
        "ftrack-proxy was stopped before it could answer. Nothing was written: it may be sent again.",
        "proxy_stopping",
    )


async def _bound(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on each of the host's addresses, all on one port."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    bound: list[socket.socket] = []
    unusable: OSError | None = None
    for family, address in dict.fromkeys((entry[0], entry[4]) for entry in found):
        chosen = bound[0].getsockname()[1] if bound else port
        try:
            listening = socket.create_server((address[0], chosen, *address[2:]), family=family, backlog=_BACKLOG)
        except OSError as error:
            if error.errno in _UNUSABLE_ADDRESS:
                unusable = error
                continue
            for other in bound:
                other.close()
            raise
        listening.setblocking(False)
        bound.append(listening)
    if not bound:
        raise unusable or OSError(errno.EADDRNOTAVAIL, os.strerror(errno.EADDRNOTAVAIL))
    return bound
