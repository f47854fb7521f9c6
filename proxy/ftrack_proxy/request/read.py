"""Batches of reads: look up, judge, join or fetch, keep, reply."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.ports import AnswerLost, NotSent
from ftrack_proxy.protocol.headers import Forwarded, Handling
from ftrack_proxy.protocol.responses import Failure
from ftrack_proxy.request import reply
from ftrack_proxy.request.call import ApiCall, Read, Reply
from ftrack_proxy.request.errand import Errand, Errands
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.flights import Fetched, Flight, Flights
from ftrack_proxy.request.join import alone, assembled, is_torn, let_go, look_into
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.look_up import LookUp, Served
from ftrack_proxy.request.query_index import QueryIndex
from ftrack_proxy.request.recall import Long, MissingRows
from ftrack_proxy.request.split import Split
from ftrack_proxy.request.together import Missed, Together, is_readable
from ftrack_proxy.values.work import Work

T = TypeVar("T")

# Misses of one batch that ftrack is asked for apart, and at the same time: such answers others can have, too. Many
# are asked for together.
_APART = 8
# Operations that are answered at one go, and that are bound, while everybody else waits.
_AT_HAND = 100
_BOUND_AT_ONCE = 16
_FOUND_AT_ONCE = 64


class Reader:
    """Answers batches that consist of reads only, operation by operation."""

    def __init__(
        self, journal: Journal, fetcher: Fetcher, look_up: LookUp, errands: Errands, together: Together
    ) -> None:
        self._journal = journal
        self._fetcher = fetcher
        self._look_up = look_up
        self._errands = errands
        self._together = together
        self._flights = Flights()
        self.asked = QueryIndex()

    def at_hand(self, call: ApiCall, split: Split) -> Reply | None:
        """Answer at once, from memory alone, if every operation is a hit. The hot path: no await."""
        credentials, principal = call.credentials, call.principal
        if credentials is None or principal is None or call.directives.no_cache or call.directives.no_store:
            return None
        start = self._journal.start(credentials)
        if not self._journal.trust.holds(principal, start.at) or len(split.keys) > _AT_HAND:
            return None
        served, work = [], Work()
        for read in self._reads(call, split, start):
            if read is None:
                return None
            found = self._look_up.in_memory(read, work)
            if not isinstance(found, Served):
                return None
            self._note(read)
            served.append(found)
        if not served or self._torn(served):
            return None
        self._count(served)
        return assembled(served, start)

    def _note(self, read: Read) -> None:
        """Remember what a key holds the answer to, for `explain`, where finding a text for it takes no time."""
        if not read.bound.is_long:
            self.asked.note(read.key, read.bound, read.call)

    def _reads(self, call: ApiCall, split: Split, start: Moment) -> Iterator[Read | None]:
        """The batch's operations, one by one; ``None`` for one whose answer must not be kept."""
        assert split.batch is not None
        for operation, key, spelling in zip(split.batch.operations, split.keys, split.spellings, strict=True):
            bound = self._fetcher.binder.bind(operation)
            yield None if bound is None else Read(call, operation, key, spelling, bound, start)

    async def _all_reads(self, call: ApiCall, split: Split, start: Moment) -> list[Read] | None:
        """The same for all at once; ``None`` if one of the answers must not be kept."""
        reads = []
        for read in self._reads(call, split, start):
            if read is None:
                return None
            reads.append(read)
            if not len(reads) % _BOUND_AT_ONCE:
                await asyncio.sleep(0)
        return reads

    async def answer(self, call: ApiCall, split: Split) -> Reply | None:
        """Answer from the store or from ftrack; ``None`` if the batch has to be forwarded as a whole."""
        assert call.credentials is not None
        assert split.batch is not None
        if self._needs_cookies(call):
            return reply.not_cached() if call.directives.only_if_cached else None
        await self._fetcher.prepare(call, split.batch.operations)
        start = self._journal.start(call.credentials)
        reads = None if call.directives.no_store else await self._all_reads(call, split, start)
        if reads is None:
            return reply.not_cached() if call.directives.only_if_cached else None
        try:
            served = await self._read_all(call, reads)
        except _NothingCached:
            return reply.not_cached()
        except NotSent as error:
            return reply.unreachable(self._fetcher.origin, str(error))
        except AnswerLost as error:
            return reply.read_lost(self._fetcher.origin, str(error))
        if any(part.result is None for part in served) and self._needs_cookies(call):
            # What was asked for without its cookies was refused: its own request may not be.
            let_go(served)
            return None
        joined = await self._joined(call, served, len(reads), start)
        if joined is None:
            let_go(served)
        else:
            self._count(served)
        return joined

    def _needs_cookies(self, call: ApiCall) -> bool:
        """True if ftrack, or a gateway before it, did not answer to the principal alone and might to its cookies."""
        if call.principal is None or not call.cookies:
            return False
        return self._journal.trust.is_refused(call.principal, self._journal.clock())

    async def _read_all(self, call: ApiCall, reads: Sequence[Read]) -> Sequence[Served]:
        """Read the operations of a batch beside each other; returns one part alone if it is no entry of an answer."""
        if len(reads) == 1:
            return [await self._read(reads[0])]
        looking = asyncio.Lock()
        if len(reads) <= _APART:
            return await _beside_each_other(self._read(read, looking) for read in reads)
        # What a batch asks more than once is one question.
        questions: dict[bytes, Read] = {}
        for read in reads:
            questions.setdefault(read.key, read)
        found: list[Served | Missed] = []
        distinct = list(questions.values())
        for begin in range(0, len(distinct), _FOUND_AT_ONCE):
            some = distinct[begin : begin + _FOUND_AT_ONCE]
            found += await _beside_each_other(self._find(read, looking) for read in some)
        served = {key: one for key, one in zip(questions, found, strict=True) if isinstance(one, Served)}
        missed = [one for one in found if isinstance(one, Missed)]
        for parts in await _beside_each_other(self._requests(call, missed)):
            for part in parts:
                if part.served.result is None:
                    return [part.served]
                served[part.key] = part.served
        return [served[read.key] for read in reads]

    def _requests(self, call: ApiCall, missed: Sequence[Missed]) -> Iterator[Coroutine[Any, Any, Sequence[_Part]]]:
        """Ask ftrack for what a batch misses: for each read apart if there are few, for very many in one request."""
        for group in ([one for one in missed if is_readable(one)], [one for one in missed if not is_readable(one)]):
            if len(group) > _APART:
                yield self._ask_together(call, group)
            else:
                yield from map(self._ask_apart, group)

    async def _ask_together(self, call: ApiCall, group: Sequence[Missed]) -> Sequence[_Part]:
        served = await self._together.ask(call, group)
        # If it is no answer, it is one part.
        return [_Part(missed.read.key, one) for missed, one in zip(group, served, strict=False)]

    async def _ask_apart(self, missed: Missed) -> Sequence[_Part]:
        return [_Part(missed.read.key, await self._ask(missed))]

    async def _joined(self, call: ApiCall, served: Sequence[Served], operations: int, start: Moment) -> Reply | None:
        for part in served:
            if part.result is None:
                return alone(call, part, operations)
        await look_into(served)
        return None if self._torn(served) else assembled(served, start)

    _torn = staticmethod(is_torn)

    def _count(self, served: Sequence[Served]) -> None:
        for part in served:
            if part.handling.forwarded is None:
                self._journal.counters.hits += 1
                self._journal.counters.kinds[part.handling.detail or ""] += 1
            else:
                self._journal.counters.misses += 1
                self._journal.counters.joined += part.handling.collapsed

    async def _read(self, read: Read, looking: asyncio.Lock | None = None) -> Served:
        found = await self._find(read, looking)
        return found if isinstance(found, Served) else await self._ask(found)

    async def _find(self, read: Read, looking: asyncio.Lock | None) -> Served | Missed:
        """Find an answer at hand, on the disk included."""
        call, lacking, verdict = read.call, None, None
        self._note(read)
        if self._may_look_up(read):
            if looking is None:
                found = self._look_up.in_memory(read)
            else:
                async with looking:  # Judging may take milliseconds: others have their turn between two.
                    found = self._look_up.in_memory(read)
                    await asyncio.sleep(0)
            if isinstance(found, Long):
                found = await self._look_up.in_thread(read, found)
            lacking = found if isinstance(found, MissingRows) else None
            stored = found if isinstance(found, Served) else await self._look_up.on_disk(read)
            if isinstance(stored, Served):
                return stored
            verdict = stored
        if verdict is not None:
            self._journal.counters.stale[verdict.reason.value] += 1
        if call.directives.only_if_cached:
            raise _NothingCached
        return Missed(read, lacking, *_why(call, verdict))

    async def _ask(self, missed: Missed) -> Served:
        """Get an answer from ftrack: by an errand, by another's fetch, or by one of its own."""
        read, lacking, forwarded, detail = missed.read, missed.lacking, missed.forwarded, missed.detail
        if self._may_look_up(read):
            handling = Handling(Forwarded.PARTIAL if lacking and lacking.known else forwarded, detail, stored=True)
            served = await self._send_out(read, lacking, handling)
            if served is not None:
                return served
        if not read.call.directives.no_cache:
            fetched = await self._join(read)
            if fetched is not None:
                return Served(Handling(forwarded, detail, collapsed=True), fetched.result, fetched)
        fetched = await self._launch(read).fetch.outcome()
        return Served(Handling(forwarded, detail, stored=fetched.stored), fetched.result, fetched)

    async def _send_out(self, read: Read, lacking: MissingRows | None, handling: Handling) -> Served | None:
        """Ask ftrack for what is lacking, in words of our own; ``None`` if the client's are to be sent."""
        call, bound, start = read.call, read.bound, read.start
        while True:
            under_way = self._errands.under_way(call, bound, lacking, self._journal.clock())
            if under_way is None:
                break
            self._journal.counters.waiting += 1
            try:
                ended = await under_way.ended()
            finally:
                self._journal.counters.waiting -= 1
            # G3: what others fetched is judged like anything known, up to this read's own start.
            found = await self._look_up.recalled(read, replace(handling, collapsed=True))
            if isinstance(found, Served):
                return found
            lacking = found
            if ended:
                break
        errand = self._errands.plan(call, bound, lacking, start)
        if errand is None:
            return None
        try:
            fetched = await self._errands.carry_out(call, errand, self._journal.clock())
        except AnswerLost:
            if not errand.spare:
                raise
            # It may have been lost for being so long.
            return None
        if fetched is not None and fetched.result is None and _would_fail_anyway(fetched, errand):
            return Served(replace(handling, stored=False), None, fetched)
        found = await self._look_up.recalled(read, handling)
        return replace(found, fetched=fetched) if isinstance(found, Served) else None

    def _may_look_up(self, read: Read) -> bool:
        """G6: only for who ftrack accepted recently."""
        assert read.call.principal is not None
        return not read.call.directives.no_cache and self._journal.trust.holds(read.call.principal, read.start.at)

    def _launch(self, read: Read) -> Flight:
        # G3: the moment before the request is sent, not the one at which its answer is here.
        began = self._journal.start(_known(read.call.credentials))
        assert read.call.principal is not None
        return self._flights.launch(read.key, read.call.principal, began, self._fetcher.fetch(read, began))

    async def _join(self, read: Read) -> Fetched | None:
        """Wait for others' fetches, none for long; ``None`` if what they bring is too old for this read."""
        while (flight := self._flights.joinable(read.key, self._journal.clock())) is not None:
            is_own = flight.principal == read.call.principal
            if not is_own and not self._may_look_up(read):
                return None
            self._journal.counters.waiting += 1
            try:
                fetched = await flight.fetch.outcome(flight.patience(self._journal.clock()))
            except TimeoutError:
                continue
            except (NotSent, AnswerLost):
                if same_moment(flight.began, read.start):
                    raise
                return None
            finally:
                self._journal.counters.waiting -= 1
            # G6: what ftrack says of another principal's credentials is not for this one.
            may_have = (is_own or fetched.result is not None) and self.joiner_may_have(fetched, read)
            return fetched if may_have else None
        return None

    def joiner_may_have(self, fetched: Fetched, read: Read) -> bool:
        """G3: a joined answer is judged like a stored one, up to the joiner's own start.

        One that is still coming is for the one who asked.
        """
        if fetched.answer.rest is not None:
            return False
        if fetched.result is None:
            return same_moment(fetched.began, read.start)
        return self._look_up.judged(read, fetched.result).fresh


@dataclass(frozen=True, slots=True)
class _Part:
    """What became of the read with this key."""

    key: bytes
    served: Served


class _NothingCached(Exception):
    """Nothing fresh is stored and the client does not want us to ask."""


async def _beside_each_other(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Do all at the same time; one that fails ends the others, for which nobody waits then."""
    tasks = [asyncio.create_task(work, name="read") for work in works]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


def _would_fail_anyway(failed: Fetched, errand: Errand) -> bool:
    """True if the client's own words would meet the same error: one of credentials, or of a gateway's."""
    return failed.failure is Failure.CREDENTIALS or (failed.failure is Failure.GATEWAY and not errand.spare)


def same_moment(began: Moment, start: Moment) -> bool:
    """True if nothing at all is known to have changed between the two."""
    return began.epoch == start.epoch and began.seq >= start.seq


def _known(credentials: Credentials | None) -> Credentials:
    assert credentials is not None
    return credentials


def _why(call: ApiCall, verdict: Verdict | None) -> tuple[Forwarded, str | None]:
    if call.directives.no_cache:
        return Forwarded.REQUEST, None
    if verdict is None:
        return Forwarded.MISS, None
    if verdict.fresh:
        return Forwarded.REQUEST, Reason.AGED.value
    return Forwarded.STALE, verdict.reason.value
