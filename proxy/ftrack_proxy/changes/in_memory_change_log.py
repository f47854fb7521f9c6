"""The change log of one process: it is lost when that ends."""

from __future__ import annotations

import secrets
from collections import defaultdict, deque
from collections.abc import Iterator

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.change_log import Timestamp, is_placed


class InMemoryChangeLog:
    """A `ChangeLog`, indexed by family. Its name is random: what was judged by an earlier process is of another log.

    Bounded by ``limit`` entries, except that what is younger than ``minimum_age`` seconds stays (a slow fetch
    must still find the changes that it overlapped) up to ten times as many.
    """

    def __init__(self, *, limit: int = 20_000, minimum_age: float = 300.0) -> None:
        self._limit = limit
        self._minimum_age = minimum_age
        self._entries: deque[tuple[int, Timestamp, Change]] = deque()
        self._by_family: defaultdict[str, deque[tuple[int, Change]]] = defaultdict(deque)
        self._of_everything: deque[tuple[int, Change]] = deque()
        self._by_entity: defaultdict[str, deque[tuple[int, Change]]] = defaultdict(deque)
        self._unplaced: defaultdict[str, deque[tuple[int, Change]]] = defaultdict(deque)
        # Wide changes by the head of the log when those that tell the same in detail had been recorded.
        self._superseded: dict[int, int] = {}
        self.name = secrets.token_hex(8)
        self.head = 0
        self.tail = 0

    def append(self, change: Change, now: Timestamp) -> int:
        """Record a change."""
        self.head += 1
        self._entries.append((self.head, now, change))
        for index in self._indexes(change):
            index.append((self.head, change))
        self._trim(now.boot)
        return self.head

    async def appended(self, seq: int) -> None:
        """Return at once: there is no more to wait for."""

    def supersede(self, seq: int) -> None:
        """Count a wide change only for reads that began before now."""
        if seq > self.tail:
            self._superseded[seq] = self.head

    def between(self, after: int, through: int, families: frozenset[str] | None) -> Iterator[tuple[int, Change]]:
        """Yield the changes that touch one of ``families``."""
        if families is None:
            entries = ((seq, change) for seq, _, change in reversed(self._entries))
            for seq, change in self._slice(entries, after, through):
                if not self._is_superseded(seq, through):
                    yield seq, change
            return
        yield from self._wide(after, through)
        for family in families:
            if family in self._by_family:
                yield from self._slice(reversed(self._by_family[family]), after, through)

    def of_entity(self, identity: str, after: int, through: int) -> Iterator[tuple[int, Change]]:
        """Yield the changes of one entity that is named by its id."""
        if identity in self._by_entity:
            yield from self._slice(reversed(self._by_entity[identity]), after, through)

    def unplaced(self, after: int, through: int, families: frozenset[str]) -> Iterator[tuple[int, Change]]:
        """Yield the changes of ``families`` that ``of_entity`` does not find."""
        yield from self._wide(after, through)
        for family in families:
            if family in self._unplaced:
                yield from self._slice(reversed(self._unplaced[family]), after, through)

    def since(self, boot: float, through: int, families: frozenset[str] | None) -> Iterator[tuple[float, Change]]:
        """Yield the changes recorded at ``boot`` or later, newest first."""
        for seq, recorded, change in reversed(self._entries):
            if recorded.boot < boot:
                return
            touches = families is None or change.families is None or not change.families.isdisjoint(families)
            if seq <= through and touches and not self._is_superseded(seq, through):
                yield recorded.boot, change

    def _wide(self, after: int, through: int) -> Iterator[tuple[int, Change]]:
        for seq, change in self._slice(reversed(self._of_everything), after, through):
            if not self._is_superseded(seq, through):
                yield seq, change

    def _is_superseded(self, seq: int, through: int) -> bool:
        return seq in self._superseded and self._superseded[seq] <= through

    @staticmethod
    def _slice(newest_first: Iterator[tuple[int, Change]], after: int, through: int) -> Iterator[tuple[int, Change]]:
        for seq, change in newest_first:
            if seq <= after:
                return
            if seq <= through:
                yield seq, change

    def _indexes(self, change: Change) -> list[deque[tuple[int, Change]]]:
        if change.families is None:
            return [self._of_everything]
        indexes = [self._by_family[family] for family in change.families]
        if is_placed(change):
            assert change.entity_id is not None
            return [*indexes, self._by_entity[change.entity_id]]
        return [*indexes, *(self._unplaced[family] for family in change.families)]

    def _trim(self, now: float) -> None:
        while len(self._entries) > self._limit:
            seq, recorded, change = self._entries[0]
            if now - recorded.boot < self._minimum_age and len(self._entries) <= 10 * self._limit:
                return
            self._entries.popleft()
            for index in self._indexes(change):
                index.popleft()
            if change.entity_id is not None and not self._by_entity.get(change.entity_id, True):
                del self._by_entity[change.entity_id]
            self._superseded.pop(seq, None)
            self.tail = seq
