"""Bodies without their content encoding, and answers of ftrack's as values: bounded, and long ones in a thread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ftrack_proxy.ports import Answer
from ftrack_proxy.protocol.encoding import unpack
from ftrack_proxy.protocol.responses import decode_exactly, decode_slowly, is_readable
from ftrack_proxy.request.running.threads import in_thread

# Bytes that are unpacked, and decoded, while everybody else waits: some milliseconds.
_PACKED_AT_ONCE = 2**14
_DECODED_AT_ONCE = 2**18


@dataclass(frozen=True, slots=True)
class Unpacked:
    """An answer's ``plain`` body, ``None`` if it cannot be unpacked or is too long for it, and its ``value`` if it is
    JSON. ``exact``: the bytes are exactly what is expected, so that they may be cut and kept."""

    plain: bytes | None
    value: Any = None
    exact: bool = False


async def unpacked_body(body: bytes, encoding: str, limit: int) -> bytes | None:
    """Return a body without its content encoding; ``None`` if that cannot be had within ``limit`` bytes."""
    try:
        if len(body) <= _PACKED_AT_ONCE:
            return unpack(body, encoding, limit)
        if encoding.strip().lower() in ("", "identity"):
            return body if len(body) <= limit else None
        return await in_thread(unpack, body, encoding, limit)
    except ValueError:
        return None


async def unpacked_answer(answer: Answer, limit: int) -> Unpacked:
    """Read an answer, if it is here as a whole; nothing in it is an error here."""
    if answer.rest is not None:
        return Unpacked(None)
    encoding = ", ".join(answer.headers.getall("Content-Encoding", ()))
    plain = await unpacked_body(answer.body, encoding, limit)
    if plain is None:
        return Unpacked(None)
    try:
        if len(plain) <= _DECODED_AT_ONCE:
            value, exact = decode_exactly(plain)
        else:
            value, exact = await in_thread(decode_slowly, plain)
    except (ValueError, RecursionError):
        return Unpacked(plain)
    content_type = ", ".join(answer.headers.getall("Content-Type", ()))
    return Unpacked(plain, value, exact and is_readable(answer.status, content_type, plain))
