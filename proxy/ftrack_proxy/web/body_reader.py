"""Reads the bodies of requests into memory, within limits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web

from ftrack_proxy.request.running.body_memory import BodyMemory, Lease


@dataclass(frozen=True, slots=True)
class RequestBody:
    """What was read of a body: all of it, or the beginning of one that is too long."""

    data: bytes
    is_whole: bool


class BodyReader:
    """Reads bodies of up to ``limit`` bytes, all together no more than ``room`` has."""

    def __init__(self, limit: int, room: BodyMemory) -> None:
        self.limit = limit
        self._room = room

    @asynccontextmanager
    async def read(self, request: web.Request) -> AsyncIterator[RequestBody]:
        """Read a request's body, for as long as the context is open."""
        lease = Lease(self._room)
        try:
            yield await self._read(request, lease)
        finally:
            lease.close()

    async def _read(self, request: web.Request, lease: Lease) -> RequestBody:
        if (request.content_length or 0) > self.limit:
            return RequestBody(b"", is_whole=False)
        pieces, size = bytearray(), 0
        while piece := await request.content.readany():
            pieces += piece
            size += len(piece)
            if size > self.limit or not lease.covers(size):
                return RequestBody(bytes(pieces), is_whole=False)
        return RequestBody(bytes(pieces), is_whole=True)
