"""A mapping of bounded size: what was put in, or used, longest ago is given up for what is new."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")


def _one(_key: object, _value: object) -> int:
    return 1


class BoundedMap(Generic[K, V]):
    """Entries whose weights add up to at most ``limit``, the newest last.

    ``weigh`` tells what an entry weighs, always the same for the same entry; without it each weighs one, so that
    ``limit`` is their number. Putting an entry in makes it the newest, and so does `get`: a map that is read by `get`
    gives up the least recently used, one that is read by `peek` the oldest. ``on_eviction`` is called with each
    entry that was given up for want of room, after it has gone.
    """

    __slots__ = ("_entries", "_limit", "_on_eviction", "_weigh", "peek", "weight")

    def __init__(
        self,
        limit: int,
        *,
        weigh: Callable[[K, V], int] = _one,
        on_eviction: Callable[[K, V], None] | None = None,
    ) -> None:
        self._entries: OrderedDict[K, V] = OrderedDict()
        self._limit = limit
        self._weigh = weigh
        self._on_eviction = on_eviction
        self.weight = 0
        # The hot path reads here: the dictionary's own method costs least.
        self.peek: Callable[[K], V | None] = self._entries.get
        """Return the value under a key, if any; this counts as no use."""

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, key: object) -> bool:
        return key in self._entries

    def __iter__(self) -> Iterator[K]:
        """The keys, the oldest first."""
        return iter(self._entries)

    def values(self) -> Iterator[V]:
        """The values, the oldest first."""
        return iter(self._entries.values())

    def get(self, key: K) -> V | None:
        """Return the value under a key, if any, and count this as a use."""
        value = self._entries.get(key)
        if value is not None:
            self._entries.move_to_end(key)
        return value

    def oldest(self) -> tuple[K, V] | None:
        """The entry that would be given up next."""
        return next(iter(self._entries.items()), None)

    def put(self, key: K, value: V) -> None:
        """Keep a value in place of what was under its key; one heavier than the limit is not kept."""
        self.pop(key)
        weight = self._weigh(key, value)
        if weight > self._limit:
            return
        self._entries[key] = value
        self.weight += weight
        while self.weight > self._limit:
            self.evict()

    def pop(self, key: K) -> V | None:
        """Take an entry out; returns its value, if there was one."""
        if key not in self._entries:
            return None
        value = self._entries.pop(key)
        self.weight -= self._weigh(key, value)
        return value

    def evict(self) -> None:
        """Give up the oldest entry, of which there must be one."""
        key, value = self._entries.popitem(last=False)
        self.weight -= self._weigh(key, value)
        if self._on_eviction is not None:
            self._on_eviction(key, value)

    def clear(self) -> None:
        """Take all entries out."""
        self._entries.clear()
        self.weight = 0
