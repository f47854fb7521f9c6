"""Frames of the event hub: socket.io 0.9 text packets (ftrack-protocol 6.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from ftrack_proxy.protocol.responses import refuses_credentials

HANDSHAKE_PATH = "/socket.io/1/"
SOCKET_PATH = "/socket.io/1/websocket/"


class PacketCode(Enum):
    """The packet's first field, as far as a client meets them."""

    DISCONNECT = "0"
    CONNECT = "1"
    HEARTBEAT = "2"
    HUB_EVENT = "5"
    ACKNOWLEDGEMENT = "6"
    ERROR = "7"


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame: ``code ":" id ["+"] ":" endpoint [":" data]``. ``data`` is text, undecoded."""

    code: str
    packet_id: str
    data: str


def parse_packet(frame: str) -> Packet:
    """Split a frame; anything is accepted, what is missing is empty."""
    code, packet_id, _endpoint, data = [*frame.split(":", 3), "", "", ""][:4]
    return Packet(code, packet_id.rstrip("+"), data)


def hub_events(frame: str) -> list[Mapping[str, Any]]:
    """Return the event objects that a frame carries: none for other packets and for unreadable data."""
    if not frame.startswith(PacketCode.HUB_EVENT.value):
        return []
    try:
        envelope = orjson.loads(parse_packet(frame).data)
    except orjson.JSONDecodeError:
        return []
    if not isinstance(envelope, dict) or not isinstance(envelope.get("args"), list):
        return []
    return [event for event in envelope["args"] if isinstance(event, dict)]


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The hub's answer to packet ``packet_id``: accepted or why not."""

    packet_id: str
    success: bool
    message: str


def parse_acknowledgement(packet: Packet) -> Acknowledgement | None:
    """Read a ``6:::<id>+[{"success": ...}]`` packet; bare ``6:::<id>`` counts as success."""
    if packet.code != PacketCode.ACKNOWLEDGEMENT.value:
        return None
    packet_id, _, arguments = packet.data.partition("+")
    try:
        answer = orjson.loads(arguments) if arguments else []
    except orjson.JSONDecodeError:
        answer = []
    first = answer[0] if isinstance(answer, list) and answer and isinstance(answer[0], dict) else {}
    return Acknowledgement(packet_id.strip(), first.get("success", True) is not False, str(first.get("message", "")))


def subscribe_packet(packet_id: int, event: Mapping[str, Any]) -> str:
    """Write an event that asks to be acknowledged."""
    envelope = {"name": "ftrack.event", "args": [event]}
    return f"5:{packet_id}+::{orjson.dumps(envelope).decode()}"


HEARTBEAT_FRAME = "2:::"


@dataclass(frozen=True, slots=True)
class Handshake:
    """The hub's answer to ``GET /socket.io/1/``; ``heartbeat`` in seconds, ``None`` if it does not say."""

    session_id: str
    heartbeat: float | None
    websocket: bool


def parse_handshake(text: str) -> Handshake | None:
    """Read ``"<id>:<heartbeat>:<close>:<transport>,..."``; ``None`` if it is something else."""
    parts = text.strip().split(":")
    if len(parts) < 4 or not parts[0] or parts[0].lstrip().startswith("{"):
        return None
    return Handshake(parts[0], float(parts[1]) if parts[1].isdigit() else None, "websocket" in parts[3].split(","))


def refuses_handshake(text: str) -> bool:
    """Whether a handshake was answered with ftrack's error for a user and key, whatever the HTTP status (6.1)."""
    try:
        return refuses_credentials(orjson.loads(text))
    except orjson.JSONDecodeError:
        return False
