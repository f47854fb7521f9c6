"""Header lines go out with the very bytes that they came with.

aiohttp reads header lines as UTF-8 and keeps other bytes as halves of surrogate pairs. But its writer leaves those
out, or fails. Python's clients and browsers send names such as ``René`` in latin-1: ftrack would see another user.
"""

from __future__ import annotations

from aiohttp import http_writer
from multidict import CIMultiDict

from ftrack_proxy.protocol.headers import CONTROL


def serialize_headers(status_line: str, headers: CIMultiDict[str]) -> bytes:
    """Write the head of a message; repeated names are repeated lines.

    Raises:
        ValueError: something in it could be taken for the end of a line.
    """
    lines = [status_line, *[f"{name}: {value}" for name, value in headers.items()]]
    if CONTROL.search("".join(lines)) is not None:
        raise ValueError("control character in a header")
    lines += ["", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def install() -> None:
    """Have aiohttp's writers use it, for requests and answers alike."""
    http_writer._serialize_headers = serialize_headers
