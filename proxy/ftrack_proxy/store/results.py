"""Results by key: memory first, then disk."""

from __future__ import annotations

import asyncio

from ftrack_proxy.judging.result import Result
from ftrack_proxy.store.disk import DiskTier
from ftrack_proxy.store.record import DamagedRecord, decode_record, encode_record
from ftrack_proxy.values.bounded_map import BoundedMap


class ResultStore:
    """The two tiers as one: memory, of ``limit`` bytes, and disk.

    ``get`` is for the event loop's hot path; ``load`` goes to disk in a thread.
    """

    def __init__(self, limit: int, disk: DiskTier) -> None:
        self._memory: BoundedMap[bytes, Result] = BoundedMap(limit, weigh=_size)
        self._disk = disk

    def get(self, key: bytes) -> Result | None:
        """Return what memory has."""
        return self._memory.get(key)

    async def load(self, key: bytes) -> Result | None:
        """Return what the disk has, and keep it in memory from now on.

        A fetch may have brought something newer while the disk was read, so memory is checked again.
        """
        result = await asyncio.get_running_loop().run_in_executor(self._disk.thread, self._read, key)
        newer = self._memory.get(key)
        if newer is not None or result is None:
            return newer
        self._memory.put(key, result)
        return result

    async def peek(self, key: bytes) -> Result | None:
        """Return what memory or disk has, and leave both as they are."""
        result = self._memory.peek(key)
        if result is None:
            result = await asyncio.get_running_loop().run_in_executor(self._disk.thread, self._read, key)
        return result

    def put(self, key: bytes, result: Result) -> bool:
        """Keep ``result`` unless a newer one is there; returns whether it was kept.

        Newer means: fetched later. A slow fetch never overwrites what a faster, later one brought.
        """
        present = self._memory.get(key)
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
