"""One change feed: a subscription of our own at ftrack's event hub, reconnecting for ever."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from ftrack_proxy.hub.intake import TOPICS
from ftrack_proxy.hub.turns import FeedTurn, OnRefusal, OnTurn, Standing, shown
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.ports import AnswerLost, Clock, NotSent
from ftrack_proxy.protocol import hub_packets
from ftrack_proxy.protocol.hub_packets import HANDSHAKE_PATH, SOCKET_PATH, Handshake, PacketCode
from ftrack_proxy.upstream.client import UpstreamClient

_HANDSHAKE_TIMEOUT = 30.0
_ACKNOWLEDGEMENT_TIMEOUT = 15.0
_LONGEST_PAUSE = 15.0
# Silence for longer than this means that the connection is dead or the machine slept. The server sends a
# heartbeat at least every 15 s, for the sake of the JavaScript client (ftrack-protocol 6.2).
_DEFAULT_HEARTBEAT = 15.0
_SILENCE_FACTOR = 1.6


class HubTrouble(Exception):
    """The hub cannot be reached, refuses, or went silent; the text says which."""


class HubRefusal(HubTrouble):
    """The hub refuses the credentials."""


class ChangeFeed:
    """Listens with one user's credentials. ``position`` tells in which stretch it is, and whether it is live.

    A stretch is live from the hub's acknowledgement of the last subscription to the first sign of trouble.
    """

    def __init__(
        self,
        client: UpstreamClient,
        credentials: Credentials,
        *,
        on_frame: Callable[[str], None],
        next_stretch: Callable[[], int],
        clock: Clock,
        on_turn: OnTurn,
        on_refusal: OnRefusal,
    ) -> None:
        self.credentials = credentials
        self.first_attempt = asyncio.Event()
        self._on_turn = on_turn
        self._on_refusal = on_refusal
        self._turn = FeedTurn(shown(credentials.user), Standing.CONNECTING, "connecting")
        self._client = client
        self._on_frame = on_frame
        self._next_stretch = next_stretch
        self._clock = clock
        self._stretch = next_stretch()
        self._live = False
        self._silence_limit = _DEFAULT_HEARTBEAT * _SILENCE_FACTOR
        self._heard = 0.0

    @property
    def problem(self) -> str | None:
        """Why the feed is not live."""
        return self._turn.reason

    def position(self) -> tuple[int, bool]:
        """Return (stretch, live) as of now: a feed that has been silent for too long is not live (laptop sleep)."""
        if self._live and self._clock() - self._heard > self._silence_limit:
            self._interrupt("nothing heard from the event hub in time")
        return self._stretch, self._live

    async def run(self) -> None:
        """Connect, listen, and connect again; ends only by cancellation."""
        while True:
            async for attempt in AsyncRetrying(
                wait=wait_random_exponential(multiplier=0.25, max=_LONGEST_PAUSE),
                retry=retry_if_exception_type(HubTrouble),
            ):
                with attempt:
                    await self._attempt()

    async def _attempt(self) -> None:
        """One connection from handshake to loss. Returns if it was live for a while, so that pauses start short."""
        was_live = False
        try:
            async with asyncio.timeout(_HANDSHAKE_TIMEOUT):
                handshake = await self._shake_hands()
                socket = await self._open(handshake)
            async with socket:
                await self._subscribe(socket)
                was_live = True
                await self._listen(socket)
        except (aiohttp.ClientError, NotSent, AnswerLost, TimeoutError, OSError) as error:
            self._interrupt(_words(error))
            if not was_live:
                raise HubTrouble from None
        except HubTrouble as error:
            self._interrupt(str(error), Standing.REFUSED if isinstance(error, HubRefusal) else Standing.GAP)
            if not was_live:
                raise
        finally:
            self.first_attempt.set()
        await asyncio.sleep(0.05)

    async def _shake_hands(self) -> Handshake:
        headers = [("ftrack-user", self.credentials.user), ("ftrack-api-key", self.credentials.key)]
        sent = self._clock()
        async with self._client.stream("GET", HANDSHAKE_PATH, headers, None) as response:
            text = (await response.content.read(4096)).decode("utf-8", "replace")
            if response.status in (401, 403) or hub_packets.refuses_handshake(text):
                self._on_refusal(self.credentials, sent)
                raise HubRefusal(f"the event hub refused user and key (status {response.status})")
            if response.status != 200:
                raise HubTrouble(f"the event hub answered {response.status} to the handshake")
        handshake = hub_packets.parse_handshake(text)
        if handshake is None or not handshake.websocket:
            raise HubTrouble("the event hub's handshake was not accepted or offers no websocket")
        return handshake

    async def _open(self, handshake: Handshake) -> aiohttp.ClientWebSocketResponse[bool]:
        self._silence_limit = max(handshake.heartbeat or 0, _DEFAULT_HEARTBEAT) * _SILENCE_FACTOR
        return await self._client.open_socket(SOCKET_PATH + handshake.session_id, [], ())

    async def _subscribe(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        """Subscribe to all topics; the stretch begins when the hub has acknowledged every one of them."""
        waiting: set[str] = set()
        hub_id = uuid.uuid4().hex
        async with asyncio.timeout(_ACKNOWLEDGEMENT_TIMEOUT):
            await self._wait_for_connect(socket)
            for number, topic in enumerate(TOPICS, start=1):
                await socket.send_str(hub_packets.subscribe_packet(number, self._subscription(hub_id, topic)))
                waiting.add(str(number))
            while waiting:
                packet = await self._receive(socket)
                acknowledgement = hub_packets.parse_acknowledgement(packet)
                if acknowledgement is None:
                    continue
                if not acknowledgement.success:
                    raise HubTrouble(f"the event hub refused the subscription: {shown(acknowledgement.message)}")
                waiting.discard(acknowledgement.packet_id)
        self._begin()

    async def _wait_for_connect(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        while (await self._receive(socket)).code != PacketCode.CONNECT.value:
            pass

    def _subscription(self, hub_id: str, topic: str) -> dict[str, Any]:
        return {
            "id": uuid.uuid4().hex,
            "topic": "ftrack.meta.subscribe",
            "data": {"subscriber": {"id": uuid.uuid4().hex}, "subscription": f"topic={topic}"},
            "sent": None,
            "target": "",
            "inReplyToEvent": None,
            "source": {"id": hub_id, "user": {"username": self.credentials.user}},
        }

    async def _listen(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> None:
        while True:
            async with asyncio.timeout(self._silence_limit):
                await self._receive(socket)

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse[bool]) -> hub_packets.Packet:
        """Return the next packet; heartbeats are answered and events taken in on the way."""
        message = await socket.receive()
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                frame: str = message.data
            case aiohttp.WSMsgType.PING:
                await socket.pong(message.data)
                frame = ""
            case aiohttp.WSMsgType.CLOSE | aiohttp.WSMsgType.CLOSING | aiohttp.WSMsgType.CLOSED:
                raise HubTrouble("the event hub closed the connection")
            case aiohttp.WSMsgType.ERROR:
                raise HubTrouble("the connection to the event hub broke")
            case _:
                frame = ""
        self._heard = self._clock()
        packet = hub_packets.parse_packet(frame)
        if packet.code == PacketCode.HEARTBEAT.value:
            await socket.send_str(hub_packets.HEARTBEAT_FRAME)
        elif packet.code == PacketCode.HUB_EVENT.value:
            self._on_frame(frame)
        elif packet.code in (PacketCode.DISCONNECT.value, PacketCode.ERROR.value):
            raise HubTrouble("the event hub ended the connection")
        return packet

    def _begin(self) -> None:
        self._stretch = self._next_stretch()
        self._live = True
        self._heard = self._clock()
        self._tell(Standing.LIVE, None)
        self.first_attempt.set()

    def _interrupt(self, problem: str, standing: Standing = Standing.GAP) -> None:
        """A gap begins: what was fetched before it is unverified, and stays so (G4)."""
        if self._live:
            self._live = False
            self._stretch = self._next_stretch()
        self._tell(standing, problem)

    def _tell(self, standing: Standing, reason: str | None) -> None:
        turn = FeedTurn(shown(self.credentials.user), standing, reason)
        if turn != self._turn:
            self._turn = turn
            self._on_turn(turn)


def _words(error: BaseException) -> str:
    """Without the address: nothing that may carry a session id or key is shown."""
    if isinstance(error, TimeoutError):
        return "nothing heard from the event hub in time"
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return f"the event hub answered {error.status} to the websocket"
    if isinstance(error, NotSent | AnswerLost):
        return str(error)
    return type(error).__name__
