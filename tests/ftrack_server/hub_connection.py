"""One socket of the event hub: its subscribers, its queue of outgoing packets, its heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from aiohttp import web

from .hub_expression import Test

if TYPE_CHECKING:
    from .hub import Hub

Subscriber = tuple[dict[str, Any], str, Test]


class Connection:
    """An open socket of one user."""

    def __init__(
        self, hub: Hub, request: web.Request, websocket: web.WebSocketResponse, username: str, user_id: str
    ) -> None:
        self.username = username
        self.user_id = user_id
        self.subscribers: dict[str, Subscriber] = {}
        self.queued = 0
        # Heartbeats that were sent, and answers to them.
        self.beats = self.echoes = 0
        self._hub = hub
        self._request = request
        self._websocket = websocket
        self._outbox: asyncio.Queue[str] = asyncio.Queue()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Begin to send."""
        self._tasks = [asyncio.create_task(self._write()), asyncio.create_task(self._beat())]

    def stop(self) -> None:
        """Stop sending; what is queued is lost."""
        self.queued = 0
        for task in self._tasks:
            task.cancel()

    def tear(self) -> None:
        """Cut the connection under the protocol's feet."""
        if self._request.transport is not None:
            self._request.transport.abort()

    def send(self, packet: str) -> None:
        """Queue one packet, unless the hub is silent."""
        if not self._hub.silent:
            self.queued += 1
            self._outbox.put_nowait(packet)

    def wants(self, event: Mapping[str, Any], target: Test | None) -> bool:
        """Whether some subscriber of this connection is meant and interested."""
        return any(
            (target is None or target(metadata)) and test(event)
            for metadata, _, test in list(self.subscribers.values())
        )

    async def _write(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                packet = await self._outbox.get()
                if not self._hub.silent:
                    await self._websocket.send_str(packet)
                with self._hub.board.change():
                    self.queued = max(0, self.queued - 1)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._hub.heartbeat)
            self.beat()

    def beat(self) -> None:
        """Send a heartbeat, which the client is to answer."""
        if not self._hub.silent:
            self.beats += 1
            self.send("2::")
