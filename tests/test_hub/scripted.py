"""An event hub that sends what a test scripts, over real sockets; it shares no code with the proxy."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field

from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer


@dataclass
class ScriptedHub:
    """Answers handshakes with ``status`` and ``text``, greets and acknowledges sockets, and keeps them for the test."""

    status: int = 200
    text: str = "session:15:25:websocket"
    acknowledges: bool = True
    handshakes: int = 0
    sockets: asyncio.Queue[web.WebSocketResponse] = field(default_factory=asyncio.Queue)
    heard: list[str] = field(default_factory=list)
    url: str = ""

    async def _handshake(self, _: web.Request) -> web.Response:
        self.handshakes += 1
        return web.Response(status=self.status, text=self.text)

    async def _socket(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(max_msg_size=0, compress=False)
        await socket.prepare(request)
        await socket.send_str("1::")
        subscribed = 0
        async for message in socket:
            self.heard.append(str(message.data))
            if self.acknowledges and str(message.data).startswith("5:"):
                number = str(message.data).split(":")[1]
                await socket.send_str(f'6:::{number}[{{"success":true}}]')
                subscribed += 1
                if subscribed == 3:
                    self.sockets.put_nowait(socket)
        return socket

    async def start(self, aiohttp_server: AiohttpServer) -> ScriptedHub:
        """Listen until the test ends."""
        application = web.Application()
        application.router.add_get("/socket.io/1/", self._handshake)
        application.router.add_get("/socket.io/1/websocket/{session}", self._socket)
        self.url = str((await aiohttp_server(application, shutdown_timeout=0.1)).make_url("/")).rstrip("/")
        return self


def event_frame(topic: str, data: object, **members: object) -> str:
    """A frame with one event."""
    return "5:::" + json.dumps({"name": "ftrack.event", "args": [{"topic": topic, "data": data, **members}]})
