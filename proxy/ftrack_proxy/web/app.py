"""Which request goes where."""

from __future__ import annotations

import logging

from aiohttp import web

from ftrack_proxy.hub.relay import HubRelay
from ftrack_proxy.protocol.headers import LOOP_HEADER
from ftrack_proxy.protocol.hub_packets import SOCKET_PATH
from ftrack_proxy.request.api import Api
from ftrack_proxy.request.call import Reply
from ftrack_proxy.request.identify import identify
from ftrack_proxy.request.reply import of_error
from ftrack_proxy.upstream.client import UpstreamClient
from ftrack_proxy.web.host_check import HostCheck
from ftrack_proxy.web.management import PREFIX, Management
from ftrack_proxy.web.passthrough import PassThrough

_log = logging.getLogger(__name__)


class Front:
    """Takes every request and hands it to who answers it."""

    def __init__(
        self,
        *,
        api: Api,
        relay: HubRelay,
        pass_through: PassThrough,
        management: Management,
        host_check: HostCheck,
        client: UpstreamClient,
        salt: bytes,
        instance: str,
    ) -> None:
        self._api = api
        self._relay = relay
        self._pass_through = pass_through
        self._management = management
        self._host_check = host_check
        self._client = client
        self._salt = salt
        self._instance = instance

    def application(self) -> web.Application:
        """The aiohttp application; bodies are of any size."""
        application = web.Application(client_max_size=0)
        application.router.add_route("*", "/{path:.*}", self.handle)
        return application

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Route one request; whatever goes wrong here, the client gets an error that it can read."""
        try:
            return await self._route(request)
        except web.HTTPException:
            raise
        except ConnectionError:
            # The client has left; there is nobody to answer.
            raise
        except Exception:
            # The path alone: query strings carry API keys.
            _log.exception("unexpected error answering %s %s", request.method, request.path)
            return _response(
                of_error(
                    500,
                    "ProxyError",
                    "ftrack-proxy failed to answer this request; its log says more. Please report it.",
                    "proxy_error",
                )
            )

    async def _route(self, request: web.Request) -> web.StreamResponse:
        if not self._host_check.accepts(request.headers.get("Host")):
            return _response(_wrong_host())
        if self._instance in request.headers.get(LOOP_HEADER, ""):
            return _response(_loop())
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
        return await self._pass_through.handle(request)

    async def _answer_api(self, request: web.Request) -> web.Response:
        body = await request.read()
        pairs = list(request.headers.items())
        call = identify(request.raw_path, request.headers, pairs, body, self._salt)
        return _response(await self._api.answer(call))


def _wants_websocket(request: web.Request) -> bool:
    return request.headers.get("Upgrade", "").lower() == "websocket"


def _response(reply: Reply) -> web.Response:
    response = web.Response(status=reply.status, body=reply.body)
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


def _loop() -> Reply:
    return of_error(
        508,
        "LoopDetectedError",
        "ftrack-proxy got its own request back: its upstream leads to itself. Set the upstream "
        "(FTRACK_PROXY_UPSTREAM) to the address of the ftrack server.",
        "proxy_loop",
    )
