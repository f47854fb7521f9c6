"""Content encodings that clients and servers of ftrack use, unpacked within bounds."""

from __future__ import annotations

import zlib

_GZIP = (zlib.MAX_WBITS | 16,)
# RFC 9110 8.4.1.2: a zlib stream. Some send the bare data, and clients take both.
_DEFLATE = (zlib.MAX_WBITS, -zlib.MAX_WBITS)
_WINDOWS = {"gzip": _GZIP, "x-gzip": _GZIP, "deflate": _DEFLATE}
# Answers of ftrack's shrink to a twentieth. What shrinks to less than a two-hundredth was made to do harm.
_HIGHEST_RATIO = 200
# Bytes up to which the ratio does not matter.
_HARMLESS = 2**20


def unpack(body: bytes, encoding: str, limit: int) -> bytes:
    """Return a body without its content encoding; ``encoding`` is the header's value, ``limit`` in bytes.

    Raises:
        ValueError: it is in another encoding, not what it is said to be, cut short, followed by something, or longer
            than ``limit`` or than its packed length explains.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        if len(body) > limit:
            raise ValueError("longer than the limit")
        return body
    if name not in _WINDOWS:
        raise ValueError("unknown content encoding")
    limit = min(limit, max(_HARMLESS, _HIGHEST_RATIO * len(body)))
    for window in _WINDOWS[name]:
        try:
            return _inflate(body, window, limit)
        except zlib.error:
            continue
    raise ValueError("compressed data cannot be read")


def _inflate(body: bytes, window: int, limit: int) -> bytes:
    decompressor = zlib.decompressobj(window)
    # One byte more than is wanted, to tell an end exactly at the limit from one beyond it.
    plain = decompressor.decompress(body, limit + 1)
    if len(plain) > limit:
        raise ValueError("longer than the limit")
    if not decompressor.eof:
        raise ValueError("compressed data is cut short")
    if decompressor.unused_data:
        # A second member, or anything else: what the far end makes of it is not ours to guess.
        raise ValueError("compressed data is followed by something")
    return plain
