"""Component bytes: stored uploads, generated contents, thumbnails, byte ranges."""

from __future__ import annotations

import dataclasses
import hashlib
import re
import struct
import zlib
from collections.abc import Iterator

_BLOCK = 1 << 16
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class UnsatisfiableError(ValueError):
    """The wanted byte range lies outside of the content."""


@dataclasses.dataclass(frozen=True)
class Content:
    """Some bytes and the tag that changes with them."""

    data: bytes
    etag: str

    @classmethod
    def of(cls, data: bytes) -> Content:
        """Content with its tag."""
        return cls(data, f'"{hashlib.md5(data).hexdigest()}"')


class FileStore:
    """The bytes of components, parts of uploads that are not complete yet, and what was removed."""

    def __init__(self) -> None:
        self._contents: dict[str, Content] = {}
        self._parts: dict[str, dict[int, bytes]] = {}
        self._removed: set[str] = set()

    def put(self, component_id: str, data: bytes) -> Content:
        """Store (or overwrite) the bytes of a component."""
        content = Content.of(data)
        self._contents[component_id] = content
        self._removed.discard(component_id)
        return content

    def put_part(self, upload_id: str, number: int, data: bytes) -> Content:
        """Store one part of a multi-part upload."""
        self._parts.setdefault(upload_id, {})[number] = data
        return Content.of(data)

    def complete(self, upload_id: str, component_id: str, numbers: list[int]) -> bool:
        """Join the parts of an upload; False when one of them never came."""
        parts = self._parts.get(upload_id, {})
        if not numbers or any(number not in parts for number in numbers):
            return False
        self.put(component_id, b"".join(parts[number] for number in sorted(numbers)))
        del self._parts[upload_id]
        return True

    def get(self, component_id: str) -> Content | None:
        """The stored bytes of a component."""
        return self._contents.get(component_id)

    def removed(self, component_id: str) -> bool:
        """Whether the bytes were there and have been removed."""
        return component_id in self._removed

    def remove(self, component_id: str) -> bool:
        """Delete the bytes of a component."""
        self._removed.add(component_id)
        return self._contents.pop(component_id, None) is not None


def generated_block(seed: str) -> bytes:
    """64 KiB that depend on *seed* only and do not compress."""
    return hashlib.shake_128(seed.encode()).digest(_BLOCK)


def generated(seed: str, size: int) -> Iterator[bytes]:
    """*size* deterministic bytes, block by block."""
    block = generated_block(seed)
    while size > 0:
        yield block[:size] if size < _BLOCK else block
        size -= _BLOCK


def byte_range(header: str | None, size: int) -> slice | None:
    """The part that a Range header asks for; None for all of it (also when the header makes no sense)."""
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < start:
            return None
    if start >= size or start >= stop:
        raise UnsatisfiableError(header)
    return slice(start, stop)


def thumbnail(seed: str, size: int) -> bytes:
    """A real PNG of *size* x *size* pixels in one colour that depends on *seed*."""
    colour = hashlib.md5(seed.encode()).digest()[:3]
    row = b"\0" + colour * size

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(row * size, 9))
        + chunk(b"IEND", b"")
    )
