"""Our side of a connection to the event hub: from its greeting to the first sign of its end (ftrack-protocol 6.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ftrack_proxy.protocol.hub_packets import (
    HEARTBEAT_FRAME,
    PacketCode,
    parse_acknowledgement,
    parse_packet,
    subscribe_packet,
)


@dataclass(frozen=True, slots=True)
class HubSignal:
    """What follows from a frame: what to answer, whether all subscriptions are acknowledged now, why the connection
    has ended."""

    say: tuple[str, ...] = ()
    is_live: bool = False
    ended: str | None = None


_NOTHING = HubSignal()


class HubConversation:
    """Subscribes to ``topics`` as ``user`` once the hub has greeted us, and waits until all are acknowledged."""

    def __init__(self, topics: Sequence[str], user: str, new_id: Callable[[], str]) -> None:
        self._topics = topics
        self._user = user
        self._new_id = new_id
        self._waiting: set[str] | None = None

    def hear(self, frame: bytes) -> HubSignal:
        """Read a frame; one that cannot be read says nothing here. Events are not looked at."""
        packet = parse_packet(frame)
        match packet and packet.code:
            case PacketCode.HEARTBEAT:
                return HubSignal(say=(HEARTBEAT_FRAME,))
            case PacketCode.DISCONNECT:
                return HubSignal(ended="the event hub said goodbye")
            case PacketCode.ERROR:
                return HubSignal(ended="the event hub told of an error")
            case PacketCode.CONNECT if self._waiting is None:
                self._waiting = {str(number) for number, _ in enumerate(self._topics, start=1)}
                return HubSignal(say=tuple(self._subscriptions()))
        acknowledgement = packet and parse_acknowledgement(packet)
        if not acknowledgement or not self._waiting or acknowledgement.packet_id not in self._waiting:
            return _NOTHING
        if not acknowledgement.success:
            return HubSignal(ended="the event hub refused a subscription")
        self._waiting.discard(acknowledgement.packet_id)
        return HubSignal(is_live=not self._waiting)

    def _subscriptions(self) -> list[str]:
        hub_id = self._new_id()
        return [
            subscribe_packet(number, self._subscription(hub_id, topic))
            for number, topic in enumerate(self._topics, start=1)
        ]

    def _subscription(self, hub_id: str, topic: str) -> dict[str, Any]:
        return {
            "id": self._new_id(),
            "topic": "ftrack.meta.subscribe",
            "data": {"subscriber": {"id": self._new_id()}, "subscription": f"topic={topic}"},
            "sent": None,
            "target": "",
            "inReplyToEvent": None,
            "source": {"id": hub_id, "user": {"username": self._user}},
        }
