"""Carry out fetch plans: ask ftrack, and take in what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import orjson

from ftrack_proxy.decision.plan import OwnWords, PlannedQuery
from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import Answer, AnswerLost, Upstream
from ftrack_proxy.protocol.json_text import elements
from ftrack_proxy.protocol.operations import OperationKind
from ftrack_proxy.protocol.responses import Failure, failure_of, is_complete, is_success, sole_entry
from ftrack_proxy.queries.bound_query import Bound
from ftrack_proxy.request.call import ApiCall, Read
from ftrack_proxy.request.fetched_response import FetchedResponse
from ftrack_proxy.request.learn import Entry, Learner
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.running.threads import in_thread
from ftrack_proxy.request.running.unpack import Unpacked, unpacked_answer

# Requests of one plan at the same time.
_AT_ONCE = 8
# Members that a client may come to by itself after ftrack did not answer for many at once.
_SETBACK = 20
_NEVER = 10**9
# Entries of one answer that are made results while everybody else waits; longer answers are cut in a thread.
_ENTRIES_AT_ONCE = 5
_LONG = 2**18
_ENTITY = b'"__entity_type__"'
# An answer that is kept was given to no cookie; the body is written anew.
_NOT_SENT = frozenset({"cookie", "content-encoding"})


@dataclass(frozen=True, slots=True)
class BatchResponse:
    """The answer to many reads in one request.

    ``results`` in their order; none if ``response`` is no such answer. ``kept`` are the keys of those that are stored
    as they came; the others stand by themselves only if the entities in them could be told (``told``).
    """

    response: FetchedResponse
    results: Sequence[Result] = ()
    kept: frozenset[bytes] = frozenset()
    told: frozenset[bytes] = frozenset()


class Fetcher:
    """Sends reads to ftrack as operations of their own, learns from the answers and stores them.

    Of their own, because ftrack leaves out of a response whatever stood earlier in the same response: a slice
    of a batch's answer is not a complete answer (ftrack-protocol 3.2).
    """

    def __init__(
        self,
        journal: Journal,
        acceptance: Acceptance,
        counters: Counters,
        upstream: Upstream,
        learner: Learner,
        defaults: DefaultAttributes,
        *,
        body_limit: int,
    ) -> None:
        self._journal = journal
        self._acceptance = acceptance
        self._counters = counters
        self._upstream = upstream
        self._learner = learner
        self._defaults = defaults
        self._body_limit = body_limit

    async def in_clients_words(self, read: Read, began: Moment) -> FetchedResponse:
        """Send one read as the client wrote it, and keep its answer. ``began`` was taken before.

        Raises:
            NotSent, AnswerLost: no answer; it was a read, so nothing has happened.
        """
        kind, raw = read.operation.kind, read.operation.raw
        response = await self._ask(read.call, kind, raw, read.bound, began, prefetched=False)
        if response.result is None:
            return response
        response.result.spelling = read.spelling
        return replace(response, stored=self._learner.keep(read.key, response.result))

    async def in_own_words(self, call: ApiCall, plan: OwnWords, began: Moment) -> FetchedResponse:
        """Send the queries of a plan on behalf of the caller, and take in what the answers tell of entities.

        ``began`` was taken before. Returns the last of the answers, an error if there was one.

        Raises:
            NotSent, AnswerLost: no answer.
        """
        turns = asyncio.Semaphore(_AT_ONCE)
        tasks = [asyncio.create_task(self._ask_planned(call, query, plan, turns, began)) for query in plan.queries]
        try:
            responses = await asyncio.gather(*tasks)
        except AnswerLost:
            _set_back(plan)
            raise
        finally:
            for task in tasks:
                task.cancel()
        failed = next((response for response in responses if response.result is None), None)
        if failed is None:
            return responses[-1]
        _set_back(plan)
        if plan.widened is not None and failed.failure is Failure.REFUSAL:
            self._defaults.refuse(plan.widened)
        return failed

    async def _ask_planned(
        self, call: ApiCall, query: PlannedQuery, plan: OwnWords, turns: asyncio.Semaphore, began: Moment
    ) -> FetchedResponse:
        raw = orjson.dumps({"action": "query", "expression": query.expression})
        waits = turns.locked()
        async with turns:
            if waits:
                began = self._journal.start(call.credentials)
            prefetched = bool(plan.spare)
            response = await self._ask(call, OperationKind.QUERY, raw, query.bound, began, prefetched=prefetched)
        if response.is_coming:
            response.let_go()  # Not what a client asked for: nobody gets it.
        if plan.split is None or plan.walk is None or response.result is None:
            return response
        try:
            if not self._learner.lists(call, plan.split, response):
                group, walk = plan.walk
                group.postpone(walk, _NEVER)
        except Exception as error:
            note_fault(self._counters, "splitting", error)
        return response

    async def _ask(
        self, call: ApiCall, kind: OperationKind, raw: bytes, bound: Bound, began: Moment, *, prefetched: bool
    ) -> FetchedResponse:
        answer, unpacked = await self._exchange(call, [kind], [raw], began)
        decoded, plain = unpacked.value, unpacked.plain
        if plain is None or not unpacked.exact or not is_success(decoded, 1) or not is_complete(kind, decoded[0]):
            return FetchedResponse(began, answer, plain, failure=failure_of(answer.status, decoded))
        result = self._learner.result(call, answer, sole_entry(plain), decoded[0], bound, began)
        self._learner.schema(kind, decoded[0])
        learned = await self._learner.entities(call, [Entry(bound, decoded[0], result)], prefetched=prefetched)
        if learned is None:
            return FetchedResponse(began, answer, plain, result)
        if learned.unasked:
            # It shows what its query does not look at.
            result.families = None
        return FetchedResponse(began, answer, plain, result, entities=learned.entities[0])

    async def together(self, call: ApiCall, reads: Sequence[Read]) -> BatchResponse:
        """Send many reads in one request, and keep what can be kept of its answer as it came.

        ftrack writes an entity in full only once in a response, so what it says to one operation of several is not
        the answer to that operation alone (ftrack-protocol 3.2): for this client it is, in this batch; for anybody
        else it is put together anew out of what the whole response tells of each entity, if that is enough.

        Raises:
            NotSent, AnswerLost: no answer.
        """
        began = self._journal.start(call.credentials)
        operations = [read.operation for read in reads]
        answer, unpacked = await self._exchange(
            call, [operation.kind for operation in operations], [operation.raw for operation in operations], began
        )
        decoded, plain = unpacked.value, unpacked.plain
        if plain is None or not unpacked.exact or not is_success(decoded, len(reads)):
            return BatchResponse(FetchedResponse(began, answer, plain, failure=failure_of(answer.status, decoded)))
        raws = await in_thread(_cut, plain) if len(plain) > _LONG else _cut(plain)
        results, kept, told = [], set[bytes](), dict[bytes, Entry]()
        for count, (read, raw, content) in enumerate(zip(reads, raws, decoded, strict=True), start=1):
            is_query = isinstance(content, dict) and isinstance(content.get("data"), list)
            shown = content if is_query else {"data": []}
            result = self._learner.result(call, answer, raw, shown, read.bound, began)
            results.append(result)
            if is_complete(read.operation.kind, content):
                if read.is_of_entities:
                    told[read.key] = Entry(read.bound, content, result)
                elif _ENTITY not in raw and self._keep(read, content, result):
                    kept.add(read.key)
            if not count % _ENTRIES_AT_ONCE:
                await asyncio.sleep(0)
        learned = await self._learner.entities(call, list(told.values()))
        if learned is None or learned.unasked:
            told.clear()
        return BatchResponse(FetchedResponse(began, answer, plain), results, frozenset(kept), frozenset(told))

    def _keep(self, read: Read, content: object, result: Result) -> bool:
        """Keep an entry that shows no entity: nothing in it can be short, or longer than asked."""
        self._learner.schema(read.operation.kind, content)
        result.spelling = read.spelling
        return self._learner.keep(read.key, result)

    async def _exchange(
        self, call: ApiCall, kinds: Sequence[OperationKind], raws: Sequence[bytes], began: Moment
    ) -> tuple[Answer, Unpacked]:
        """Send reads of the caller's, or of ours on its behalf, in such a way that the answer may be kept; take in
        whether ftrack accepts the caller.

        Raises:
            NotSent, AnswerLost: no answer.
        """
        headers = [(name, value) for name, value in call.headers if name.lower() not in _NOT_SENT]
        body = b"[" + b", ".join(raws) + b"]"
        answer = await self._upstream.ask(call.raw_path, headers, body, accept_encoding="gzip")
        if call.cookies:
            # They answer to there being no cookie, and the client has some.
            answer.headers.popall("Set-Cookie", None)
        unpacked = await unpacked_answer(answer, self._body_limit)
        self._acceptance.note_answer(call, answer, unpacked.value, [kind.value for kind in kinds], began, bare=True)
        return answer, unpacked


def _set_back(plan: OwnWords) -> None:
    """See to it that so much is not asked for again at once."""
    if plan.walk is not None and plan.spare:
        group, walk = plan.walk
        group.postpone(walk, _SETBACK)


def _cut(plain: bytes) -> list[bytes]:
    """The entries of an answer, byte for byte."""
    return [raw.encode() for _, raw in elements(plain.decode())]
