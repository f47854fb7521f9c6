"""What a frame of the event hub says: events, nothing, or something that cannot be read (ftrack-protocol 6.2, 6.3).

Read strictly. A client can publish whatever it likes, and readers differ about ``NaN``, half a surrogate pair and a
name that stands twice; what is not plain JSON cannot be trusted to say what has changed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import orjson

from ftrack_proxy.facts.event_tables import LOCATION_TOPICS
from ftrack_proxy.protocol.hub_packets import PacketCode, parse_packet

UPDATE_TOPIC: Final = "ftrack.update"
TOPICS: Final = (UPDATE_TOPIC, *(topic.name for topic in LOCATION_TOPICS))


class UnreadableReason(Enum):
    """Why a message of the hub cannot be read."""

    BINARY = "a binary frame"
    BROKEN = "a frame against the rules of websockets"
    PACKET = "no packet of socket.io"
    NOT_JSON = "no plain JSON"
    NO_EVENT = "no event"
    TOO_LARGE = "too large to be taken apart"
    TOO_MANY = "too many large events at a time"
    FAULT = "a fault of ftrack-proxy's own"


class Unreadable(ValueError):
    """A message that cannot be read: it may mean any change."""

    def __init__(self, reason: UnreadableReason) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class HubEvent:
    """An event as far as we read it. ``data`` may be anything that JSON can say."""

    topic: str
    data: Any
    event_id: str | None


def payload_of(frame: bytes) -> memoryview | None:
    """Return the JSON of a frame that carries events, ``None`` for one that cannot: a heartbeat and the like.

    Raises:
        Unreadable: it is neither.
    """
    packet = parse_packet(frame)
    if packet is None:
        raise Unreadable(UnreadableReason.PACKET)
    if packet.code is not PacketCode.HUB_EVENT:
        return None
    if packet.data is None:
        raise Unreadable(UnreadableReason.NO_EVENT)
    return packet.data


def read_events(payload: memoryview) -> list[HubEvent]:
    """Return the events of a payload, at least one.

    Raises:
        Unreadable: it is not JSON that all readers understand alike, or not of events alone.
    """
    try:
        # Refuses NaN, infinities, numbers beyond all bounds, half surrogate pairs and bytes that are no UTF-8.
        orjson.loads(payload)
        envelope = json.loads(str(payload, "utf-8"), object_pairs_hook=_unambiguous)
    except (ValueError, RecursionError):
        raise Unreadable(UnreadableReason.NOT_JSON) from None
    events = envelope.get("args") if isinstance(envelope, dict) else None
    if not isinstance(events, list) or not events:
        raise Unreadable(UnreadableReason.NO_EVENT)
    return [_event(event) for event in events]


def _unambiguous(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    listed = list(pairs)
    members = dict(listed)
    if len(members) != len(listed):
        raise ValueError("a name stands twice")
    return members


def _event(event: object) -> HubEvent:
    topic = event.get("topic") if isinstance(event, dict) else None
    if not isinstance(event, dict) or not isinstance(topic, str):
        raise Unreadable(UnreadableReason.NO_EVENT)
    event_id = event.get("id")
    return HubEvent(topic, event.get("data"), event_id if isinstance(event_id, str) and event_id else None)
