"""One change feed: a subscription of the proxy's own at ftrack's event hub, which reconnects for ever."""

from __future__ import annotations

import asyncio
import secrets
import uuid
from collections.abc import Callable, Coroutine
from contextlib import suppress
from functools import partial
from typing import Any

import aiohttp
from tenacity import AsyncRetrying, retry_if_exception_type, wait_random_exponential

from ftrack_proxy.hub.feed_transitions import FeedStanding, FeedTransition, OnRefusal, OnTransition, shown
from ftrack_proxy.hub.messages import CooperativeYield, MessageIntake
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.ports import AnswerLost, Clock, NotSent
from ftrack_proxy.protocol import hub_packets
from ftrack_proxy.protocol.hub_conversation import HubConversation, HubSignal
from ftrack_proxy.protocol.hub_events import TOPICS
from ftrack_proxy.protocol.hub_packets import HANDSHAKE_PATH, SOCKET_PATH, Handshake
from ftrack_proxy.upstream.client import UpstreamClient
from ftrack_proxy.values.epoch import Epoch

_HANDSHAKE_TIMEOUT = 30.0
_LONGEST_HANDSHAKE = 4096
_ACKNOWLEDGEMENT_TIMEOUT = 15.0
_LONGEST_PAUSE = 15.0
# A connection that held for less is no reason to try the next one without a growing pause.
_HOLDS = 5.0
# Silence for longer than this means that the connection is dead or the machine slept. The server sends a
# heartbeat at least every 15 s, for the sake of the JavaScript client, whatever it says; the Python client gives
# up after 60 s (ftrack-protocol 6.2).
_DEFAULT_HEARTBEAT = 15.0
_SILENCE_FACTOR = 1.6
_LONGEST_SILENCE = 60.0
# How long, and on how many connections, we listen to what comes after a connection's end has begun.
_LINGER = 10.0
_MOST_LINGERING = 4
_CLOSING_TIMEOUT = 0.5
# Answers that wait to be sent: a hub that reads none of them gets no more.
_MOST_ANSWERING = 16
_SILENT = "nothing heard from the event hub in time"

_Socket = aiohttp.ClientWebSocketResponse[bool]


class HubTrouble(Exception):
    """The hub cannot be reached, refuses, or went silent; the text says which."""


class HubRefusal(HubTrouble):
    """The hub refuses the credentials."""


# What may go wrong with a connection, time-outs included.
_TROUBLES = (aiohttp.ClientError, OSError, RuntimeError)
# What may go wrong on the way to one and on it; anything else is a fault of ours, and costs a gap like these.
_EXPECTED = (HubTrouble, NotSent, AnswerLost, aiohttp.ClientError, OSError)


class ChangeFeed:
    """Listens with one user's credentials. ``position`` tells in which epoch it is, and whether it is live.

    An epoch is live from the hub's acknowledgement of the last subscription to the first sign of trouble: a
    goodbye, an error, the connection's end, silence. Nothing that the hub sends can end the feed.
    """

    def __init__(
        self,
        client: UpstreamClient,
        credentials: Credentials,
        *,
        intake: MessageIntake,
        clock: Clock,
        on_transition: OnTransition,
        on_refusal: OnRefusal,
        on_fault: Callable[[Exception], None],
    ) -> None:
        self.credentials = credentials
        self.first_attempt = asyncio.Event()
        self._client = client
        self._intake = intake
        self._clock = clock
        self._on_transition = on_transition
        self._on_refusal = on_refusal
        self._on_fault = on_fault
        self._transition = FeedTransition(shown(credentials.user), FeedStanding.CONNECTING, "connecting")
        # Named anew with each feed: what an earlier process fetched is never of a current epoch.
        self._epoch = Epoch(secrets.token_hex(8), 1)
        self._live = False
        self._silence_limit = _DEFAULT_HEARTBEAT * _SILENCE_FACTOR
        self._heard = 0.0
        self._is_interrupted = False
        # When listening ends if nothing is heard: now, once the feed is interrupted.
        self._listening_timeout: asyncio.Timeout | None = None
        self._answering: set[asyncio.Task[None]] = set()
        self._lingering: dict[asyncio.Task[None], _Socket] = {}

    @property
    def problem(self) -> str | None:
        """Why the feed is not live."""
        return self._transition.reason

    def position(self) -> tuple[Epoch, bool]:
        """Return (epoch, live) as of now: a feed that has been silent for too long is not live (laptop sleep)."""
        if self._live and self._clock() - self._heard > self._silence_limit:
            self.interrupt(_SILENT)
        return self._epoch, self._live

    def interrupt(self, problem: str, standing: FeedStanding = FeedStanding.GAP, *, anew: bool = False) -> None:
        """A gap begins: what was fetched before it is unverified, and stays so (G4). A new connection is made.

        ``anew``: also what was fetched in a gap that there is already.
        """
        if self._live or anew:
            self._live = False
            self._epoch = self._epoch.following()
        self._is_interrupted = True
        if self._listening_timeout is not None and not self._listening_timeout.expired():
            self._listening_timeout.reschedule(asyncio.get_running_loop().time())
        self._tell(standing, problem)

    async def run(self) -> None:
        """Connect, listen, and connect again; ends only by cancellation."""
        try:
            while True:
                async for attempt in AsyncRetrying(
                    wait=wait_random_exponential(multiplier=0.25, max=_LONGEST_PAUSE),
                    retry=retry_if_exception_type(HubTrouble),
                ):
                    with attempt:
                        await self._attempt()
        finally:
            left, sockets = [*self._lingering, *self._answering], [*self._lingering.values()]
            for task in left:
                task.cancel()
            # A task that was cancelled before it began has closed nothing.
            await asyncio.gather(*left, *map(_close, sockets), return_exceptions=True)

    async def _attempt(self) -> None:
        """One connection from handshake to loss. Raises ``HubTrouble`` unless it held, so that pauses grow."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout(_HANDSHAKE_TIMEOUT):
                handshake = await self._shake_hands()
                socket = await self._open(handshake)
            try:
                await self._converse(socket)
            finally:
                self._linger(socket)
        except Exception as error:
            self.interrupt(
                _message_of(error), FeedStanding.REFUSED if isinstance(error, HubRefusal) else FeedStanding.GAP
            )
            if not isinstance(error, _EXPECTED):
                self._on_fault(error)
        finally:
            self.first_attempt.set()
        if loop.time() - began < _HOLDS:
            raise HubTrouble
        await asyncio.sleep(0.05)

    async def _shake_hands(self) -> Handshake:
        headers = [("ftrack-user", self.credentials.user), ("ftrack-api-key", self.credentials.key)]
        sent = self._clock()
        async with self._client.stream("GET", HANDSHAKE_PATH, headers, None) as response:
            told = b""
            while len(told) <= _LONGEST_HANDSHAKE and (piece := await response.content.read(_LONGEST_HANDSHAKE)):
                told += piece
        text = told.decode("utf-8", "replace")
        if response.status in (401, 403) or hub_packets.refuses_handshake(text):
            self._on_refusal(self.credentials, sent)
            raise HubRefusal(f"the event hub refused user and key (status {response.status})")
        if response.status == 404:
            raise HubTrouble(
                f"there is no event hub at {self._client.origin} (status 404): is this the address of ftrack itself, "
                f"and does whatever stands in front of it let {HANDSHAKE_PATH} through?"
            )
        if response.status != 200:
            raise HubTrouble(f"the event hub answered {response.status} to the handshake")
        handshake = hub_packets.parse_handshake(text)
        if handshake is None or not handshake.websocket:
            raise HubTrouble("the event hub's handshake was not accepted or offers no websocket")
        return handshake

    async def _open(self, handshake: Handshake) -> _Socket:
        heartbeat = max(handshake.heartbeat or 0, _DEFAULT_HEARTBEAT)
        self._silence_limit = min(heartbeat * _SILENCE_FACTOR, _LONGEST_SILENCE)
        return await self._client.open_socket(SOCKET_PATH + handshake.session_id, [], ())

    async def _converse(self, socket: _Socket) -> None:
        """Subscribe and listen until the first sign of the connection's end, which is raised."""
        conversation = HubConversation(TOPICS, self.credentials.user, lambda: uuid.uuid4().hex)
        loop, fairness = asyncio.get_running_loop(), CooperativeYield()
        is_live = self._is_interrupted = False
        try:
            async with asyncio.timeout(_ACKNOWLEDGEMENT_TIMEOUT) as self._listening_timeout:
                while True:
                    heard = await self._receive(socket, conversation)
                    if is_live:
                        # A silence that was too long is a gap, even if it was noticed only at its end.
                        self.position()
                    if self._is_interrupted:
                        raise HubTrouble(self.problem)
                    if heard.is_live:
                        is_live = True
                        self._begin()
                    if is_live:
                        self._heard = self._clock()
                        self._listening_timeout.reschedule(loop.time() + self._silence_limit)
                    for text in heard.say:
                        self._answer(partial(socket.send_str, text))
                    await fairness.maybe_yield()
        except TimeoutError:
            # The interruption has set the problem already.
            raise HubTrouble(self.problem if self._is_interrupted else _SILENT) from None
        finally:
            self._listening_timeout = None

    async def _receive(self, socket: _Socket, conversation: HubConversation) -> HubSignal:
        """Return what follows from the next message. Whatever it tells of changes is taken in first."""
        message = await socket.receive()
        self._intake.take_message(message)
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                heard = conversation.hear(message.data)
                if heard.ended is not None:
                    raise HubTrouble(shown(heard.ended))
                return heard
            case aiohttp.WSMsgType.CLOSE | aiohttp.WSMsgType.CLOSING | aiohttp.WSMsgType.CLOSED:
                raise HubTrouble("the event hub closed the connection")
            case aiohttp.WSMsgType.ERROR:
                raise HubTrouble("the connection to the event hub broke")
            case aiohttp.WSMsgType.PING:
                self._answer(partial(socket.pong, message.data))
        return HubSignal()

    def _answer(self, sending: Callable[[], Coroutine[Any, Any, object]]) -> None:
        """Send without waiting: a hub that does not read must not keep us from reading."""
        if len(self._answering) < _MOST_ANSWERING:
            task = asyncio.get_running_loop().create_task(_quietly(sending), name="answer the event hub")
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)

    def _linger(self, socket: _Socket) -> None:
        """Give a connection up in the background: what still comes over it is taken in."""
        if len(self._lingering) >= _MOST_LINGERING:
            next(iter(self._lingering)).cancel()
        task = asyncio.get_running_loop().create_task(self._drain(socket), name="hear a connection to its end")
        self._lingering[task] = socket
        task.add_done_callback(lambda done: self._lingering.pop(done, None))

    async def _drain(self, socket: _Socket) -> None:
        fairness = CooperativeYield()
        try:
            with suppress(*_TROUBLES):
                async with asyncio.timeout(_LINGER):
                    while not socket.closed:
                        self._intake.take_message(await socket.receive())
                        await fairness.maybe_yield()
        finally:
            await _close(socket)

    def _begin(self) -> None:
        self._epoch = self._epoch.following()
        self._live = True
        self._heard = self._clock()
        self._tell(FeedStanding.LIVE, None)
        self.first_attempt.set()

    def _tell(self, standing: FeedStanding, reason: str | None) -> None:
        transition = FeedTransition(shown(self.credentials.user), standing, reason)
        if transition != self._transition:
            self._transition = transition
            self._on_transition(transition)


async def _quietly(sending: Callable[[], Coroutine[Any, Any, object]]) -> None:
    with suppress(*_TROUBLES):
        await sending()


async def _close(socket: _Socket) -> None:
    with suppress(*_TROUBLES):
        async with asyncio.timeout(_CLOSING_TIMEOUT):
            await socket.close()


def _message_of(error: BaseException) -> str:
    """Without the URL, which may hold a session id or key."""
    if isinstance(error, TimeoutError):
        return _SILENT
    if isinstance(error, aiohttp.WSServerHandshakeError):
        return f"the event hub answered {error.status} to the websocket"
    if isinstance(error, NotSent | AnswerLost | HubTrouble):
        return str(error)
    return type(error).__name__
