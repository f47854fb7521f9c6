"""The HTTP client towards ftrack."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ftrack_proxy.ports import AnswerLost, Dispatch, NotSent
from ftrack_proxy.protocol.headers import LOOP_HEADER, end_to_end, is_clearly_framed
from ftrack_proxy.request.running.body_memory import BodyMemory
from ftrack_proxy.upstream.answer import AnswerIntake, UpstreamAnswer, UpstreamRest
from ftrack_proxy.upstream.environment import HttpProxy, environment_proxy, tls_context
from ftrack_proxy.upstream.error_messages import AmbiguousFraming, MismatchedAnswer, error_message
from ftrack_proxy.upstream.pool import Pools, UpstreamTimeouts, exchanging
from ftrack_proxy.upstream.watched_connection import Exchange

T = TypeVar("T")
_Take = Callable[[aiohttp.ClientResponse, Exchange], Awaitable[T]]
# Sent in one go. Larger bodies go piece by piece: they would hold up the event loop.
_PIECE = 2**16
# The event hub's frames are read as a whole; one that is larger ends its connection.
MAX_FRAME = 256 * 2**20
# Longer answers are not read into memory, unless another limit is set.
_LONGEST = 16 * 2**20
_WITHDRAWN = "the client has left"


@dataclass(frozen=True, slots=True)
class _Request:
    """A request as it goes out, perhaps twice."""

    method: str
    url: URL
    headers: CIMultiDict[str]
    body: bytes | AsyncIterator[bytes] | None
    dispatch: Dispatch = field(default_factory=Dispatch)
    repeatable: bool = False

    @property
    def may_be_kept(self) -> bool:
        """True unless it may write and takes a while to send: what comes back meanwhile on a connection that was
        used before could be anybody's."""
        in_one_go = self.body is None or (isinstance(self.body, bytes) and len(self.body) <= _PIECE)
        return in_one_go or self.repeatable

    def payload(self) -> bytes | AsyncIterator[bytes] | None:
        """The body, to be sent from its beginning."""
        if not isinstance(self.body, bytes) or len(self.body) <= _PIECE:
            return self.body
        self.headers["Content-Length"] = str(len(self.body))
        return _pieces(self.body)


class UpstreamClient:
    """Sends requests to one ftrack server.

    Answers are never decompressed on the way, cookies never kept, redirects never followed. A request that may write
    goes out at most once. One that only reads is sent again, once and on a fresh connection, if a connection that was
    kept from earlier turns out to be closed, or to bring what may be another request's answer.

    ``on_transition`` is called with the problem when ftrack cannot be reached, and with ``None`` when it can again.
    Making one raises ``BadEnvironment`` if the environment names an HTTP proxy that cannot be used.
    """

    def __init__(
        self,
        origin: URL,
        instance: str,
        timeouts: UpstreamTimeouts | None = None,
        on_transition: Callable[[str | None], None] = lambda problem: None,
        intake: AnswerIntake | None = None,
    ) -> None:
        self._intake = intake or AnswerIntake(_LONGEST, BodyMemory(_LONGEST))
        self.origin = origin
        self.requests = 0
        self.problem: str | None = None
        self._on_transition = on_transition
        self._instance = instance
        self._http_proxy = environment_proxy(origin)
        self._proxy = self._http_proxy.url if self._http_proxy else None
        self._pools = Pools(timeouts or UpstreamTimeouts(), tls_context(origin))

    @property
    def http_proxy(self) -> HttpProxy | None:
        """The HTTP proxy on the way to ftrack, if there is one."""
        return self._http_proxy

    async def close(self) -> None:
        """Close all connections. Errors that this causes are not reported as ftrack being unreachable."""
        self._on_transition = lambda problem: None
        await self._pools.close()

    def url(self, raw_path: str) -> URL:
        """The address upstream of a path and query string, byte for byte as the client wrote them."""
        path, mark, query = raw_path.partition("?")
        return URL.build(
            scheme=self.origin.scheme,
            authority=self.origin.raw_authority,
            path=self.origin.raw_path.rstrip("/") + path,
            query_string=query if mark else "",
            encoded=True,
        )

    def headers(self, headers: Sequence[tuple[str, str]], *without: str) -> CIMultiDict[str]:
        """A client's headers as they go upstream."""
        sent = CIMultiDict(end_to_end(headers, without=("host", "expect", LOOP_HEADER.lower(), *without)))
        earlier = [value for name, value in headers if name.lower() == LOOP_HEADER.lower()]
        sent[LOOP_HEADER] = ", ".join((*earlier, self._instance))
        return sent

    async def ask(
        self, raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, *, accept_encoding: str | None
    ) -> UpstreamAnswer:
        """Send one API request that only reads, and return the answer, as a whole or with a rest to be read.

        ``accept_encoding`` replaces the client's own, unless ``None``.

        Raises:
            NotSent, AnswerLost: there is no answer.
        """
        sent = self.headers(headers, "content-length", *(("accept-encoding",) if accept_encoding else ()))
        if accept_encoding:
            sent["Accept-Encoding"] = accept_encoding
        request = _Request("POST", self.url(raw_path), sent, body, repeatable=True)
        with self._observed():
            async with self._pools.read_slot() as slot:
                answer = await self._read_answer(request, self._pools.kept("reads"))
                if answer.rest is not None:
                    answer.rest.when_closed = slot.keep()
                return answer

    async def write(
        self, raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, dispatch: Dispatch
    ) -> UpstreamAnswer:
        """Send one API request that may write, and return the answer, as a whole or with a rest to be read.

        Raises:
            NotSent: not a byte of it was sent.
            AnswerLost: it was, and its outcome is unknown.
        """
        sent = self.headers(headers, "content-length")
        request = _Request("POST", self.url(raw_path), sent, body, dispatch=dispatch)
        with self._observed():
            return await self._read_answer(request, self._pools.kept("writes"))

    async def _read_answer(self, request: _Request, kept: aiohttp.ClientSession) -> UpstreamAnswer:
        async def read(response: aiohttp.ClientResponse, exchange: Exchange) -> UpstreamAnswer:
            try:
                body, lease, whole = await self._intake.body(response)
                if exchange.early and response.status < 400:
                    raise MismatchedAnswer()  # A success cannot come before the whole request has gone out.
            except BaseException:
                response.close()
                raise
            rest = None if whole else UpstreamRest(response, lambda error: error_message(error, self._http_proxy))
            if whole:
                response.release()
            headers = CIMultiDict(response.headers)
            return UpstreamAnswer(response.status, response.reason or "", headers, body, rest, lease)

        return await self._send(request, kept, read)

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        raw_path: str,
        headers: Sequence[tuple[str, str]],
        body: bytes | AsyncIterator[bytes] | None,
        *,
        repeatable: bool = False,
        dispatch: Dispatch | None = None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send any request, its body as it comes in, and give the answer's head; its body is read on demand.

        ``repeatable`` is for what only reads and has no body.

        Raises:
            NotSent, AnswerLost: as ``write``; only before the answer's head.
        """

        async def head(response: aiohttp.ClientResponse, _: Exchange) -> aiohttp.ClientResponse:
            return response

        request = _Request(
            method, self.url(raw_path), self.headers(headers), body, dispatch or Dispatch(), repeatable=repeatable
        )
        with self._observed():
            response = await self._send(request, self._pools.kept("streams"), head)
        try:
            yield response
        finally:
            # A client that left does not have the rest of a download fetched for it.
            response.close() if not response.content.at_eof() else response.release()

    async def _send(self, request: _Request, kept: aiohttp.ClientSession, take: _Take[T]) -> T:
        """Send on a kept connection, if that can do no harm, and on a fresh one if need be."""
        if kept is not self._pools.fresh and request.may_be_kept:
            exchange = Exchange(request.dispatch)
            try:
                return await self._exchange(request, kept, exchange, take)
            except (NotSent, AnswerLost):
                if not _may_send_again(request, exchange):
                    raise
        return await self._exchange(request, self._pools.fresh, Exchange(request.dispatch), take)

    async def _exchange(
        self, request: _Request, session: aiohttp.ClientSession, exchange: Exchange, take: _Take[T]
    ) -> T:
        if request.dispatch.withdrawn:
            raise NotSent(_WITHDRAWN)
        self.requests += 1
        try:
            with exchanging(exchange):
                response = await session.request(
                    request.method,
                    request.url,
                    headers=request.headers,
                    data=request.payload(),
                    allow_redirects=False,
                    proxy=self._proxy,
                )
            if not is_clearly_framed(response.headers.items()):
                response.close()
                raise AmbiguousFraming
            taken = await take(response, exchange)
            # An upgrade that was not asked for is no answer either.
            if exchange.is_doubtful or response.status < 200:
                response.close()
                raise MismatchedAnswer
            return taken
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            unanswered = not exchange.heads and not isinstance(error, TimeoutError)
            exchange.failed = unanswered or isinstance(error, MismatchedAnswer)
            problem = _WITHDRAWN if request.dispatch.withdrawn else error_message(error, self._http_proxy)
            raise (AnswerLost(problem) if exchange.begun else NotSent(problem)) from None

    @contextmanager
    def _observed(self) -> Iterator[None]:
        """Remember whether ftrack can be reached."""
        try:
            yield
        except (NotSent, AnswerLost) as error:
            if str(error) != _WITHDRAWN:
                self._note_reachability(str(error))
            raise
        self._note_reachability(None)

    def _note_reachability(self, problem: str | None) -> None:
        if problem != self.problem:
            self.problem = problem
            self._on_transition(problem)

    def open_socket(
        self, raw_path: str, headers: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> aiohttp.client._BaseRequestContextManager[aiohttp.ClientWebSocketResponse[bool]]:
        """Open a WebSocket upstream, whose texts come as bytes; raises aiohttp's own errors."""
        sent = self.headers(
            headers,
            "sec-websocket-key",
            "sec-websocket-version",
            "sec-websocket-extensions",
            "sec-websocket-protocol",
            "accept-encoding",
        )
        return self._pools.fresh.ws_connect(
            self.url(raw_path),
            headers=sent,
            protocols=protocols,
            autoping=False,
            autoclose=False,
            max_msg_size=MAX_FRAME,
            compress=0,
            decode_text=False,
            proxy=self._proxy,
        )


def _may_send_again(request: _Request, exchange: Exchange) -> bool:
    """True if it was the kept connection's fault, and a second attempt cannot do twice what is to be done once."""
    faulty = exchange.kept and exchange.failed and not request.dispatch.withdrawn
    return faulty and (request.repeatable or not exchange.begun)


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(body), _PIECE):
        yield body[at : at + _PIECE]
