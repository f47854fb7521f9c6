"""The event hub, with the real client and with a bare socket."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import ftrack_api.event.base
import pytest
import requests
import websocket

from tests.ftrack_server import FtrackServer
from tests.test_ftrack_server.conftest import OpenSession


class Listener:
    """Collects the events that a client session receives."""

    def __init__(self, server: FtrackServer, session: Any, expression: str) -> None:
        self._server, self._session = server, session
        self.events: list[Any] = []
        session.event_hub.subscribe(expression, self._receive)
        server.hub.wait_for_subscription(expression, username=session.api_user)

    def _receive(self, event: Any) -> None:
        self.events.append(event)

    def pump(self, count: int) -> list[Any]:
        """Handle incoming events until *count* have come."""
        for _ in range(100):
            if len(self.events) >= count:
                return self.events
            self._session.event_hub.wait(0.05)
        raise TimeoutError(f"{len(self.events)} of {count} events")

    def fence(self) -> list[Any]:
        """All events that were sent so far: an event of our own is the last one."""
        fence = threading.Event()
        with self._session.event_hub.subscription("topic=test.fence", lambda _: fence.set()):
            self._server.hub.wait_for_subscription("test.fence", username=self._session.api_user)
            self._server.hub.publish("test.fence", {})
            while not fence.is_set():
                self._session.event_hub.wait(0.05)
        return self.events


@pytest.fixture
def task(server: FtrackServer) -> dict[str, Any]:
    """Some task."""
    return server.query("select id, name, project_id from Task")[0]


def test_a_write_is_announced(server: FtrackServer, open_session: OpenSession, task: dict[str, Any]) -> None:
    session = open_session(hub=True)
    listener = Listener(server, session, "topic=ftrack.update and source.user.username=ray")
    server.update("Task", task["id"], user="bo", name="not for us")
    server.update("Task", task["id"], name="changed")
    (event,) = listener.pump(1)
    assert event["data"]["entities"][0]["entityId"] == task["id"]
    assert event["source"]["user"]["username"] == "ray"
    assert event["source"]["user"]["id"]
    sent = server.hub.wait_for_event("ftrack.update")
    assert set(sent) == {"id", "topic", "data", "sent", "target", "source", "inReplyToEvent"}
    server.update("Task", task["id"], name="secret", silent=True)
    assert len(listener.fence()) == 1


def test_hidden_projects_are_not_announced(
    server: FtrackServer, open_session: OpenSession, task: dict[str, Any]
) -> None:
    blind, seeing = open_session("bo", hub=True), open_session("ana", hub=True)
    server.engine.set_project_access("bo", {task["project_id"]})
    listeners = [Listener(server, session, "topic=ftrack.update") for session in (blind, seeing)]
    server.update("Task", task["id"], name="changed")
    assert [len(listener.fence()) for listener in listeners] == [0, 1]


def test_clients_talk_and_reply(server: FtrackServer, open_session: OpenSession) -> None:
    asking, answering = open_session("ana", hub=True), open_session("bo", hub=True)
    replies: list[Any] = []
    answering.event_hub.subscribe("topic=test.question", lambda event: {"answer": event["data"]["n"] + 1})
    server.hub.wait_for_subscription("test.question")
    event = ftrack_api.event.base.Event(topic="test.question", data={"n": 1})
    asking.event_hub.publish(event, on_reply=replies.append)
    for _ in range(100):
        if replies:
            break
        answering.event_hub.wait(0.05)
        asking.event_hub.wait(0.05)
    assert replies[0]["data"] == {"answer": 2}
    assert replies[0]["in_reply_to_event"] == event["id"]
    assert asking.event_hub._packet_callbacks == {}


def test_once_per_connection_and_unsubscribing(server: FtrackServer, open_session: OpenSession) -> None:
    session = open_session(hub=True)
    first, second = (Listener(server, session, "topic=" + name) for name in ("test.*", "test.news"))
    server.hub.publish("test.news", {})
    second.fence()
    assert len([event for event in second.events if event["topic"] == "test.news"]) == 1
    assert [event["topic"] for event in first.events].count("test.news") == 1
    for subscriber in list(session.event_hub._subscribers):
        if "test." in str(subscriber.subscription):
            session.event_hub.unsubscribe(subscriber.metadata["id"])
    server.wait_for(lambda: not any("test." in text for _, text in server.hub.subscriptions()))


def test_disturbed_delivery(server: FtrackServer, open_session: OpenSession) -> None:
    session = open_session(hub=True)
    listener = Listener(server, session, "topic=test.n")

    def publish(*numbers: int) -> None:
        for number in numbers:
            server.hub.publish("test.n", {"n": number})

    server.hub.drop_next()
    publish(1, 2)
    server.hub.duplicate_next()
    publish(3)
    server.hub.hold_events()
    publish(4, 5)
    server.hub.release_events(reorder=True)
    server.hub.event_delay = 0.05
    publish(6)
    server.hub.wait_delivered()
    server.hub.go_silent()
    server.hub.event_delay = 0
    publish(7)
    server.hub.wait_delivered()
    server.hub.speak()
    publish(8)
    assert [event["data"]["n"] for event in listener.pump(7)] == [2, 3, 3, 5, 4, 6, 8]


def test_the_client_reconnects(server: FtrackServer, open_session: OpenSession) -> None:
    session = open_session(hub=True)
    listener = Listener(server, session, "topic=test.again")
    server.hub.cut()
    assert server.hub.sockets() == []
    server.hub.publish("test.again", {"lost": True})
    server.hub.resume()
    server.hub.wait_for_subscription("test.again")
    server.hub.publish("test.again", {"lost": False})
    assert [event["data"]["lost"] for event in listener.pump(1)] == [False]
    server.hub.disconnect_all()
    server.hub.wait_for_subscription("test.again")
    server.hub.publish("test.again", {"lost": False})
    assert len(listener.pump(2)) == 2
    assert server.counters.handshakes >= 3


@pytest.fixture
def dial(server: FtrackServer) -> Iterator[Callable[[], Any]]:
    """Opens bare sockets as a JavaScript client does."""
    sockets: list[Any] = []

    def dialled() -> Any:
        username, api_key = server.credentials("ana")
        query = f"api_user={username}&api_key={api_key}"
        text = requests.get(f"{server.url}/socket.io/1/?{query}", timeout=10).text
        session_id, _, _, transports = text.split(":")
        assert "websocket" in transports.split(",")
        url = f"{server.url.replace('http', 'ws')}/socket.io/1/websocket/{session_id}?{query}"
        sockets.append(websocket.create_connection(url, timeout=10))
        assert sockets[-1].recv() == "1::"
        return sockets[-1]

    yield dialled
    for socket in sockets:
        socket.close()


def subscribe(socket: Any, packet_id: str, subscriber: str, expression: str) -> None:
    data = {"subscriber": {"id": subscriber}, "subscription": expression}
    event = {"topic": "ftrack.meta.subscribe", "data": data, "id": "e", "source": {}, "target": ""}
    socket.send(f"5:{packet_id}::" + json.dumps({"name": "ftrack.event", "args": [event]}))


def test_packets_on_the_wire(server: FtrackServer, dial: Callable[[], Any]) -> None:
    socket = dial()
    subscribe(socket, "1+", "s1", "topic=test.wire")
    assert socket.recv() == '6:::1+[{"success":true}]'
    subscribe(socket, "2+", "s1", "topic=test.wire")
    code, _, answer = socket.recv().partition(":::2+")
    assert (code, json.loads(answer)[0]["success"]) == ("6", False)
    subscribe(socket, "3+", "s2", "topic=(")
    assert '"success":false' in socket.recv()
    subscribe(socket, "", "s3", "topic=test.silently")
    server.hub.wait_for_subscription("test.silently")
    event = server.hub.publish("test.wire", {"ü": 1}, target="id=s1")
    server.hub.publish("test.wire", {}, target="id=nobody")
    packet = socket.recv()
    assert packet.startswith("5:::{")
    assert json.loads(packet.removeprefix("5:::")) == {"name": "ftrack.event", "args": [event]}
    assert socket.recv() == "2::"
    socket.send("2::")
    socket.send("0::")
    server.hub.wait_for_sockets(0)


def test_withheld_acknowledgements(server: FtrackServer, dial: Callable[[], Any]) -> None:
    socket = dial()
    server.hub.ack_subscriptions(False)
    subscribe(socket, "1+", "s1", "topic=test.wire")
    assert socket.recv() == "2::"
    assert ("ana", "topic=test.wire") in server.hub.subscriptions()


def test_bad_credentials_and_sessions(server: FtrackServer) -> None:
    url = f"{server.url}/socket.io/1/"
    assert requests.get(url, headers={"ftrack-user": "ana", "ftrack-api-key": "no"}, timeout=10).status_code == 401
    server.hub.bad_credentials_status = 200
    assert requests.get(url, timeout=10).json()["exception"] == "InvalidCredentialsError"
    with pytest.raises(websocket.WebSocketBadStatusException):
        websocket.create_connection(f"{server.url.replace('http', 'ws')}/socket.io/1/websocket/unknown", timeout=10)
