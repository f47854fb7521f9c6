"""Content encodings that clients and servers of ftrack use."""

from __future__ import annotations

import zlib


def inflate(body: bytes) -> bytes:
    """Decompress gzip or deflate; ``ValueError`` if it is neither or cut short."""
    for window in (zlib.MAX_WBITS | 32, -zlib.MAX_WBITS):
        decompressor = zlib.decompressobj(window)
        try:
            plain = decompressor.decompress(body) + decompressor.flush()
        except zlib.error:
            continue
        if decompressor.eof:
            return plain
    raise ValueError("compressed data cannot be read")
