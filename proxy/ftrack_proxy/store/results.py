"""Results by key: memory first, then disk."""

from __future__ import annotations

import asyncio

from ftrack_proxy.judging.result import Result
from ftrack_proxy.store.disk import DiskTier
from ftrack_proxy.store.record import DamagedRecord, decode_record, encode_record
from ftrack_proxy.values.bounded_map import BoundedMap


class ResultStore:
    """The two tiers as one: memory, of ``limit`` bytes, and disk.

    ``in_memory`` is for the event loop's hot path; ``peek`` goes to disk in a thread.
    """

    def __init__(self, limit: int, disk: DiskTier) -> None:
        self._memory: BoundedMap[bytes, Result] = BoundedMap(limit, weigh=_size)
        self._disk = disk

    def in_memory(self, key: bytes) -> Result | None:
        """Return what memory has; this counts as no use."""
        return self._memory.peek(key)

    async def peek(self, key: bytes) -> Result | None:
        """Return what memory or disk has, and leave both as they are.

        While the disk was asked, a fetch may have brought something newer: memory is looked at again.
        """
        result = self._memory.peek(key)
        if result is not None:
            return result
        result = await asyncio.get_running_loop().run_in_executor(self._disk.thread, self._read, key)
        return self._memory.peek(key) or result

    def use(self, key: bytes, result: Result) -> None:
        """Note that ``result``, which was found here, is used: from now on memory has it, if it has nothing newer."""
        if self._memory.get(key) is None:
            self._memory.put(key, result)

    def put(self, key: bytes, result: Result) -> bool:
        """Keep ``result`` unless a newer one is there; returns whether it was kept.

        Newer means: fetched later. A slow fetch never overwrites what a faster, later one brought.
        """
        present = self._memory.peek(key)
        if present is not None and not result.validity.is_later_than(present.validity):
            return False
        self._memory.put(key, result)
        if result.durable:
            self._disk.submit(key, encode_record(result))
        return True

    async def measure(self) -> tuple[int, int]:
        """Return (results, bytes on disk)."""
        loop = asyncio.get_running_loop()
        records, size = await loop.run_in_executor(self._disk.thread, self._disk.measure)
        return max(records, len(self._memory)), size

    def flush(self) -> None:
        """Wait until all that was put is on disk. Blocks."""
        self._disk.thread.submit(lambda: None).result()

    @property
    def trouble(self) -> str | None:
        """Why results do not reach the disk, if they do not."""
        return self._disk.trouble

    def _read(self, key: bytes) -> Result | None:
        record = self._disk.read(key)
        if record is None:
            return None
        try:
            return decode_record(record)
        except DamagedRecord as problem:
            self._disk.refuse(key, f"damaged ({problem})")
            return None


def _size(_: bytes, result: Result) -> int:
    return result.size
