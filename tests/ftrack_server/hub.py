"""The event hub: socket.io 0.9 handshake and sockets, subscriptions, routing of events."""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import orjson
from aiohttp import WSMsgType, web

from .counters import Board, Ledger
from .hub_connection import Connection
from .hub_expression import BadExpressionError, Test, parse

Event = dict[str, Any]


class Identity(Protocol):
    """The members of the engine's Caller that the hub needs."""

    @property
    def user_id(self) -> str: ...
    @property
    def username(self) -> str: ...


class Pending:
    """An event on its way to the connections."""

    def __init__(self, event: Event, project_ids: frozenset[str], due: float) -> None:
        self.event = event
        self.project_ids = project_ids
        self.due = due


class Hub:
    """All state of the hub. Lives on the server's loop; state that tests look at changes under the board."""

    def __init__(
        self,
        board: Board,
        ledger: Ledger,
        authenticate: Callable[[str, str], Identity],
        can_see_project: Callable[[str, str], bool],
        heartbeat: float,
        event_delay: float,
    ) -> None:
        self.board = board
        self.ledger = ledger
        self.heartbeat = heartbeat
        self.event_delay = event_delay
        self.bad_credentials_status = 401
        self.refusing = False
        self.silent = False
        self.acknowledge_subscriptions = True
        self.drop = 0
        self.duplicate = 0
        self.held = False
        self.events: deque[Event] = deque(maxlen=50_000)
        self.connections: list[Connection] = []
        self._authenticate = authenticate
        self._can_see_project = can_see_project
        self._handshakes: dict[str, Identity] = {}
        self._pending: deque[Pending] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self.id = uuid.uuid4().hex

    # -- connections ---------------------------------------------------------------------------------

    async def handshake(self, request: web.Request) -> web.StreamResponse:
        """GET /socket.io/1/"""
        self.ledger.add("handshakes")
        if self.refusing:
            return web.Response(status=503, text="event server away")
        username = request.headers.get("ftrack-user") or request.query.get("api_user") or ""
        api_key = request.headers.get("ftrack-api-key") or request.query.get("api_key") or ""
        try:
            identity = self._authenticate(username, api_key)
        except Exception as error:
            content = {"exception": "InvalidCredentialsError", "content": str(error), "error_code": None}
            return web.Response(
                status=self.bad_credentials_status, body=orjson.dumps(content), content_type="application/json"
            )
        session_id = uuid.uuid4().hex
        self._handshakes[session_id] = identity
        return web.Response(text=f"{session_id}:15:25:websocket,xhr-polling")

    async def socket(self, request: web.Request, session_id: str) -> web.StreamResponse:
        """WS /socket.io/1/websocket/<session id>: the session id stands for the credentials."""
        identity = self._handshakes.get(session_id)
        if self.refusing or identity is None:
            return web.Response(status=503 if self.refusing else 401, text="no such session")
        del self._handshakes[session_id]
        websocket = web.WebSocketResponse(autoping=False, max_msg_size=0, compress=False)
        await websocket.prepare(request)
        connection = Connection(self, request, websocket, identity.username, identity.user_id)
        with self.board.change():
            self.connections.append(connection)
        self.ledger.socket(1)
        connection.start()
        try:
            connection.send("1::")
            async for message in websocket:
                if message.type is WSMsgType.TEXT:
                    if not self._receive(connection, message.data):
                        break
                elif message.type is WSMsgType.PING and not self.silent:
                    await websocket.pong(message.data)
        finally:
            with self.board.change():
                self.connections.remove(connection)
                connection.stop()
            self.ledger.socket(-1)
        return websocket

    def disconnect_all(self) -> None:
        """Tear all sockets down without a good-bye."""
        for connection in list(self.connections):
            connection.tear()

    # -- packets -------------------------------------------------------------------------------------

    def _receive(self, connection: Connection, packet: str) -> bool:
        """One packet of a client; False when it says good-bye."""
        parts = packet.split(":", 3)
        if parts[0] == "0":
            return False
        if parts[0] == "2":
            with self.board.change():
                connection.echoes += 1
        if parts[0] == "5" and len(parts) == 4:
            success, message = self._emitted(connection, parts[3])
            self._acknowledge(connection, parts[1], parts[3], success, message)
        return True

    def _emitted(self, connection: Connection, text: str) -> tuple[bool, str]:
        try:
            payload = orjson.loads(text)
            event = payload["args"][0]
            topic = event["topic"]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            return False, f"malformed event: {error!r}"
        if payload.get("name") != "ftrack.event" or not isinstance(topic, str):
            return False, "not an ftrack.event"
        data = event.get("data") or {}
        if topic == "ftrack.meta.subscribe":
            return self._subscribe(connection, data)
        if topic == "ftrack.meta.unsubscribe":
            with self.board.change():
                known = connection.subscribers.pop(str((data.get("subscriber") or {}).get("id")), None)
            return known is not None, "" if known else "no such subscriber"
        self.publish(self._forwarded(connection, event))
        return True, ""

    def _subscribe(self, connection: Connection, data: dict[str, Any]) -> tuple[bool, str]:
        metadata = data.get("subscriber")
        if not isinstance(metadata, dict) or not metadata.get("id"):
            return False, "a subscriber needs an id"
        expression = str(data.get("subscription", ""))
        try:
            test = parse(expression)
        except BadExpressionError as error:
            return False, str(error)
        if metadata["id"] in connection.subscribers:
            return False, f"subscriber {metadata['id']} is subscribed already"
        with self.board.change():
            connection.subscribers[str(metadata["id"])] = (metadata, expression, test)
        return True, ""

    def _acknowledge(self, connection: Connection, packet_id: str, text: str, success: bool, message: str) -> None:
        if not packet_id or (not self.acknowledge_subscriptions and '"ftrack.meta.subscribe"' in text):
            return
        answer: dict[str, Any] = {"success": success}
        if not success:
            answer["message"] = message
        if packet_id.endswith("+"):
            connection.send(f"6:::{packet_id}{orjson.dumps([answer]).decode()}")
        else:
            connection.send(f"6:::{packet_id}")

    # -- events --------------------------------------------------------------------------------------

    def _forwarded(self, connection: Connection, event: Event) -> Event:
        """A client's event with exactly the members that clients accept."""
        source = dict(event.get("source") or {})
        user = dict(source.get("user") or {"username": connection.username})
        if user.get("username") == connection.username:
            user.setdefault("id", connection.user_id)
        source["user"] = user
        return new_event(
            event["topic"],
            event.get("data") or {},
            source,
            event_id=event.get("id"),
            sent=event.get("sent"),
            target=event.get("target") or "",
            in_reply_to=event.get("inReplyToEvent"),
        )

    def server_event(
        self, topic: str, data: dict[str, Any], username: str, user_id: str | None, target: str = ""
    ) -> Event:
        """An event whose source is the server itself."""
        return new_event(topic, data, {"id": self.id, "user": {"username": username, "id": user_id}}, target=target)

    def publish(self, event: Event, project_ids: Iterable[str] = ()) -> None:
        """Send an event on its way, now or after the configured delay."""
        copies = 1
        with self.board.change():
            self.events.append(event)
            if self.drop > 0:
                self.drop -= 1
                copies = 0
            elif self.duplicate > 0:
                self.duplicate -= 1
                copies = 2
            due = asyncio.get_running_loop().time() + self.event_delay
            for _ in range(copies):
                self._pending.append(Pending(event, frozenset(project_ids), due))
        self._pump()

    def hold(self) -> None:
        """Keep events back."""
        self.held = True

    def release(self, reorder: bool = False) -> None:
        """Deliver what was kept back, in order or reversed."""
        with self.board.change():
            if reorder:
                self._pending.reverse()
            for pending in self._pending:
                pending.due = 0.0
            self.held = False
        self._pump()

    def undelivered(self) -> int:
        """Events that are still on their way, here or in a connection's queue."""
        return len(self._pending) + sum(connection.queued for connection in self.connections)

    def _pump(self) -> None:
        """Deliver everything that is due, in order."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._pending and not self.held:
            wait = self._pending[0].due - loop.time()
            if wait > 0:
                self._timer = loop.call_later(wait, self._pump)
                return
            with self.board.change():
                self._deliver(self._pending.popleft())

    def _deliver(self, pending: Pending) -> None:
        if self.silent:
            return
        event = pending.event
        target: Test | None = None
        if event["target"]:
            try:
                target = parse(event["target"])
            except BadExpressionError:
                return
        packet: str | None = None
        for connection in self.connections:
            if not connection.wants(event, target) or not self._may_see(connection, pending.project_ids):
                continue
            if packet is None:
                packet = "5:::" + orjson.dumps({"name": "ftrack.event", "args": [event]}).decode()
            connection.send(packet)

    def _may_see(self, connection: Connection, project_ids: frozenset[str]) -> bool:
        return not project_ids or any(
            self._can_see_project(connection.user_id, project_id) for project_id in project_ids
        )

    def close(self) -> None:
        """Stop the timer and forget all events that are on their way."""
        if self._timer is not None:
            self._timer.cancel()
        self._pending.clear()
        self.disconnect_all()


def new_event(
    topic: str,
    data: dict[str, Any],
    source: dict[str, Any],
    *,
    event_id: str | None = None,
    sent: Any = None,
    target: str = "",
    in_reply_to: str | None = None,
) -> Event:
    """An event object with exactly the members of the protocol."""
    return {
        "id": event_id or uuid.uuid4().hex,
        "topic": topic,
        "data": data,
        "sent": sent,
        "target": target,
        "source": source,
        "inReplyToEvent": in_reply_to,
    }
