"""Batches of reads: look up, judge, join or fetch, keep, reply."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ftrack_proxy.freshness.judge import Reason, Verdict, judge
from ftrack_proxy.freshness.result import Result, Start
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.ports import AnswerLost, NotSent
from ftrack_proxy.protocol.headers import Forwarded, Handling, end_to_end
from ftrack_proxy.protocol.operations import Batch, Operation
from ftrack_proxy.protocol.responses import contradict, decode, is_refusal, known_attributes
from ftrack_proxy.request import reply
from ftrack_proxy.request.asked import Asked
from ftrack_proxy.request.call import ApiCall, Reply
from ftrack_proxy.request.errand import Errands
from ftrack_proxy.request.fetch import Fetcher, contains_secret
from ftrack_proxy.request.flights import Fetched, Flight, Flights
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.recall import Lacking, Recall, Recalled
from ftrack_proxy.request.split import Split
from ftrack_proxy.request.understand import Understood


@dataclass(frozen=True, slots=True)
class _Served:
    """One operation's part of the reply: its result, or the fetched answer that it is (an error, say)."""

    handling: Handling
    result: Result | None
    fetched: Fetched | None = None


class Reader:
    """Answers batches that consist of reads only, operation by operation."""

    def __init__(self, journal: Journal, fetcher: Fetcher, recall: Recall, errands: Errands) -> None:
        self._journal = journal
        self._fetcher = fetcher
        self._recall = recall
        self._errands = errands
        self._flights = Flights()
        self.asked = Asked()

    def at_hand(self, call: ApiCall, split: Split) -> Reply | None:
        """Answer at once, from memory alone, if every operation is a hit. The hot path: no await."""
        credentials, identity = call.credentials, call.identity
        if credentials is None or identity is None or call.wishes.no_cache or call.wishes.no_store:
            return None
        start = self._journal.start(credentials)
        if not self._journal.trust.holds(identity, start.at):
            return None
        served = []
        assert split.batch is not None
        for operation, key in zip(split.batch.operations, split.keys, strict=True):
            understood = self._fetcher.understanding.of(operation)
            found = None if understood is None else self._in_memory(call, key, understood, start)
            if not isinstance(found, _Served):
                return None
            served.append(found)
        if self._torn([found.result for found in served if found.result is not None]):
            return None
        self._count(served)
        return _assembled(served, start)

    def _in_memory(
        self, call: ApiCall, key: bytes, understood: Understood, start: Start
    ) -> _Served | Lacking | Verdict | None:
        """Find a read's own result, or put it together from what is known. Otherwise tell what is wrong or lacking."""
        result, verdict = self._journal.results.get(key), None
        if result is not None:
            verdict = judge(result, start, self._journal.log, understood.meaning)
            if self._acceptable(call, verdict, result, start):
                return _Served(_HIT, result)
        found = self._recall.attempt(call, understood, start)
        if isinstance(found, Recalled):
            return self._recalled(call, key, understood, found, start) or verdict
        return found or verdict

    def _recalled(
        self,
        call: ApiCall,
        key: bytes,
        understood: Understood,
        recalled: Recalled,
        start: Start,
        handling: Handling | None = None,
    ) -> _Served | None:
        """Keep an answer that was put together: the next time it is there as it is."""
        result = recalled.result
        if call.wishes.max_age is not None and start.at - result.began.at > call.wishes.max_age:
            return None
        if handling is not None:
            # What was asked of ftrack for this read is kept on disk; what was there anyway need not be twice.
            result.durable = understood.terms.durable and not contains_secret(result.body, call)
        self._journal.results.put(key, result)
        self._journal.counters.prefetched_used += recalled.prefetched and handling is None
        return _Served(handling or Handling(None, recalled.kind.value), result)

    async def answer(self, call: ApiCall, batch: Batch, split: Split) -> Reply | None:
        """Answer from the store or from ftrack; ``None`` if the batch has to be forwarded as a whole."""
        assert call.credentials is not None
        await self._fetcher.prepare(call, batch.operations)
        understood = [self._fetcher.understanding.of(operation) for operation in batch.operations]
        start = self._journal.start(call.credentials)
        if call.wishes.no_store or any(u is None for u in understood):
            return reply.not_cached() if call.wishes.only_if_cached else None
        reads = [
            self._read(call, operation, key, u, start)
            for operation, key, u in zip(batch.operations, split.keys, understood, strict=True)
            if u is not None
        ]
        try:
            served = await asyncio.gather(*reads)
        except _NothingCached:
            return reply.not_cached()
        except NotSent as error:
            return reply.unreachable(self._fetcher.origin, str(error))
        except AnswerLost as error:
            return reply.read_lost(self._fetcher.origin, str(error))
        return self._joined(served, start)

    def _joined(self, served: Sequence[_Served], start: Start) -> Reply | None:
        for part in served:
            if part.result is None and part.fetched is not None:
                # One failing operation fails the batch (ftrack-protocol 2.2).
                self._count(served)
                return reply.of_answer(
                    part.fetched.answer,
                    part.handling,
                    plain=part.fetched.plain,
                    set_cookie=not part.handling.collapsed,
                )
        if self._torn([part.result for part in served if part.result is not None]):
            return None
        self._count(served)
        return _assembled(served, start)

    def _count(self, served: Sequence[_Served]) -> None:
        for part in served:
            if part.handling.forwarded is None:
                self._journal.counters.hits += 1
                self._journal.counters.kinds[part.handling.detail or ""] += 1
            else:
                self._journal.counters.misses += 1
                self._journal.counters.joined += part.handling.collapsed

    @staticmethod
    def _torn(results: Sequence[Result]) -> bool:
        """G7: one entity in one answer is of one moment. Parts that were fetched apart may contradict each other."""
        seen: dict[tuple[str, str], dict[str, Any]] = {}
        if len(results) < 2:
            return False
        for result in results:
            attributes = result.attributes(_attributes_of_body)
            if contradict(seen, attributes):
                return True
            for entity, values in attributes.items():
                seen.setdefault(entity, {}).update(values)
        return False

    async def _read(
        self, call: ApiCall, operation: Operation, key: bytes, understood: Understood, start: Start
    ) -> _Served:
        self.asked.note(key, understood.meaning.question, call)
        verdict: Verdict | None = None
        lacking: Lacking | None = None
        may_look_up = self._may_look_up(call, start)
        if may_look_up:
            found = self._in_memory(call, key, understood, start)
            if isinstance(found, _Served):
                return found
            lacking = found if isinstance(found, Lacking) else None
            result = self._journal.results.get(key) or await self._journal.results.load(key)
            if result is not None:
                verdict = judge(result, start, self._journal.log, understood.meaning)
                if self._acceptable(call, verdict, result, start):
                    return _Served(_HIT, result)
                self._journal.counters.stale[verdict.reason.value] += 1
        if call.wishes.only_if_cached:
            raise _NothingCached
        forwarded, detail = _why(call, verdict)
        if may_look_up:
            handling = Handling(Forwarded.PARTIAL if lacking and lacking.known else forwarded, detail, stored=True)
            served = await self._send_out(call, key, understood, lacking, start, handling)
            if served is not None:
                return served
        flight = None if call.wishes.no_cache else self._flights.joinable(key, start)
        if flight is not None:
            fetched = await self._join(flight, start, understood)
            if fetched is not None:
                return _Served(Handling(forwarded, detail, collapsed=True), fetched.result, fetched)
        fetched = await asyncio.shield(self._launch(call, operation, key, understood).task)
        return _Served(Handling(forwarded, detail, stored=fetched.stored), fetched.result, fetched)

    async def _send_out(
        self,
        call: ApiCall,
        key: bytes,
        understood: Understood,
        lacking: Lacking | None,
        start: Start,
        handling: Handling,
    ) -> _Served | None:
        """Ask ftrack for what is lacking, in words of our own; ``None`` if the client's are to be sent."""
        under_way = self._errands.under_way(call, understood, lacking, start)
        if under_way is not None:
            self._journal.counters.waiting += 1
            try:
                await under_way
            finally:
                self._journal.counters.waiting -= 1
            # G3: what others fetched is judged like anything known, up to this read's own start.
            found = self._recall.attempt(call, understood, start)
            if isinstance(found, Recalled):
                return self._recalled(call, key, understood, found, start, replace(handling, collapsed=True))
            lacking = found
        errand = self._errands.plan(call, understood, lacking, start)
        if errand is None:
            return None
        fetched = await self._errands.carry_out(call, errand, start)
        if fetched is not None and fetched.result is None and not is_refusal(fetched.plain):
            # A gateway's error, or one of credentials: the client's own words would meet it, too.
            return _Served(replace(handling, stored=False), None, fetched)
        found = self._recall.attempt(call, understood, start)
        if not isinstance(found, Recalled):
            return None
        served = self._recalled(call, key, understood, found, start, handling)
        return served and replace(served, fetched=fetched)

    def _may_look_up(self, call: ApiCall, start: Start) -> bool:
        """G6: only for who ftrack accepted recently."""
        assert call.identity is not None
        return not call.wishes.no_cache and self._journal.trust.holds(call.identity, start.at)

    @staticmethod
    def _acceptable(call: ApiCall, verdict: Verdict, result: Result, start: Start) -> bool:
        if not verdict.fresh:
            return False
        return call.wishes.max_age is None or start.at - result.began.at <= call.wishes.max_age

    def _launch(self, call: ApiCall, operation: Operation, key: bytes, understood: Understood) -> Flight:
        credentials = _known(call.credentials)
        # G3: the moment before the request is sent, not the one at which its answer is here.
        began = self._journal.start(credentials)
        return self._flights.launch(key, began, self._fetcher.fetch(call, operation, key, understood, began))

    async def _join(self, flight: Flight, start: Start, understood: Understood) -> Fetched | None:
        """Wait for another's fetch; ``None`` if what it brings is too old for a read that began at ``start``."""
        self._journal.counters.waiting += 1
        try:
            fetched = await asyncio.shield(flight.task)
        except (NotSent, AnswerLost):
            if same_moment(flight.began, start):
                raise
            return None
        finally:
            self._journal.counters.waiting -= 1
        return fetched if self.joiner_may_have(fetched, start, understood) else None

    def joiner_may_have(self, fetched: Fetched, start: Start, understood: Understood) -> bool:
        """G3: a joined answer is judged like a stored one, up to the joiner's own start."""
        if fetched.result is None:
            return same_moment(fetched.began, start)
        return judge(fetched.result, start, self._journal.log, understood.meaning).fresh


class _NothingCached(Exception):
    """Nothing fresh is stored and the client does not want us to ask."""


_HIT = Handling(None, Reason.CURRENT.value)


def same_moment(began: Start, start: Start) -> bool:
    """True if nothing at all is known to have changed between the two."""
    return began.stretch == start.stretch and began.seq >= start.seq


def _known(credentials: Credentials | None) -> Credentials:
    assert credentials is not None
    return credentials


def _why(call: ApiCall, verdict: Verdict | None) -> tuple[Forwarded, str | None]:
    if call.wishes.no_cache:
        return Forwarded.REQUEST, None
    if verdict is None:
        return Forwarded.MISS, None
    if verdict.fresh:
        return Forwarded.REQUEST, Reason.AGED.value
    return Forwarded.STALE, verdict.reason.value


def _attributes_of_body(body: bytes) -> dict[tuple[str, str], dict[str, Any]]:
    return known_attributes(decode(body))


def _assembled(served: Sequence[_Served], start: Start) -> Reply:
    results = [part.result for part in served if part.result is not None]
    headers: list[tuple[str, str]] = []
    behind = None
    for part in served:
        if part.fetched is None:
            continue
        theirs = end_to_end(part.fetched.answer.headers.items())
        behind = part.fetched.answer.headers.get("Cache-Status", behind)
        if not headers:
            headers = [(name, value) for name, value in theirs if name.lower() != "set-cookie"]
        if not part.handling.collapsed:
            headers += [(name, value) for name, value in theirs if name.lower() == "set-cookie"]
    return reply.of_entries(
        [result.body for result in results],
        [part.handling for part in served],
        http_status=max(result.http_status for result in results),
        content_type=results[0].content_type,
        age=max(start.at - result.began.at for result in results),
        headers=headers,
        behind=behind,
    )
