"""A request body to its operations and their keys, remembered: the same bytes come thousands of times a day."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from ftrack_proxy.identity.partition import Partition
from ftrack_proxy.language.braces import expand_braces
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import LONG, NotUnderstood, parse
from ftrack_proxy.protocol.operations import Batch, Operation, OperationKind, parse_batch
from ftrack_proxy.protocol.representation import Representation
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.running.threads import in_thread
from ftrack_proxy.values.bounded_map import BoundedMap


@dataclass(frozen=True, slots=True)
class Split:
    """A batch and, where every operation may be looked up, the key of each; otherwise no keys.

    ``spellings`` tell texts of one key apart. ``rewritten`` is the body to forward where the client's has braces
    in it, which only the proxy understands.
    """

    batch: Batch | None
    keys: tuple[bytes, ...]
    spellings: tuple[bytes, ...] = ()
    rewritten: bytes | None = None


_UNREADABLE = Split(None, ())
# Bodies that are taken apart while everybody else waits.
_SHORT = 2**16
# Longer bodies are not remembered: looking one up reads it all.
_MOST_REMEMBERED = 2**20
# Reads of one batch that are answered one by one.
_MOST_READS = 5_000


_Memo = tuple[Partition | None, bytes, bytes]
"""By partition, the representation's tag and the body."""


class Splitter:
    """Takes bodies apart, remembering up to ``limit`` bytes of them."""

    def __init__(self, limit: int = 16 * 2**20) -> None:
        self._known: BoundedMap[_Memo, Split] = BoundedMap(limit, weigh=_weight)

    def at_hand(self, call: ApiCall) -> Split | None:
        """Return the call's operations and keys if that takes no time."""
        if call.plain is None:
            return _UNREADABLE
        if len(call.plain) > _MOST_REMEMBERED:
            return None
        memo = (call.partition, call.representation.tag, call.plain)
        split = self._known.get(memo)
        if split is None and len(call.plain) <= _SHORT:
            return self._first(call, call.plain)
        return split

    async def split(self, call: ApiCall) -> Split:
        """Return the call's operations and keys; a long body is read in a thread."""
        split = self.at_hand(call)
        if split is None and call.plain is not None:
            split = await in_thread(_split, call, call.plain)
            self._remember(call, call.plain, split)
        return split or _UNREADABLE

    def _first(self, call: ApiCall, plain: bytes) -> Split:
        split = _split(call, plain)
        self._remember(call, plain, split)
        return split

    def _remember(self, call: ApiCall, plain: bytes, split: Split) -> None:
        memo = (call.partition, call.representation.tag, plain)
        if split.keys and len(plain) <= _MOST_REMEMBERED and memo not in self._known:
            self._known.put(memo, split)


def _weight(memo: _Memo, _: Split) -> int:
    # The body, its decoded text, and the operation's own copies of it.
    return 4 * len(memo[2]) + 1_000


def _split(call: ApiCall, plain: bytes) -> Split:
    batch = parse_batch(plain)
    if batch is None:
        return _UNREADABLE
    rewritten = None
    if b"{" in plain.replace(b"{", b"", len(batch.operations)):
        written_out = Batch(tuple(map(_written_out, batch.operations)))
        if written_out != batch:
            batch, rewritten = written_out, b"[" + b", ".join(o.raw for o in written_out.operations) + b"]"
    if call.partition is None or not batch.only_reads or len(batch.operations) > _MOST_READS:
        return Split(batch, (), (), rewritten)
    keys = tuple(_key(call.partition, call.representation, operation) for operation in batch.operations)
    spellings = tuple(blake2b(operation.raw, digest_size=8).digest() for operation in batch.operations)
    return Split(batch, keys, spellings, rewritten)


def _written_out(operation: Operation) -> Operation:
    if operation.kind is not OperationKind.QUERY:
        return operation
    expression = expand_braces(operation.expression)
    return operation if expression == operation.expression else operation.asking(expression)


def _key(partition: Partition, representation: Representation, operation: Operation) -> bytes:
    """The key of a result: whose it is, how it is written, and what was asked. Says nothing of any of them."""
    digest = blake2b(partition, digest_size=20)
    digest.update(representation.tag)
    digest.update(_canonical(operation))
    return digest.digest()


def _canonical(operation: Operation) -> bytes:
    """One text for all spellings of an operation, unless it would take longer to find than is worth while."""
    if operation.kind is OperationKind.QUERY and len(operation.expression) <= LONG:
        try:
            operation = operation.asking(canonical(parse(operation.expression)))
        except NotUnderstood:
            pass  # It is not kept either.
    return operation.canonical or b""
