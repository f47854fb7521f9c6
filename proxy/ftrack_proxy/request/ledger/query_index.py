"""Which results belong to a query: their keys are digests, and say nothing of it themselves."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.partition import Partition
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.syntax import Query
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.request.call import Read
from ftrack_proxy.values.bounded_map import BoundedMap

Window = tuple[int, int | None]
"""A query's offset and limit."""


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked: by it the moment, the trust and the entities are found that a read of theirs goes by. Never shown."""

    credentials: Credentials
    principal: Principal
    partition: Partition


@dataclass(frozen=True, slots=True)
class IndexedResult:
    """One result of a query: its key, who asked, and for which part of the rows."""

    key: bytes
    asker: Asker
    window: Window


class QueryIndex:
    """The keys of what was asked through this process, by canonical expression; the oldest are given up first.

    Without its window: clients add one, page by page, to what a person wrote.
    """

    def __init__(self, limit: int = 20_000) -> None:
        self._kept: BoundedMap[bytes, tuple[bytes, IndexedResult]] = BoundedMap(limit, on_eviction=self._gave_up)
        self._keys: dict[bytes, set[bytes]] = {}

    def __len__(self) -> int:
        return len(self._kept)

    def note(self, read: Read) -> None:
        """Note that a read's key holds its answer, if finding a text for it takes no time."""
        key, bound, call = read.key, read.bound, read.call
        if self._kept.peek(key) is not None or not isinstance(bound, BoundQuery) or bound.is_long:
            return
        if call.credentials is None or call.principal is None or call.partition is None:
            return
        query = _digest(canonical(bound.query, window=False))
        asker = Asker(call.credentials, call.principal, call.partition)
        self._keys.setdefault(query, set()).add(key)
        self._kept.put(key, (query, IndexedResult(key, asker, offset_and_limit(bound.query))))

    def of(self, query: Query) -> list[IndexedResult]:
        """What was asked by such a query, whatever the window."""
        digest = _digest(canonical(query, window=False))
        kept = map(self._kept.peek, sorted(self._keys.get(digest, ())))
        return [result for _, result in filter(None, kept)]

    def askers(self) -> list[Asker]:
        """Everybody who asked, once."""
        return list({kept.asker.principal: kept.asker for _, kept in self._kept.values()}.values())

    def _gave_up(self, key: bytes, kept: tuple[bytes, IndexedResult]) -> None:
        query, _ = kept
        keys = self._keys[query]
        keys.discard(key)
        if not keys:
            del self._keys[query]


def offset_and_limit(query: Query) -> Window:
    """The window of a query; to begin at the first row need not be said."""
    return query.offset or 0, query.limit


def _digest(text: str) -> bytes:
    # Real expressions list hundreds of ids: thousands of them as texts would be a store of their own.
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()
