"""The HTTP face of the simulated server: every request comes through here."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from aiohttp import web

from .api import ApiEndpoint, Batch
from .components import ComponentEndpoint
from .counters import Record
from .faults import Asked, Fault, Stage
from .files import thumbnail
from .site import Site
from .streams import echo, generated_bytes, sink

Handler = Callable[[web.Request, str], Awaitable[web.StreamResponse]]
_SLOW = ("/api", "/component/")
_PAGE = "<!doctype html><title>ftrack</title><p>simulated ftrack server"
_XML_RPC = '<?xml version="1.0"?><methodResponse><params/></methodResponse>'


class _NoAnswerError(Exception):
    """The connection was closed on purpose."""


class Face:
    """Takes requests, applies latency and faults, logs, and hands them to the end points."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.api = ApiEndpoint(site)
        self.components = ComponentEndpoint(site)
        self.control: Handler | None = None
        self.application = web.Application(client_max_size=0)
        self.application.router.add_route("*", "/{tail:.*}", self._handle)
        self.application.on_response_prepare.append(site.cross_origin.sign)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.raw_path.partition("?")[0].lstrip("/")
        if path.startswith("/_sim/") and self.control is not None:
            return await self.control(request, path.removeprefix("/_sim/"))
        self._site.ledger.add("requests")
        batch: Batch | None = None
        if path == "/api" and request.method == "POST":
            batch = Batch.read(await request.read(), request.headers.get("Content-Encoding"))
            self._site.ledger.batch(batch.operations)
        response: web.StreamResponse | None = None
        try:
            response = await self._disturbed(request, path, batch)
        except _NoAnswerError:
            if request.transport is not None:
                request.transport.close()
            # The connection is gone: this answer goes nowhere.
            return web.Response(status=500)
        finally:
            self._site.ledger.record(
                Record(
                    request.method,
                    request.raw_path,
                    dict(request.headers),
                    batch.body if batch else b"",
                    response.status if response is not None else None,
                )
            )
        return response

    async def _disturbed(self, request: web.Request, path: str, batch: Batch | None) -> web.StreamResponse:
        asked = Asked(path, batch.actions if batch else (), batch.text if batch else request.raw_path)
        faults = self._site.faults.take(asked)
        pause = self._site.latency / 2 if path.startswith(_SLOW) else 0.0
        replaced = await self._suffer(faults, "before") or self._turned_away(request)
        if replaced is not None:
            return replaced
        if pause:
            await asyncio.sleep(pause)
        response = self.api.answer(request, batch) if batch else await self._route(request, path)
        replaced = await self._suffer(faults, "after")
        if pause:
            await asyncio.sleep(pause)
        return replaced or response

    def _turned_away(self, request: web.Request) -> web.Response | None:
        """A gateway's answer to who has not logged in there; preflights carry no log-in, and get through."""
        preflight = self._site.cross_origin.preflight(request)
        if preflight is not None:
            return preflight
        cookie, authorization = self._site.gateway_cookie, self._site.gateway_authorization
        if cookie is not None and request.cookies.get("sso") != cookie:
            return web.Response(status=302, headers={"Location": "https://login.test/"})
        if authorization is not None and request.headers.get("Authorization") != authorization:
            return web.Response(status=401, text="log in", headers={"WWW-Authenticate": "Basic"})
        return None

    async def _suffer(self, faults: list[Fault], stage: Stage) -> web.Response | None:
        for fault in faults:
            if fault.stage != stage:
                continue
            if fault.kind in ("hold", "hang"):
                await fault.gate.pass_through()
            if fault.kind in ("drop", "hang"):
                raise _NoAnswerError
            if fault.kind == "fail":
                return web.Response(status=fault.status, body=fault.body, content_type=fault.content_type)
        return None

    async def _route(self, request: web.Request, path: str) -> web.StreamResponse:
        first, _, rest = path.lstrip("/").partition("/")
        if first == "component":
            return await self.components.answer(request, rest)
        if first == "socket.io":
            return await self._hub(request, rest)
        if first == "upload" and request.method in ("PUT", "POST"):
            return await self.components.upload(request, rest)
        if first == "files":
            return await self._files(request, rest)
        if first == "echo":
            return await echo(request)
        return self._page(request, path)

    async def _hub(self, request: web.Request, rest: str) -> web.StreamResponse:
        if rest.strip("/") == "1":
            return await self._site.hub.handshake(request)
        if rest.startswith("1/websocket/"):
            return await self._site.hub.socket(request, rest.removeprefix("1/websocket/").strip("/"))
        return web.Response(status=404, text="unknown transport")

    async def _files(self, request: web.Request, rest: str) -> web.StreamResponse:
        kind, _, name = rest.partition("/")
        if kind == "generated" and name.isdigit():
            return await generated_bytes(request, int(name), self._site.stream_hold)
        if kind == "sink" and request.method in ("PUT", "POST"):
            return await sink(request, self._site.stream_hold)
        if kind == "component":
            return self.components.file_server(request, name)
        return web.Response(status=404, text="no such file")

    def _page(self, request: web.Request, path: str) -> web.Response:
        if path == "/":
            headers = {"FTRACK_VERSION": self._site.version}
            return web.Response(text=_PAGE, content_type="text/html", headers=headers)
        if path == "/api":
            return web.Response(status=405, text="POST only", headers={"Allow": "POST"})
        if path == "/img/thumbnail2.png":
            return web.Response(body=thumbnail("placeholder", 16), content_type="image/png")
        if path == "/user/api_credentials":
            return web.Response(text=_PAGE, content_type="text/html")
        if path.rstrip("/") == "/client":
            return web.Response(text=_XML_RPC, content_type="text/xml")
        return web.Response(status=404, text="not found")
