"""The event hub for clients: their sockets joined to ftrack's, frame by frame."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import aiohttp
from aiohttp import web

from ftrack_proxy.hub.messages import CooperativeYield, HubMessage, MessageIntake
from ftrack_proxy.protocol.headers import combined
from ftrack_proxy.request.reply import unreachable
from ftrack_proxy.upstream.client import MAX_FRAME, UpstreamClient

_Socket = aiohttp.ClientWebSocketResponse[bool] | web.WebSocketResponse[bool]


class HubRelay:
    """Relays WebSockets. What ftrack sends is taken in, and ``recorded``, before the client gets it (G2), unchanged."""

    def __init__(self, client: UpstreamClient, intake: MessageIntake, recorded: Callable[[], Awaitable[None]]) -> None:
        self._client = client
        self._intake = intake
        self._recorded = recorded
        self._sockets: set[web.WebSocketResponse[bool]] = set()

    async def relay(self, request: web.Request) -> web.StreamResponse:
        """Open the same socket upstream, accept the client's, and join them until either side ends."""
        headers = [(name, value) for name, value in request.headers.items()]
        named = (combined(request.headers, "Sec-WebSocket-Protocol") or "").split(",")
        offered = [name.strip() for name in named if name.strip()]
        try:
            upstream = await self._client.open_socket(request.raw_path, headers, offered)
        except aiohttp.WSServerHandshakeError as error:
            return web.Response(status=error.status if error.status >= 400 else 502)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            answer = unreachable(str(self._client.origin), type(error).__name__)
            return web.Response(status=answer.status, headers=answer.headers, body=answer.body)
        async with upstream:
            downstream = web.WebSocketResponse(
                autoping=False,
                autoclose=True,
                max_msg_size=MAX_FRAME,
                compress=False,
                decode_text=False,
                protocols=(upstream.protocol,) if upstream.protocol else (),
            )
            await downstream.prepare(request)
            self._sockets.add(downstream)
            try:
                await self._join(downstream, upstream)
            finally:
                self._sockets.discard(downstream)
        return downstream

    async def close(self) -> None:
        """End all relayed sockets, as a server does that goes away."""
        await asyncio.gather(
            *(socket.close(code=aiohttp.WSCloseCode.GOING_AWAY) for socket in list(self._sockets)),
            return_exceptions=True,
        )

    async def _join(
        self, downstream: web.WebSocketResponse[bool], upstream: aiohttp.ClientWebSocketResponse[bool]
    ) -> None:
        directions = [
            asyncio.create_task(_pass_on(upstream, downstream, self._take_in), name="hub to client"),
            asyncio.create_task(_pass_on(downstream, upstream), name="client to hub"),
        ]
        try:
            await asyncio.wait(directions, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for direction in directions:
                direction.cancel()
            await asyncio.gather(*directions, return_exceptions=True)
            code = upstream.close_code or downstream.close_code
            # 1005 and 1006 say that no code came over the wire; they cannot be sent either.
            with suppress(ConnectionError, RuntimeError):
                await downstream.close(code=code if code and code not in (1005, 1006) else 1000)

    async def _take_in(self, message: HubMessage) -> None:
        self._intake.take_message(message)
        await self._recorded()


async def _pass_on(
    source: _Socket, target: _Socket, take_in: Callable[[HubMessage], Awaitable[None]] | None = None
) -> None:
    """Pass frames on, byte for byte, until the source ends or the target cannot take them."""
    fairness = CooperativeYield()
    with suppress(ConnectionError, RuntimeError, aiohttp.ClientError):
        while True:
            message = await source.receive()
            if take_in is not None:
                await take_in(message)
            match message.type:
                case (
                    aiohttp.WSMsgType.TEXT | aiohttp.WSMsgType.BINARY | aiohttp.WSMsgType.PING | aiohttp.WSMsgType.PONG
                ):
                    await target.send_frame(message.data, message.type)
                    await fairness.maybe_yield()
                case _:
                    return
