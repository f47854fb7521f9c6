"""Our own endpoints under ``/-/``."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from ftrack_proxy.web.json_pages import error_page, json_page

PREFIX = "/-/"
_READ_METHODS = ("GET", "HEAD")

Page = Callable[[web.Request], Awaitable[web.Response]]


class Management:
    """``health``, ``ready``, ``status``, further ``pages``. Reading needs no token: they show no data and no key."""

    def __init__(self, status: Callable[[], Awaitable[dict[str, Any]]], pages: Mapping[str, Page]) -> None:
        self._status = status
        self.ready = False
        self._pages: dict[str, Page] = {
            "health": self._health,
            "ready": self._ready,
            "status": self._show_status,
            **pages,
        }

    async def handle(self, request: web.Request) -> web.Response:
        """Answer a request below ``/-/``; nothing there is ever passed on to ftrack."""
        page = self._pages.get(request.path.removeprefix(PREFIX).rstrip("/"))
        if page is None:
            known = ", ".join(PREFIX + name for name in self._pages)
            return error_page(404, "NotFoundError", f"There is no such page here; there are {known}.")
        if request.method not in _READ_METHODS:
            response = error_page(405, "MethodNotAllowedError", "This page can be read only (GET).")
            response.headers["Allow"] = ", ".join(_READ_METHODS)
            return response
        response = await page(request)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def _health(self, _: web.Request) -> web.Response:
        return json_page({"status": "ok"})

    async def _ready(self, _: web.Request) -> web.Response:
        """Not tied to ftrack: an orchestrator must not restart the only thing that still serves."""
        return json_page({"status": "ready"}) if self.ready else json_page({"status": "stopping"}, 503)

    async def _show_status(self, _: web.Request) -> web.Response:
        return json_page(await self._status())
