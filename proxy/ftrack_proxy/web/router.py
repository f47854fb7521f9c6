"""Which request goes where."""

from __future__ import annotations

import logging
from dataclasses import replace

from aiohttp import HttpVersion11, web

from ftrack_proxy.hub.relay import HubRelay
from ftrack_proxy.identity.permissions import Headers, preflight_of
from ftrack_proxy.observe.exception_summary import exception_summary
from ftrack_proxy.ports import Clock
from ftrack_proxy.protocol.headers import LOOP_HEADER, combined
from ftrack_proxy.protocol.hub_packets import SOCKET_PATH
from ftrack_proxy.request.api import Api
from ftrack_proxy.request.call import Progress, Reply
from ftrack_proxy.request.identify import Identifier
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.reply import failed, of_error
from ftrack_proxy.request.running.body_memory import SHORT
from ftrack_proxy.request.running.threads import working_for
from ftrack_proxy.request.running.unpack import unpacked_body
from ftrack_proxy.upstream.client import UpstreamClient
from ftrack_proxy.web.body_reader import BodyReader
from ftrack_proxy.web.connection import Connection
from ftrack_proxy.web.cross_site import CrossSiteCheck
from ftrack_proxy.web.host_check import HostCheck
from ftrack_proxy.web.management import PREFIX, Management
from ftrack_proxy.web.passthrough import PassThrough, may_write
from ftrack_proxy.web.streaming import stream

_log = logging.getLogger(__name__)


class RequestRouter:
    """Hands each request to the part of the proxy that answers it."""

    def __init__(
        self,
        *,
        api: Api,
        relay: HubRelay,
        pass_through: PassThrough,
        body_reader: BodyReader,
        management: Management,
        host_check: HostCheck,
        cross_site_check: CrossSiteCheck,
        acceptance: Acceptance,
        clock: Clock,
        client: UpstreamClient,
        identifier: Identifier,
        instance: str,
    ) -> None:
        self._api = api
        self._relay = relay
        self._pass_through = pass_through
        self._body_reader = body_reader
        self._management = management
        self._host_check = host_check
        self._cross_site_check = cross_site_check
        self._acceptance = acceptance
        self._clock = clock
        self._client = client
        self._identifier = identifier
        self._instance = instance

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Route one request; whatever goes wrong here, the client gets an error that it can read."""
        response = await self._answer(request)
        if isinstance(response, web.Response) and not isinstance(response, _UpstreamResponse):
            self._add_cors_headers(request, response)
        return response

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        _watch(request, Progress())
        try:
            if "Expect" in request.headers and not await _continue(request):
                return _response(_expectation_failed())
            return await self._route(request)
        except ConnectionError:
            # The client has left; there is nobody to answer.
            raise
        except web.RequestPayloadError:
            return _response(_bad_body())
        except Exception as error:
            # Neither address nor text: both may carry API keys.
            _log.error("unexpected error answering a request; please report it: %s", exception_summary(error))
            return _response(failed())

    async def _route(self, request: web.Request) -> web.StreamResponse:
        if not self._host_check.accepts(request.headers.get("Host")):
            return _response(_wrong_host())
        if LOOP_HEADER in request.headers and self._instance in (combined(request.headers, LOOP_HEADER) or ""):
            return _response(_loop())
        admitted = self._cross_site_check.admit(request)
        if isinstance(admitted, Reply):
            return _response(admitted)
        request = admitted
        path = "/" + request.path.lstrip("/")
        if request.path.startswith(PREFIX):
            return await self._management.handle(request)
        if path == "/api" and request.method == "POST":
            return await self._answer_api(request)
        if path.startswith(SOCKET_PATH) and _wants_websocket(request):
            return await self._relay.relay(request)
        if request.method in ("GET", "HEAD") and request.headers.get("Sec-Fetch-Mode") == "navigate":
            # A person in a browser wants ftrack's own pages, at the address that its cookies belong to.
            return web.Response(status=302, headers={"Location": str(self._client.url(request.raw_path))})
        known = self._answer_preflight(request)
        if known is not None:
            return known
        _watch(request, Progress(may_write(request.method, request.path)))
        return await self._pass_through.handle(request)

    def _add_cors_headers(self, request: web.Request, response: web.Response) -> None:
        """Let a page read our own answers if ftrack lets it read ftrack's, with the same headers."""
        origin, own = request.headers.get("Origin"), request.path.startswith(PREFIX)
        if origin is None or own:
            return
        for name, value in self._cors_headers(origin, request.path) or ():
            response.headers.add(name, value)
        _vary_by_origin(response)

    def _cors_headers(self, origin: str, path: str) -> Headers | None:
        return self._acceptance.permissions.of(origin, path, self._clock())

    def _answer_preflight(self, request: web.Request) -> web.Response | None:
        """Answer a preflight of the API as ftrack did; ``None`` for other requests, and if it is not known how."""
        preflight = preflight_of(request.method, "/" + request.path.lstrip("/"), request.headers)
        if preflight is None or preflight.path != "/api":
            return None
        permission = self._acceptance.permissions.of_preflight(preflight, self._clock())
        if permission is None:
            return None
        response = _response(Reply(permission.status, permission.headers, b"", speaks_for_ftrack=True))
        _vary_by_origin(response)
        return response

    async def _answer_api(self, request: web.Request) -> web.StreamResponse:
        working_for.set((request.headers.get("ftrack-user"), request.headers.get("ftrack-api-key")))
        if (request.content_length or SHORT + 1) <= SHORT:
            return await self._answer_call(request, await request.read())
        async with self._body_reader.read(request) as body:
            if not body.is_whole:
                _watch(request, Progress(may_write(request.method, request.path)))
                return await self._pass_through.handle(request, body.data)
            return await self._answer_call(request, body.data)

    async def _answer_call(self, request: web.Request, body: bytes) -> web.StreamResponse:
        plain: bytes | None = body
        encodings = request.headers.getall("Content-Encoding", ())
        if encodings:
            plain = await unpacked_body(body, ", ".join(encodings), self._body_reader.limit)
        pairs = list(request.headers.items())
        call = self._identifier.identify(request.raw_path, pairs, body, plain)
        _watch(request, call.progress)
        if call.origin is not None and self._cors_headers(call.origin, request.path) is None:
            # Only ftrack can say whether the page may read the answer: it has to be asked.
            call = replace(call, directives=replace(call.directives, no_cache=True))
        reply = await self._api.answer(call)
        return _response(reply) if reply.rest is None else await stream(request, reply, reply.rest)


def _watch(request: web.Request, progress: Progress) -> None:
    """Give the connection the request's progress: whether it writes decides how it is cut off."""
    if isinstance(request.protocol, Connection):
        request.protocol.watch(progress)


async def _continue(request: web.Request) -> bool:
    """Ask for the body if the client waits for that (RFC 9110 10.1.1); false if it expects anything else."""
    if (combined(request.headers, "Expect") or "").lower() != "100-continue":
        return False
    if request.version >= HttpVersion11:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        # This was no answer yet.
        request.writer.output_size = 0
    return True


def _wants_websocket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _vary_by_origin(response: web.Response) -> None:
    """Tell caches that another page gets another answer."""
    vary = response.headers.getall("Vary", ())
    if "origin" not in {name.strip().lower() for value in vary for name in value.split(",")}:
        response.headers.add("Vary", "Origin")


class _UpstreamResponse(web.Response):
    """A response whose headers are ftrack's own, CORS headers included: none are added."""


def _response(reply: Reply) -> web.Response:
    kind = _UpstreamResponse if reply.speaks_for_ftrack else web.Response
    response = kind(status=reply.status, body=reply.body)
    for name, value in reply.headers:
        if name == "Content-Type":
            response.headers[name] = value
        else:
            response.headers.add(name, value)
    return response


def _wrong_host() -> Reply:
    return of_error(
        421,
        "MisdirectedRequestError",
        "ftrack-proxy does not answer to this host name. Use http://localhost, an address, or allow the name "
        "with the setting allowed_hosts (FTRACK_PROXY_ALLOWED_HOSTS).",
        "proxy_host_not_allowed",
    )


def _expectation_failed() -> Reply:
    return of_error(
        417,
        "ExpectationFailedError",
        "This request has an Expect header other than 100-continue, which ftrack-proxy does not know.",
        "proxy_expectation_failed",
    )


def _bad_body() -> Reply:
    return of_error(
        400,
        "MalformedRequestError",
        "The body of this request is not what its headers say (Content-Length, Transfer-Encoding).",
        "proxy_malformed_request",
    )


def _loop() -> Reply:
    return of_error(
        508,
        "LoopDetectedError",
        "ftrack-proxy got its own request back: its upstream leads to itself. Set the upstream "
        "(FTRACK_PROXY_UPSTREAM) to the address of the ftrack server.",
        "proxy_loop",
    )
