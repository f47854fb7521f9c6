"""Frames of the event hub: socket.io 0.9 text packets, and its handshake (ftrack-protocol 6.1, 6.2)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

import orjson

from ftrack_proxy.protocol.responses import refuses_credentials

HANDSHAKE_PATH: Final = "/socket.io/1/"
SOCKET_PATH: Final = "/socket.io/1/websocket/"
HEARTBEAT_FRAME: Final = "2:::"

# Code, number and endpoint of a packet are short; what is longer is no packet.
_LONGEST_HEAD: Final = 256
_LONGEST_ACKNOWLEDGEMENT: Final = 2**16
# What may stand in a path as it is, and is no path by itself.
_SESSION: Final = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9!$&'()*+,;=@~._-]{1,256}")
_SECONDS: Final = re.compile(r"[0-9]{1,6}")


class PacketCode(Enum):
    """The packet's first field. Only ``HUB_EVENT`` carries events for any client (ftrack-protocol 6.2)."""

    DISCONNECT = "0"
    CONNECT = "1"
    HEARTBEAT = "2"
    TEXT = "3"
    JSON = "4"
    HUB_EVENT = "5"
    ACKNOWLEDGEMENT = "6"
    ERROR = "7"
    NOTHING = "8"


_CODES: Final = {code.value.encode(): code for code in PacketCode}


@dataclass(frozen=True, slots=True)
class Packet:
    """One frame: ``code ":" id ["+"] ":" endpoint [":" data]``. ``data`` is undecoded, ``None`` if there is none."""

    code: PacketCode
    packet_id: str
    data: memoryview | None


def parse_packet(frame: bytes) -> Packet | None:
    """Split a frame; ``None`` if it is no packet."""
    head = bytes(frame[:_LONGEST_HEAD]).split(b":", 3)
    code = _CODES.get(head[0])
    if code is None or (len(head) < 4 and len(frame) > _LONGEST_HEAD):
        return None
    packet_id = head[1].decode("ascii", "replace").rstrip("+") if len(head) > 1 else ""
    data = memoryview(frame)[sum(map(len, head[:3])) + 3 :] if len(head) == 4 else None
    return Packet(code, packet_id, data)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The hub's answer to packet ``packet_id``: accepted or why not."""

    packet_id: str
    success: bool
    message: str


def parse_acknowledgement(packet: Packet) -> Acknowledgement | None:
    """Read a ``6:::<id>+[{"success": ...}]`` packet; bare ``6:::<id>`` is success, what cannot be read is none."""
    if packet.code is not PacketCode.ACKNOWLEDGEMENT:
        return None
    data = b"" if packet.data is None else bytes(packet.data[: _LONGEST_ACKNOWLEDGEMENT + 1])
    packet_id, _, arguments = data.partition(b"+")
    number = packet_id.strip().decode("ascii", "replace")
    unreadable = Acknowledgement(number, False, "its acknowledgement cannot be read")
    try:
        results = orjson.loads(arguments) if arguments.strip() else []
    except orjson.JSONDecodeError:
        return unreadable
    if results == []:
        return Acknowledgement(number, True, "")
    first = results[0] if isinstance(results, list) else None
    if not isinstance(first, dict) or not isinstance(first.get("success"), bool):
        return unreadable
    message = first.get("message")
    return Acknowledgement(number, first["success"], message if isinstance(message, str) else "")


def subscribe_packet(packet_id: int, event: Mapping[str, Any]) -> str:
    """Write an event that asks to be acknowledged."""
    return f"5:{packet_id}+::{json.dumps({'name': 'ftrack.event', 'args': [event]})}"


@dataclass(frozen=True, slots=True)
class Handshake:
    """The hub's answer to ``GET /socket.io/1/``; ``heartbeat`` in seconds, ``None`` if it does not say."""

    session_id: str
    heartbeat: float | None
    websocket: bool


def parse_handshake(text: str) -> Handshake | None:
    """Read ``"<id>:<heartbeat>:<close>:<transport>,..."``; ``None`` if it is something else."""
    parts = text.strip().split(":")
    if len(parts) < 4 or not _SESSION.fullmatch(parts[0]):
        return None
    heartbeat = float(parts[1]) if _SECONDS.fullmatch(parts[1]) else None
    return Handshake(parts[0], heartbeat, "websocket" in parts[3].split(","))


def refuses_handshake(text: str) -> bool:
    """Whether a handshake was answered with ftrack's error for a user and key, whatever the HTTP status
    (ftrack-protocol 6.1)."""
    try:
        return refuses_credentials(orjson.loads(text))
    except ValueError:
        return False
