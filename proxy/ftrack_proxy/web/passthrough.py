"""Everything that is not ours to answer: streamed both ways, nothing buffered, nothing followed."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import AsyncIterator
from contextlib import suppress

import aiohttp
from aiohttp import HttpVersion11, web

from ftrack_proxy.changes.change import ChangeSource, anything
from ftrack_proxy.identity.disclosure import is_anonymous
from ftrack_proxy.identity.permissions import Permissions, preflight_of
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.ports import AnswerLost, Dispatch, NotSent
from ftrack_proxy.protocol.headers import (
    Forwarded,
    Handling,
    appended_cache_status,
    cache_status,
    end_to_end,
    in_one_line,
)
from ftrack_proxy.protocol.refusals import changed_nothing
from ftrack_proxy.request import reply
from ftrack_proxy.request.call import Reply
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.running.begun_writes import BegunWrites
from ftrack_proxy.upstream.client import UpstreamClient

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE", "PROPFIND"})
_HARMLESS_ANYWHERE = frozenset({"OPTIONS", "TRACE"})
_REMOVE_PATH = "/component/remove"
_HUB_PREFIX = "/socket.io/"
_CHUNK = 2**18
_SMALL = 2**16


def may_write(method: str, path: str) -> bool:
    """Tell whether a request may change data: any but the safe methods, and ftrack's one write by GET.

    An unknown POST may have written anything (ftrack-protocol 1.1: the legacy API posts XML). The event hub's
    polling transport posts too, but what it carries are events.
    """
    # As servers read it that merge slashes and resolve dots.
    path = posixpath.normpath("/" + path.lstrip("/"))
    if path.startswith(_REMOVE_PATH):
        return method not in _HARMLESS_ANYWHERE
    return method not in _SAFE_METHODS and not f"{path}/".startswith(_HUB_PREFIX)


class PassThrough:
    """Streams requests to ftrack and answers back."""

    def __init__(self, client: UpstreamClient, journal: Journal, permissions: Permissions, counters: Counters) -> None:
        self._client = client
        self._journal = journal
        self._permissions = permissions
        self._counters = counters
        self._writes = BegunWrites()

    async def finish(self, seconds: float) -> None:
        """Wait, at most ``seconds``, for writes that are under way: also for those whose clients have left."""
        await self._writes.finish(seconds)

    async def handle(self, request: web.Request, prefix: bytes = b"") -> web.StreamResponse:
        """Pass one request on; ``prefix`` is what has been read of its body.

        When a client leaves, its download, unfinished upload or unsent request ends, but no write that has begun (G8).
        """
        dispatch = Dispatch()
        if not may_write(request.method, request.path):
            self._counters.passed_through += 1
            return await self._pass_on(request, prefix, dispatch, writes=False)
        self._counters.writes += 1
        work = self._pass_on(request, prefix, dispatch, writes=True)
        return await self._writes.outcome(work, dispatch, "pass a write on")

    async def _pass_on(
        self, request: web.Request, prefix: bytes, dispatch: Dispatch, *, writes: bool
    ) -> web.StreamResponse:
        body = await _body(request, prefix)
        headers = list(request.headers.items())
        repeatable = body is None and not writes and request.method in _SAFE_METHODS
        try:
            async with self._client.stream(
                request.method, request.raw_path, headers, body, repeatable=repeatable, dispatch=dispatch
            ) as answer:
                self._learn_permission(request, answer)
                nobody = is_anonymous(request.raw_path, end_to_end(headers))
                writes = writes and not changed_nothing(answer.status, is_anonymous=nobody)
                await self._recorded(writes)
                return await self._send_on(request, answer, writes)
        except NotSent as error:
            return _response(reply.unreachable(str(self._client.origin), str(error)))
        except AnswerLost as error:
            await self._recorded(writes)
            lost = reply.write_lost if writes else reply.read_lost
            return _response(lost(str(self._client.origin), str(error)))
        except asyncio.CancelledError:
            self._record(writes and dispatch.begun)
            raise

    def _learn_permission(self, request: web.Request, answer: aiohttp.ClientResponse) -> None:
        """Note what ftrack permits the page that asks."""
        permissions, now = self._permissions, self._journal.clock()
        path, headers = "/" + request.path.lstrip("/"), answer.headers.items()
        preflight = preflight_of(request.method, path, request.headers)
        if preflight is not None:
            permissions.learn_preflight(preflight, answer.status, headers, now)
        elif answer.status < 400 and (origin := request.headers.get("Origin")) is not None:
            permissions.learn(origin, path, headers, now)

    def _record(self, writes: bool) -> None:
        if writes:
            self._journal.record([anything(ChangeSource.OWN_WRITE)])

    async def _recorded(self, writes: bool) -> None:
        """The same before the client is told; see to it that a restart finds it."""
        self._record(writes)
        if writes:
            await self._journal.recorded()

    async def _send_on(self, request: web.Request, answer: aiohttp.ClientResponse, writes: bool) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, reason=in_one_line(answer.reason or ""))
        for name, value in end_to_end(answer.headers.items(), without=("cache-status",)):
            response.headers.add(name, value)
        handling = Handling(Forwarded.METHOD if writes else Forwarded.BYPASS)
        response.headers["Cache-Status"] = appended_cache_status(answer.headers, cache_status([handling]))
        if "Content-Length" not in answer.headers:
            if request.version < HttpVersion11:
                # HTTP/1.0 knows no chunks: the end of the connection is the end of the body.
                response.force_close()
            elif "Transfer-Encoding" in answer.headers:
                response.enable_chunked_encoding()
        try:
            await response.prepare(request)
            held = b""
            async for chunk in answer.content.iter_chunked(_CHUNK):
                if held:
                    await response.write(held)
                held = chunk
            # The answer's head may have come before the write was done; its last bytes cannot.
            await self._recorded(writes)
            if held:
                await response.write(held)
            await response.write_eof()
        except ConnectionError:
            # The client has left. What it wrote is done when the answer is here, and counts from then on.
            with suppress(aiohttp.ClientError, TimeoutError):
                while writes and await answer.content.readany():
                    pass
            self._record(writes)
            raise
        except (aiohttp.ClientError, TimeoutError):
            # Cut short upstream: the client has to see that, too.
            self._record(writes)
            if request.transport is not None:
                request.transport.abort()
        return response


async def _body(request: web.Request, prefix: bytes) -> bytes | AsyncIterator[bytes] | None:
    """A body that declares a small length is read first: then the request goes out in one piece."""
    if prefix:
        return _chunks(request, prefix)
    if not request.can_read_body:
        return None
    length = request.content_length
    return await request.read() if length is not None and length <= _SMALL else _chunks(request, prefix)


async def _chunks(request: web.Request, prefix: bytes) -> AsyncIterator[bytes]:
    if prefix:
        yield prefix
    async for chunk in request.content.iter_chunked(_CHUNK):
        yield chunk


def _response(answer: Reply) -> web.Response:
    return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
