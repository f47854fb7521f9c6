"""The ordered changes that the proxy knows of, numbered and bounded."""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterator
from typing import Final

from ftrack_proxy.changes.change import Change, ChangeKind

_PLACED: Final = frozenset({ChangeKind.ADDED, ChangeKind.UPDATED, ChangeKind.REMOVED})


def is_placed(change: Change) -> bool:
    """True if a change is of one row alone, and told of which."""
    one_family = change.families is not None and len(change.families) == 1
    return one_family and change.entity_id is not None and change.kind in _PLACED


class ChangeLog:
    """Changes by ``seq``, indexed by family.

    Bounded by ``limit`` entries, except that what is younger than ``minimum_age`` seconds stays (a slow fetch
    must still find the changes that it overlapped) up to ten times as many. ``tail`` is the newest dropped
    ``seq``: nothing older can be judged.
    """

    def __init__(self, *, limit: int = 20_000, minimum_age: float = 300.0) -> None:
        self._limit = limit
        self._minimum_age = minimum_age
        self._entries: deque[tuple[int, float, Change]] = deque()
        self._by_family: defaultdict[str, deque[tuple[int, Change]]] = defaultdict(deque)
        self._of_everything: deque[tuple[int, Change]] = deque()
        self._by_entity: defaultdict[str, deque[tuple[int, Change]]] = defaultdict(deque)
        self._unplaced: defaultdict[str, deque[tuple[int, Change]]] = defaultdict(deque)
        # Wide changes by the head of the log when those that tell the same in detail had been recorded.
        self._superseded: dict[int, int] = {}
        self.head = 0
        self.tail = 0

    def append(self, change: Change, now: float) -> int:
        """Record a change at ``now`` (seconds) and return its ``seq``."""
        self.head += 1
        self._entries.append((self.head, now, change))
        for index in self._indexes(change):
            index.append((self.head, change))
        self._trim(now)
        return self.head

    def supersede(self, seq: int) -> None:
        """Note that the change ``seq``, which may have touched anything, is told in detail by changes after it.

        It counts from now on only for reads that began before it was: they are not judged by what came later.
        """
        if seq > self.tail:
            self._superseded[seq] = self.head

    def between(self, after: int, through: int, families: frozenset[str] | None) -> Iterator[tuple[int, Change]]:
        """Yield the changes in ``(after, through]`` that touch one of ``families`` (``None``: any change)."""
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
        """Yield the changes in ``(after, through]`` of one entity that is told by its id."""
        if identity in self._by_entity:
            yield from self._slice(reversed(self._by_entity[identity]), after, through)

    def unplaced(self, after: int, through: int, families: frozenset[str]) -> Iterator[tuple[int, Change]]:
        """Yield the changes in ``(after, through]`` of ``families`` that ``of_entity`` does not find: of many rows at
        once, of rows without an id of their own, or not told of which."""
        yield from self._wide(after, through)
        for family in families:
            if family in self._unplaced:
                yield from self._slice(reversed(self._unplaced[family]), after, through)

    def since(self, moment: float, through: int, families: frozenset[str] | None) -> Iterator[tuple[float, Change]]:
        """Yield the changes recorded at ``moment`` or later, up to ``through``, with their times, newest first."""
        for seq, recorded, change in reversed(self._entries):
            if recorded < moment:
                return
            touches = families is None or change.families is None or not change.families.isdisjoint(families)
            if seq <= through and touches and not self._is_superseded(seq, through):
                yield recorded, change

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
            if now - recorded < self._minimum_age and len(self._entries) <= 10 * self._limit:
                return
            self._entries.popleft()
            for index in self._indexes(change):
                index.popleft()
            if change.entity_id is not None and not self._by_entity.get(change.entity_id, True):
                del self._by_entity[change.entity_id]
            self._superseded.pop(seq, None)
            self.tail = seq
