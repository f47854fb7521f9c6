"""Component bytes over HTTP: download, thumbnail, removal, uploads, and a second "file server"."""

from __future__ import annotations

import uuid
from urllib.parse import urlencode

from aiohttp import web

from .engine import ApiError
from .files import Content, UnsatisfiableError, byte_range, generated, thumbnail
from .site import Site

SERVER_LOCATION_ID = "3a372bde-05bc-11e4-8908-20c9d081909b"
_LARGEST_GENERATED = 64 << 20
_LARGEST_THUMBNAIL = 1024


def served(request: web.Request, content: Content, content_type: str) -> web.Response:
    """Content with its tag; conditional and partial requests."""
    headers = {"ETag": content.etag, "Accept-Ranges": "bytes"}
    if request.headers.get("If-None-Match") == content.etag:
        return web.Response(status=304, headers=headers)
    if request.headers.get("If-Range") not in (None, content.etag):
        part = None
    else:
        try:
            part = byte_range(request.headers.get("Range"), len(content.data))
        except UnsatisfiableError:
            headers["Content-Range"] = f"bytes */{len(content.data)}"
            return web.Response(status=416, headers=headers)
    if part is None:
        return web.Response(body=content.data, headers=headers, content_type=content_type)
    headers["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{len(content.data)}"
    return web.Response(status=206, body=content.data[part], headers=headers, content_type=content_type)


class ComponentEndpoint:
    """Everything below /component/, /files/component/ and /upload/."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tickets: dict[str, str] = {}

    async def answer(self, request: web.Request, name: str) -> web.StreamResponse:
        """GET /component/<name>; the credentials are in the query string and nowhere else."""
        query = request.query
        try:
            caller = self._site.engine.authenticate(query.get("username", ""), query.get("apiKey", ""))
        except ApiError as error:
            return web.Response(status=401, text=error.content)
        component_id = query.get("id", "")
        if name == "getPutMetadata":
            return web.json_response(
                {"url": self._site.engine.upload_url(component_id), "headers": {}, "component_id": component_id}
            )
        if not self._visible(component_id, caller.username):
            return web.Response(status=403, text="permission denied")
        if name == "get":
            return self._get(request, component_id)
        if name == "thumbnail":
            return self._thumbnail(request, component_id)
        if name == "remove":
            self._site.ledger.add("component_removes")
            known = self.content(component_id) is not None
            self._site.files.remove(component_id)
            return web.Response(text="ok") if known else web.Response(status=404, text="no such component")
        return web.Response(status=404, text="no such end point")

    def _get(self, request: web.Request, component_id: str) -> web.Response:
        self._site.ledger.add("downloads")
        content = self.content(component_id)
        if content is None:
            return web.Response(status=404, text="no such component")
        if self._site.redirect_components:
            ticket = uuid.uuid4().hex
            self._tickets[ticket] = component_id
            location = f"{self._site.base_url}/files/component/{component_id}?{urlencode({'ticket': ticket})}"
            return web.Response(status=302, headers={"Location": location})
        return served(request, content, "application/octet-stream")

    def _thumbnail(self, request: web.Request, component_id: str) -> web.Response:
        content = self.content(component_id)
        if content is None and (self._site.files.removed(component_id) or not self._known(component_id)):
            return web.Response(status=404, text="no such component")
        try:
            size = min(max(1, int(request.query.get("size", "300"))), _LARGEST_THUMBNAIL)
        except ValueError:
            return web.Response(status=400, text="size must be a number")
        seed = component_id + (content.etag if content is not None else "")
        return served(request, Content.of(thumbnail(seed, size)), "image/png")

    def file_server(self, request: web.Request, component_id: str) -> web.Response:
        """GET /files/component/<id>?ticket=...: where downloads are redirected to."""
        content = self.content(component_id)
        if self._tickets.get(request.query.get("ticket", "")) != component_id or content is None:
            return web.Response(status=403, text="no such ticket")
        return served(request, content, "application/octet-stream")

    async def upload(self, request: web.Request, component_id: str) -> web.Response:
        """PUT of a signed upload URL; with `upload_id` and `part_number` one part of several."""
        self._site.ledger.add("uploads")
        data = bytearray()
        async for block in request.content.iter_any():
            data += block
        query = request.query
        if "upload_id" in query:
            content = self._site.files.put_part(query["upload_id"], int(query["part_number"]), bytes(data))
        else:
            content = self._site.files.put(component_id, bytes(data))
        return web.Response(headers={"ETag": content.etag})

    def content(self, component_id: str) -> Content | None:
        """Stored bytes; else generated ones for a component that the production has on the server."""
        stored = self._site.files.get(component_id)
        if stored is not None or self._site.files.removed(component_id) or '"' in component_id:
            return stored
        rows = self._site.engine.query(
            "select component_id, component.size from ComponentLocation"
            f' where component_id is "{component_id}" and location_id is "{SERVER_LOCATION_ID}"'
        )
        if not rows:
            return None
        size = min(int((rows[0].get("component") or {}).get("size") or 0) or 4096, _LARGEST_GENERATED)
        return Content.of(b"".join(generated(component_id, size)))

    def _known(self, component_id: str, username: str | None = None) -> bool:
        """Whether there is such a component (that *username* may see)."""
        expression = f'select id from Component where id is "{component_id}"'
        return bool(component_id) and '"' not in component_id and bool(self._site.engine.query(expression, username))

    def _visible(self, component_id: str, username: str) -> bool:
        """A component that is not known (any more) hides nothing."""
        return self._known(component_id, username) or not self._known(component_id)
