"""The handle by which tests drive the event hub from any thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .hub import Event, Hub


class HubControl:
    """Disturb, hold back, inspect and feed the hub. Every method is synchronous and thread-safe."""

    def __init__(
        self, hub: Hub, on_loop: Callable[[Callable[[], Any]], Any], user_id: Callable[[str], str | None]
    ) -> None:
        self._hub = hub
        self._on_loop = on_loop
        self._user_id = user_id

    def cut(self) -> None:
        """Drop all sockets; refuse handshakes and sockets until *resume*."""
        self._set("refusing", True)
        self._on_loop(self._hub.disconnect_all)
        self._hub.board.wait_for(lambda: not self._hub.connections, 10, "the end of all sockets")

    def resume(self) -> None:
        """Accept handshakes and sockets again."""
        self._set("refusing", False)

    def disconnect_all(self) -> None:
        """Drop the sockets that are open now; clients may come back at once."""
        gone = self._on_loop(lambda: list(self._hub.connections))
        self._on_loop(self._hub.disconnect_all)
        self._hub.board.wait_for(
            lambda: not any(connection in self._hub.connections for connection in gone), 10, "the end of sockets"
        )

    def go_silent(self) -> None:
        """Keep the sockets open but send nothing at all; events of that time are lost."""
        self._set("silent", True)

    def speak(self) -> None:
        """Send again."""
        self._set("silent", False)

    @property
    def event_delay(self) -> float:
        """Seconds between the commit of a change and its event."""
        return self._hub.event_delay

    @event_delay.setter
    def event_delay(self, seconds: float) -> None:
        self._set("event_delay", seconds)

    @property
    def heartbeat(self) -> float:
        """Seconds between heartbeats."""
        return self._hub.heartbeat

    @heartbeat.setter
    def heartbeat(self, seconds: float) -> None:
        self._set("heartbeat", seconds)

    @property
    def bad_credentials_status(self) -> int:
        """HTTP status of a handshake with bad credentials."""
        return self._hub.bad_credentials_status

    @bad_credentials_status.setter
    def bad_credentials_status(self, status: int) -> None:
        self._set("bad_credentials_status", status)

    def hold_events(self) -> None:
        """Keep events back until *release_events*."""
        self._on_loop(self._hub.hold)

    def release_events(self, reorder: bool = False) -> None:
        """Deliver the events that were kept back, in order or reversed."""
        self._on_loop(lambda: self._hub.release(reorder))

    def drop_next(self, n: int = 1) -> None:
        """Lose the next *n* events."""
        self._set("drop", n)

    def duplicate_next(self, n: int = 1) -> None:
        """Deliver each of the next *n* events twice."""
        self._set("duplicate", n)

    def ack_subscriptions(self, enabled: bool) -> None:
        """Whether subscriptions are acknowledged (they take effect all the same)."""
        self._set("acknowledge_subscriptions", enabled)

    def subscriptions(self) -> list[tuple[str, str]]:
        """(username, expression) of all subscriptions of open sockets."""
        with self._hub.board.read():
            return [
                (connection.username, expression)
                for connection in self._hub.connections
                for _, expression, _ in connection.subscribers.values()
            ]

    def sockets(self) -> list[str]:
        """The user names of the open sockets."""
        with self._hub.board.read():
            return [connection.username for connection in self._hub.connections]

    def wait_for_subscription(
        self, contains: str = "ftrack.update", username: str | None = None, timeout: float = 10
    ) -> None:
        """Wait until somebody (or *username*) has a subscription whose text contains *contains*."""
        self._hub.board.wait_for(
            lambda: any(
                contains in expression and username in (None, name) for name, expression in self.subscriptions()
            ),
            timeout,
            f"a subscription with {contains!r}",
        )

    def wait_for_sockets(self, count: int, timeout: float = 10) -> None:
        """Wait until exactly *count* sockets are open."""
        self._hub.board.wait_for(lambda: len(self._hub.connections) == count, timeout, f"{count} sockets")

    def publish(
        self,
        topic: str,
        data: dict[str, Any],
        *,
        username: str = "ray",
        target: str = "",
        project_ids: Iterable[str] = (),
    ) -> Event:
        """Publish an event from somebody; returns it."""
        event = self._hub.server_event(topic, data, username, self._user_id(username), target)
        self._on_loop(lambda: self._hub.publish(event, project_ids))
        return event

    def say(self, packet: str) -> None:
        """Send a packet, whatever it is, over every open socket."""
        self._on_loop(lambda: [connection.send(packet) for connection in self._hub.connections])

    @property
    def events(self) -> list[Event]:
        """All events published so far, also the lost ones."""
        with self._hub.board.read():
            return list(self._hub.events)

    def wait_for_event(self, topic: str, timeout: float = 10) -> Event:
        """Wait until an event of *topic* has been published; returns the first one."""
        found: Event = self._hub.board.wait_for(
            lambda: next((event for event in self.events if event["topic"] == topic), None),
            timeout,
            f"an event {topic!r}",
        )
        return found

    def wait_delivered(self, timeout: float = 10) -> None:
        """Wait until everything published so far was written to the sockets or lost."""
        self._hub.board.wait_for(lambda: self._hub.undelivered() == 0, timeout, "the delivery of all events")

    def wait_read(self, timeout: float = 10) -> None:
        """Wait until all clients have read what was published so far: each answers a heartbeat that comes after it."""
        self.wait_delivered(timeout)
        asked = self._on_loop(lambda: [(connection, connection.beat()) for connection in self._hub.connections])
        wanted = self._on_loop(lambda: [(connection, connection.beats) for connection, _ in asked])
        self._hub.board.wait_for(
            lambda: all(c.echoes >= beats or c not in self._hub.connections for c, beats in wanted),
            timeout,
            "the answers to a heartbeat",
        )

    def _set(self, name: str, value: Any) -> None:
        def assign() -> None:
            with self._hub.board.change():
                setattr(self._hub, name, value)

        self._on_loop(assign)
