"""The HTTP client towards ftrack."""

from __future__ import annotations

import io
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict
from yarl import URL

from ftrack_proxy.ports import AnswerLost, NotSent
from ftrack_proxy.protocol.encoding import inflate
from ftrack_proxy.protocol.headers import LOOP_HEADER, end_to_end
from ftrack_proxy.upstream.environment import environment_proxy, tls_context
from ftrack_proxy.upstream.trouble import words

_CONNECT_TIMEOUT = 15.0
# ftrack's own clients give up after 60 s; a silent upstream is given longer, for those who wait longer.
_READ_TIMEOUT = 300.0
_MAX_HEADER = 65_536


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """A whole answer. ``body`` is as it came, still encoded if ``encoded`` names an encoding."""

    status: int
    reason: str
    headers: CIMultiDict[str]
    body: bytes

    def plain_body(self) -> bytes:
        """The body without its content encoding.

        Raises:
            ValueError: it is not what its header says, or in an encoding that was never asked for.
        """
        match self.headers.get("Content-Encoding", "identity").strip().lower():
            case "identity" | "":
                return self.body
            case "gzip" | "x-gzip" | "deflate":
                return inflate(self.body)
            case other:
                raise ValueError(f"content encoding {other}")


class UpstreamClient:
    """Sends requests to one ftrack server, each at most once.

    Answers are never decompressed on the way, cookies never kept, redirects never followed.
    Making one raises ``BadEnvironment`` if the environment names an HTTP proxy that cannot be used.
    """

    def __init__(self, origin: URL, instance: str) -> None:
        self.origin = origin
        self.requests = 0
        self.problem: str | None = None
        self._instance = instance
        self._way = environment_proxy(origin)
        self._proxy = self._way.url if self._way else None
        self._tls = tls_context(origin)
        # Downloads of hours must not take the connections that queries need.
        self._api = self._session(limit=100)
        self._streams = self._session(limit=0)

    def _session(self, limit: int) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=limit, keepalive_timeout=30, ssl=self._tls),
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            skip_auto_headers=("User-Agent", "Accept", "Accept-Encoding", "Content-Type"),
            timeout=aiohttp.ClientTimeout(
                total=None, sock_connect=_CONNECT_TIMEOUT, sock_read=_READ_TIMEOUT, connect=None
            ),
            max_line_size=_MAX_HEADER,
            max_field_size=_MAX_HEADER,
            max_headers=1_000,
            read_bufsize=2**18,
        )
        # aiohttp sends GET, PUT and DELETE again when a kept connection breaks; /component/remove is a GET.
        session._retry_connection = False
        return session

    async def close(self) -> None:
        """Close all connections."""
        await self._api.close()
        await self._streams.close()

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

    async def post(
        self, raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, *, accept_encoding: str | None
    ) -> UpstreamAnswer:
        """Send one API request and return the whole answer.

        ``accept_encoding`` replaces the client's own, unless ``None``.

        Raises:
            NotSent: it was not sent.
            AnswerLost: it was, and its outcome is unknown.
        """
        sent = self.headers(headers, "content-length", *(("accept-encoding",) if accept_encoding else ()))
        if accept_encoding:
            sent["Accept-Encoding"] = accept_encoding
        self.requests += 1
        with self._observed():
            async with self._api.post(
                self.url(raw_path),
                headers=sent,
                # A file is sent piece by piece, large bytes would hold up the event loop.
                data=io.BytesIO(body),
                allow_redirects=False,
                proxy=self._proxy,
            ) as response:
                return UpstreamAnswer(
                    response.status,
                    response.reason or "",
                    CIMultiDict(response.headers),
                    await response.read(),
                )

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        raw_path: str,
        headers: Sequence[tuple[str, str]],
        body: AsyncIterator[bytes] | None,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send any request, its body as it comes in, and give the answer's head; its body is read on demand.

        Raises:
            NotSent, AnswerLost: as ``post``; only before the answer's head.
        """
        self.requests += 1
        request = self._streams.request(
            method,
            self.url(raw_path),
            headers=self.headers(headers),
            data=body,
            allow_redirects=False,
            proxy=self._proxy,
        )
        with self._observed():
            response = await request
        try:
            yield response
        finally:
            # A client that left does not have the rest of a download fetched for it.
            response.close() if not response.content.at_eof() else response.release()

    @contextmanager
    def _observed(self) -> Iterator[None]:
        """Tell apart what was not sent from what got no answer, and remember whether ftrack can be reached."""
        try:
            yield
        except (aiohttp.ClientConnectorError, aiohttp.ClientHttpProxyError, aiohttp.ConnectionTimeoutError) as error:
            self.problem = words(error, self._way)
            raise NotSent(self.problem) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self.problem = words(error, self._way)
            raise AnswerLost(self.problem) from None
        self.problem = None

    def open_socket(
        self, raw_path: str, headers: Sequence[tuple[str, str]], protocols: Sequence[str]
    ) -> aiohttp.client._BaseRequestContextManager[aiohttp.ClientWebSocketResponse[bool]]:
        """Open a WebSocket upstream; raises aiohttp's own errors."""
        sent = self.headers(
            headers,
            "sec-websocket-key",
            "sec-websocket-version",
            "sec-websocket-extensions",
            "sec-websocket-protocol",
            "accept-encoding",
        )
        return self._streams.ws_connect(
            self.url(raw_path),
            headers=sent,
            protocols=protocols,
            autoping=False,
            autoclose=True,
            max_msg_size=0,
            compress=0,
            proxy=self._proxy,
        )
