"""One line a request, at debug level: who asked (a short digest), what, how it was answered, how long that took."""

from __future__ import annotations

import logging
import time
from contextlib import suppress

from aiohttp import web

from ftrack_proxy.identity.credentials import credentials_of
from ftrack_proxy.identity.principal import account_of
from ftrack_proxy.request.description import described_batch, described_request
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.request.running.body_memory import SHORT
from ftrack_proxy.web.listener import Handler

_log = logging.getLogger("ftrack_proxy.request")

_OURS = "ftrack-proxy; "


def is_wanted() -> bool:
    """True if requests are to be logged; if not, they are not wrapped at all."""
    return _log.isEnabledFor(logging.DEBUG)


class RequestLog:
    """Hands requests on to ``handler`` and logs each."""

    def __init__(self, handler: Handler, schema: KnownSchema, salt: bytes) -> None:
        self._handler = handler
        self._schema = schema
        self._salt = salt

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        """Answer a request."""
        began = time.perf_counter()
        response: web.StreamResponse | None = None
        try:
            response = await self._handler(request)
            return response
        finally:
            took = (time.perf_counter() - began) * 1000
            self._log_line(self._who(request), await self._what(request), response, round(took, 3))

    def _log_line(self, who: str, what: str, response: web.StreamResponse | None, took: float) -> None:
        status = None if response is None else response.status
        verdict = "not answered" if response is None else _verdict(response)
        fields = {"who": who, "what": what, "verdict": verdict, "status": status, "milliseconds": took}
        _log.debug("%s asks %s: %s (%s), %.1f ms", who, what, verdict, status, took, extra={"fields": fields})

    def _who(self, request: web.Request) -> str:
        credentials = credentials_of(request.headers.items())
        return account_of(credentials, self._salt).hex()[:8] if credentials else "somebody"

    async def _what(self, request: web.Request) -> str:
        path = "/" + request.path.lstrip("/")
        if path != "/api" or request.method != "POST":
            return described_request(request.method, path)
        body = None
        # Only what the handler has read already: the client is not waited for.
        if (request.content_length or SHORT + 1) <= SHORT and request.content.is_eof():
            with suppress(Exception):
                body = await request.read()
        return described_batch(body, self._schema.catalogue)


def _verdict(response: web.StreamResponse) -> str:
    """Our own part of ``Cache-Status``: what proxies behind us say of themselves is theirs."""
    status = response.headers.get("Cache-Status", "")
    _, found, ours = status.rpartition(_OURS)
    return ours if found else "no verdict"
