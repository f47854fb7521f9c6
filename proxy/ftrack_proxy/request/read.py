"""The way of a batch of reads: bind, gather, decide, perform, and make one reply of its parts."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar, assert_never

from ftrack_proxy.decision.at_hand import AtHand
from ftrack_proxy.decision.batch import AskApart, AskTogether, share_out
from ftrack_proxy.decision.decide import decide
from ftrack_proxy.decision.decisions import ForwardBatch, Look, Miss, Refuse, Serve
from ftrack_proxy.decision.report import handling_of
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.judging.verdict import LOG_OVERRUN
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.request import reply
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.call import ApiCall, Read, Reply
from ftrack_proxy.request.compose import Part, composed, conclude_batch, is_torn
from ftrack_proxy.request.gather import Gatherer
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.ledger.query_index import QueryIndex
from ftrack_proxy.request.perform import Driver, MissedRead, Refused
from ftrack_proxy.request.prepare import Preparation, Prepared
from ftrack_proxy.request.split import Split
from ftrack_proxy.values.work import Work

T = TypeVar("T")

# Operations that are answered at one go, and that are bound, while everybody else waits; and how many are looked up,
# or read, at the same time.
_AT_HAND = 100
_LOOKED_AT_ONCE = 64


@dataclass(slots=True)
class _Looked:
    """A read of a batch, what is at hand for it, and what that makes of it."""

    read: Read
    at_hand: AtHand
    decision: Serve | Look | Miss | Refuse


@dataclass(frozen=True, slots=True)
class Beginning:
    """A batch that began at ``start`` and cannot be answered at once: what was looked up of it so far, in order."""

    start: Moment
    looked: list[_Looked]


class Reader:
    """Answers batches that consist of reads only, operation by operation; ``index`` notes who asked what."""

    def __init__(
        self,
        journal: Journal,
        acceptance: Acceptance,
        counters: Counters,
        preparation: Preparation,
        binder: Binder,
        gatherer: Gatherer,
        driver: Driver,
        index: QueryIndex,
        origin: str,
    ) -> None:
        self._journal = journal
        self._acceptance = acceptance
        self._counters = counters
        self._preparation = preparation
        self._binder = binder
        self._gather = gatherer
        self._driver = driver
        self._index = index
        self._origin = origin

    def at_once(self, call: ApiCall, split: Split) -> Reply | Beginning:
        """Answer from memory alone if every operation is a hit. The hot path: no await."""
        start, wishes = self._journal.start(call.credentials), call.directives
        looked: list[_Looked] = []
        if wishes.no_cache or wishes.no_store or len(split.keys) > _AT_HAND:
            return Beginning(start, looked)
        parts: list[Part] = []
        work = Work()
        trusted = self._acceptance.trusts(call.principal, start)
        for read in self._binder.bind_reads(call, split, start, trusted=trusted) if trusted else ():
            if read is None:
                return Beginning(start, looked)
            at_hand = self._gather.in_memory(read, work)
            decision = decide(at_hand)
            if at_hand.stored is not None and at_hand.stored.verdict is LOG_OVERRUN:
                # By itself it may be less work than together with others.
                return Beginning(start, looked)
            looked.append(_Looked(read, at_hand, decision))
            if not isinstance(decision, Serve):
                return Beginning(start, looked)
            parts.append(Part(decision, handling_of(decision)))
        if not trusted or (len(parts) > 1 and is_torn(parts)):
            return Beginning(start, looked)
        for one, part in zip(looked, parts, strict=True):
            self._index.note(one.read)
            self._driver.settle(one.read, part.serve)
            self._counters.count(part.handling)
        return composed(parts, start)

    async def answer(self, call: ApiCall, split: Split, beginning: Beginning) -> Reply | ForwardBatch:
        """Answer from the store or from ftrack, unless the batch is to be forwarded as a whole."""
        looked = beginning.looked
        prepared = await self._preparation.prepare(call, split, beginning.start, [one.read for one in looked])
        match prepared:
            case ForwardBatch():
                return prepared
            case Refuse(reason=reason):
                return reply.refused(reason, self._origin)
            case Prepared(reads=reads, is_as_before=is_as_before):
                found = {one.read.key: one for one in looked} if is_as_before else {}
            case _:
                assert_never(prepared)
        try:
            if len(reads) == 1:
                one = found.get(reads[0].key) or self._look(reads[0])
                parts = [await self._driver.perform(one.read, one.at_hand, one.decision)]
            else:
                parts = await self._read_all(call, reads, found)
        except Refused as refused:
            return reply.refused(refused.reason, self._origin, str(refused))
        finally:
            for read in reads:
                self._index.note(read)
        needs_cookies = self._acceptance.needs_cookies
        concluded = await conclude_batch(call, parts, len(reads), reads[0].start, lambda: needs_cookies(call))
        if isinstance(concluded, Reply):
            for part in parts:
                self._counters.count(part.handling)
        return concluded

    async def _read_all(self, call: ApiCall, reads: Sequence[Read], found: Mapping[bytes, _Looked]) -> list[Part]:
        """Read the operations of a batch; returns one part alone if it is no entry of an answer.

        Raises:
            Refused: there is no answer to one of them.
        """
        # What a batch asks more than once is one question.
        distinct: dict[bytes, Read] = {}
        for read in reads:
            distinct.setdefault(read.key, read)
        parts: dict[bytes, Part] = {}
        missed: list[MissedRead] = []
        for looked in await self._look_all(list(distinct.values()), found):
            match looked.decision:
                case Serve() as served:
                    self._driver.settle(looked.read, served)
                    parts[looked.read.key] = Part(served, handling_of(served))
                case Miss() as miss:
                    missed.append(MissedRead(looked.read, looked.at_hand, miss))
                case Refuse(reason=reason):
                    raise Refused(reason)
                case Look():
                    raise AssertionError("looked too little")
                case _:
                    assert_never(looked.decision)
        for answered in await _beside_each_other(self._ask_for(call, missed, len(reads))):
            for key, part in answered.items():
                if part.serve.result is None:
                    return [part]
                parts[key] = part
        return [parts[read.key] for read in reads]

    def _look(self, read: Read) -> _Looked:
        at_hand = self._gather.in_memory(read)
        return _Looked(read, at_hand, decide(at_hand))

    async def _look_all(self, reads: Sequence[Read], found: Mapping[bytes, _Looked]) -> list[_Looked]:
        """Find for each read what is at hand, on the disk included."""
        looked: list[_Looked] = []
        for read in reads:
            looked.append(found.get(read.key) or self._look(read))
            await asyncio.sleep(0)  # Judging may take milliseconds: others have their turn between two.
        further = [one for one in looked if isinstance(one.decision, Look)]
        for begin in range(0, len(further), _LOOKED_AT_ONCE):
            await _beside_each_other(self._look_further(one) for one in further[begin : begin + _LOOKED_AT_ONCE])
        return looked

    async def _look_further(self, looked: _Looked) -> None:
        while isinstance(looked.decision, Look):
            looked.at_hand = await self._gather.further(looked.read, looked.at_hand, looked.decision)
            looked.decision = decide(looked.at_hand)

    def _ask_for(
        self, call: ApiCall, missed: Sequence[MissedRead], operations: int
    ) -> Iterator[Coroutine[Any, Any, Mapping[bytes, Part]]]:
        """Ask ftrack for what a batch misses: for each read apart if there are few, for very many in one request."""
        for share in share_out([one.read.is_readable for one in missed], operations):
            match share:
                case AskApart(place=place):
                    yield self._ask_apart(missed[place])
                case AskTogether(places=places):
                    yield self._driver.ask_together(call, [missed[place] for place in places])
                case _:
                    assert_never(share)

    async def _ask_apart(self, missed: MissedRead) -> Mapping[bytes, Part]:
        return {missed.read.key: await self._driver.perform(missed.read, missed.at_hand, missed.miss)}


async def _beside_each_other(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all at the same time; one that fails ends the others, for which nobody waits then."""
    tasks = [asyncio.create_task(work, name="read") for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
