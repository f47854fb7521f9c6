"""The memory tier: results ready to send, least recently used evicted first."""

from __future__ import annotations

from collections import OrderedDict

from ftrack_proxy.judging.result import Result


class MemoryTier:
    """Results by key, bounded by ``limit`` bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._results: OrderedDict[bytes, Result] = OrderedDict()
        self.size = 0

    def __len__(self) -> int:
        return len(self._results)

    def get(self, key: bytes) -> Result | None:
        """Return the result under ``key`` and count it as used."""
        result = self._results.get(key)
        if result is not None:
            self._results.move_to_end(key)
        return result

    def peek(self, key: bytes) -> Result | None:
        """Return the result under ``key``; this counts as no use."""
        return self._results.get(key)

    def put(self, key: bytes, result: Result) -> None:
        """Keep ``result``; one larger than the whole tier is not kept."""
        self.drop(key)
        if result.size > self._limit:
            return
        self._results[key] = result
        self.size += result.size
        while self.size > self._limit:
            _, oldest = self._results.popitem(last=False)
            self.size -= oldest.size

    def drop(self, key: bytes) -> None:
        """Forget what is under ``key``."""
        result = self._results.pop(key, None)
        if result is not None:
            self.size -= result.size
