"""A request body to its operations and their keys, remembered: the same bytes come thousands of times a day."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from hashlib import blake2b

from ftrack_proxy.protocol.operations import Batch, Operation, parse_batch
from ftrack_proxy.request.call import ApiCall


@dataclass(frozen=True, slots=True)
class Split:
    """A batch and, where every operation may be looked up, the key of each; otherwise no keys."""

    batch: Batch | None
    keys: tuple[bytes, ...]


_UNREADABLE = Split(None, ())


class Splitter:
    """Takes bodies apart, remembering up to ``limit`` bytes of them."""

    def __init__(self, limit: int = 16 * 2**20) -> None:
        self._limit = limit
        self._size = 0
        self._known: OrderedDict[tuple[bytes | None, bytes, bytes], Split] = OrderedDict()

    def split(self, call: ApiCall) -> Split:
        """Return the call's operations and keys."""
        if call.plain is None:
            return _UNREADABLE
        memo = (call.identity, call.variant, call.plain)
        split = self._known.get(memo)
        if split is not None:
            self._known.move_to_end(memo)
            return split
        split = _split(call, call.plain)
        if split.keys:
            self._remember(memo, split)
        return split

    def _remember(self, memo: tuple[bytes | None, bytes, bytes], split: Split) -> None:
        self._known[memo] = split
        self._size += _weight(memo)
        while self._size > self._limit:
            oldest, _ = self._known.popitem(last=False)
            self._size -= _weight(oldest)


def _weight(memo: tuple[bytes | None, bytes, bytes]) -> int:
    # The body, its decoded text, and the operation's own copies of it.
    return 4 * len(memo[2]) + 1_000


def _split(call: ApiCall, plain: bytes) -> Split:
    batch = parse_batch(plain)
    if batch is None or call.identity is None or not batch.only_reads:
        return Split(batch, ())
    return Split(batch, tuple(_key(call.identity, call.variant, operation) for operation in batch.operations))


def _key(identity: bytes, variant: bytes, operation: Operation) -> bytes:
    """The identity of a result: who asks, what, and in which manner. Says nothing of any of them."""
    digest = blake2b(identity, digest_size=20)
    digest.update(variant)
    digest.update(operation.canonical or b"")
    return digest.digest()
