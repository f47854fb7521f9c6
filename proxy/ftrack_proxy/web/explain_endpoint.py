"""``/-/explain``: why a query is answered as it is."""

from __future__ import annotations

import ipaddress
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from ftrack_proxy.web.json_pages import error_page, json_page

_EXAMPLE = "/-/explain?expression=select%20name%20from%20Task"


class ExplainPage:
    """Answers clients on this machine only: it shows no data, but it shows what others ask."""

    def __init__(self, explain: Callable[[str], Awaitable[dict[str, Any]]]) -> None:
        self._explain = explain

    async def handle(self, request: web.Request) -> web.Response:
        """Answer with the document, as JSON."""
        if not _is_loopback(request.remote):
            return error_page(
                403,
                "PermissionDeniedError",
                "/-/explain answers clients on the proxy's own machine only: run ftrack-proxy explain there.",
            )
        expression = request.query.get("expression", "")
        if not expression.strip():
            return error_page(400, "ValidationError", f"The parameter expression is missing; for example {_EXAMPLE}.")
        return json_page(await self._explain(expression))


def _is_loopback(peer: str | None) -> bool:
    try:
        address = ipaddress.ip_address(peer or "")
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback
