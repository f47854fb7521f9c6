"""What a browser is told of pages of other origins.

The JavaScript client asks with ``credentials: "include"`` from any origin, which a browser allows only if the server
names the origin and permits credentials; so that is what is answered (inferred from ftrack-javascript session.ts).
"""

from __future__ import annotations

import dataclasses

from aiohttp import web


@dataclasses.dataclass
class CrossOrigin:
    """Which origins may read: ``permitted`` is ``None`` for all. ``public``: ``*`` instead of the origin's name."""

    permitted: frozenset[str] | None = None
    public: bool = False
    max_age: int | None = 600

    def permits(self, origin: str) -> bool:
        return self.permitted is None or origin in self.permitted

    def preflight(self, request: web.Request) -> web.Response | None:
        """The answer to a preflight; ``None`` for other requests."""
        headers = request.headers
        if request.method != "OPTIONS" or "Origin" not in headers or "Access-Control-Request-Method" not in headers:
            return None
        response = web.Response(status=204)
        if self.permits(headers["Origin"]):
            response.headers["Access-Control-Allow-Methods"] = "GET, POST, PUT, OPTIONS"
            if "Access-Control-Request-Headers" in headers:
                response.headers["Access-Control-Allow-Headers"] = headers["Access-Control-Request-Headers"]
            if self.max_age is not None:
                response.headers["Access-Control-Max-Age"] = str(self.max_age)
        return response

    async def sign(self, request: web.Request, response: web.StreamResponse) -> None:
        """Add to any answer what its page may do with it; before its head is sent."""
        origin = request.headers.get("Origin")
        if origin is None:
            return
        response.headers.add("Vary", "Origin")
        if not self.permits(origin):
            return
        response.headers["Access-Control-Allow-Origin"] = "*" if self.public else origin
        if not self.public:
            response.headers["Access-Control-Allow-Credentials"] = "true"
