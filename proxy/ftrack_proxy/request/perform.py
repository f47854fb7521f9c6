"""Carry decisions out: the one place on the way of a read that waits, fetches, stores, counts and proves."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never

from ftrack_proxy.decision.ask import ask
from ftrack_proxy.decision.at_hand import AtHand, StoredAnswer
from ftrack_proxy.decision.conclude import FetchOutcome, Problem, conclude
from ftrack_proxy.decision.decide import decide
from ftrack_proxy.decision.decisions import (
    Fetch,
    FetchedAnswer,
    Join,
    Look,
    Miss,
    RefusalReason,
    Refuse,
    Serve,
    Way,
)
from ftrack_proxy.decision.plan import TOGETHER, Notes, OwnWords
from ftrack_proxy.decision.report import handling_of
from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.entities.entity_lookup import EntityAnswer, LongAnswer
from ftrack_proxy.entities.entity_store import EntityStores
from ftrack_proxy.entities.prefetch_budget import PrefetchBudgets
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import AnswerLost, NotSent, Results
from ftrack_proxy.protocol.headers import HitKind
from ftrack_proxy.queries.projection_tree import EMPTY, Tree
from ftrack_proxy.request.call import ApiCall, Read
from ftrack_proxy.request.compose import Part
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.fetched_response import Arrival, arrival_of
from ftrack_proxy.request.flights import Flight, Flights
from ftrack_proxy.request.gather import Gatherer
from ftrack_proxy.request.ledger.journal import Journal

# Answers that are put together anew while everybody else waits.
_AT_ONCE = 5


@dataclass(frozen=True, slots=True)
class MissedRead:
    """A read that cannot be answered from what is at hand."""

    read: Read
    at_hand: AtHand
    miss: Miss


class Refused(Exception):
    """There is no answer for a read: why, and what went wrong."""

    def __init__(self, reason: RefusalReason, problem: str = "") -> None:
        super().__init__(problem)
        self.reason = reason


class Driver:
    """Does what is decided for reads, until there is an answer."""

    def __init__(
        self,
        journal: Journal,
        results: Results,
        counters: Counters,
        gatherer: Gatherer,
        fetcher: Fetcher,
        flights: Flights,
        entity_stores: EntityStores,
        defaults: DefaultAttributes,
        budgets: PrefetchBudgets,
    ) -> None:
        self._journal = journal
        self._results = results
        self._counters = counters
        self._gather = gatherer
        self._fetcher = fetcher
        self._flights = flights
        self._entity_stores = entity_stores
        self._defaults = defaults
        self._budgets = budgets

    async def perform(self, read: Read, at_hand: AtHand, decision: Serve | Look | Miss | Join | Fetch | Refuse) -> Part:
        """Do what is decided, and decide again, until there is an answer.

        Raises:
            Refused: there is none.
        """
        arrival: Arrival | None = None
        while True:
            match decision:
                case Serve():
                    self.settle(read, decision)
                    return Part(decision, handling_of(decision), None if arrival is None else arrival.response)
                case Refuse(reason=reason):
                    raise Refused(reason, "" if arrival is None else str(arrival.error))
                case Look():
                    at_hand = await self._gather.further(read, at_hand, decision)
                    decision = decide(at_hand) if arrival is None else conclude(at_hand, arrival.outcome)
                    continue
                case Miss() as miss:
                    if arrival is None and miss.stale is not None:
                        self._counters.stale[miss.stale.value] += 1
                    around = self._gather.surroundings(read, miss)
                    try:
                        decision = ask(miss, around)
                    except Exception as error:
                        note_fault(self._counters, "planning", error)
                        decision = ask(miss.after(Way.OWN_WORDS), around)
                    continue
                case Join():
                    arrival = await self._join(read, decision)
                case Fetch():
                    arrival = await self._fetch(read, decision)
                case _:
                    assert_never(decision)
            if arrival.outcome.of.brings_records:
                at_hand = self._gather.anew(read)
            decision = conclude(at_hand, arrival.outcome)

    def settle(self, read: Read, serve: Serve) -> None:
        """Keep what is served where it is not yet, and note that it is proven good."""
        answer = serve.answer
        match answer:
            case StoredAnswer():
                answer.result.validity.advance(answer.verdict.good_through)
                self._results.use(read.key, answer.result)
            case EntityAnswer():
                if isinstance(serve.how, HitKind):
                    self._counters.prefetched_used += answer.prefetched
                else:
                    # What was there anyway need not be on disk twice.
                    answer.result.durable = read.bound.terms.durable and read.call.secret not in answer.result.body
                self._keep(read, answer)
            case FetchedAnswer():
                pass  # It was kept when it came.
            case _:
                assert_never(answer)

    def _keep(self, read: Read, answer: EntityAnswer) -> None:
        """Keep an answer that was put together: the next time it is there as it is."""
        if read.call.entity_space is not None:
            self._entity_stores.of(read.call.entity_space)  # It is in use.
        answer.result.spelling = read.spelling
        self._results.put(read.key, answer.result)

    async def _join(self, read: Read, join: Join) -> Arrival:
        """Wait for others' fetches, none for long."""
        self._note(join.notes)
        flights = [one.handle for one in join.flights if isinstance(one.handle, Flight)]
        patience = min(flight.patience(self._journal.clock()) for flight in flights)
        waiting = [flight.work.outcome(patience) for flight in flights]
        self._counters.waiting += 1
        try:
            if join.way is Way.JOIN_ROWS:
                # However they end: what they brought is looked for among the records.
                came = await asyncio.gather(*waiting, return_exceptions=True)
                late = any(isinstance(one, TimeoutError) for one in came)
                return Arrival(FetchOutcome(join, flights[0].began, problem=Problem.TOO_LATE if late else None))
            arrival = await arrival_of(join, flights[0].began, waiting[0])
        finally:
            self._counters.waiting -= 1
        result = arrival.outcome.result
        if result is not None:
            # G3: up to the joiner's own start.
            arrival.outcome = replace(arrival.outcome, verdict=self._gather.judged(read, result).verdict)
        return arrival

    async def _fetch(self, read: Read, fetch: Fetch) -> Arrival:
        """Ask ftrack, so that others may wait for what it says."""
        call, plan = read.call, fetch.plan
        self._note(fetch.notes)
        if isinstance(plan, OwnWords):
            self._pay(call, plan)
        # G3: the moment before the request is sent, not the one at which its answer is here.
        began = self._journal.start(call.credentials)
        brings: dict[Hashable, Tree] = {read.key: EMPTY}
        prefetches_for = None
        if isinstance(plan, OwnWords):
            work = self._fetcher.in_own_words(call, plan, began)
            brings = {(call.entity_space, subject): tree for subject, tree in plan.covers.items()}
            prefetches_for = call.principal if plan.spare else None
        else:
            work = self._fetcher.in_clients_words(read, began)
        flight = self._flights.launch(began, call.principal, work, brings, prefetches_for)
        return await arrival_of(fetch, began, flight.work.outcome())

    def _note(self, notes: Notes) -> None:
        """Note what planning found out."""
        for record, walk in notes.steps:
            record.step(walk)
        if notes.asked is not None:
            self._defaults.note(*notes.asked)

    def _pay(self, call: ApiCall, plan: OwnWords) -> None:
        """Take what is prefetched from the client's budget."""
        if plan.spare and call.principal is not None:
            self._budgets.take(call.principal, plan.budget, self._journal.clock())
            self._counters.prefetches += 1
            self._counters.prefetched += plan.spare

    async def ask_together(self, call: ApiCall, missed: Sequence[MissedRead]) -> Mapping[bytes, Part]:
        """Ask for many misses of a batch in one request; what came instead of an answer is the only part.

        Raises:
            Refused: there is no answer.
        """
        for one in missed:
            if one.miss.stale is not None:
                self._counters.stale[one.miss.stale.value] += 1
        try:
            came = await self._fetcher.together(call, [one.read for one in missed])
        except NotSent as error:
            raise Refused(RefusalReason.NOT_SENT, str(error)) from None
        except AnswerLost as error:
            raise Refused(RefusalReason.LOST, str(error)) from None
        if not came.results:
            first = missed[0]
            failed = Serve(Fetch(TOGETHER, first.miss), FetchedAnswer(None))
            return {first.read.key: Part(failed, handling_of(failed), came.response)}
        kept = set(came.kept)
        for count, one in enumerate((one for one in missed if one.read.key in came.told), start=1):
            if await self._keep_anew(one):
                kept.add(one.read.key)
            if not count % _AT_ONCE:
                await asyncio.sleep(0)
        parts: dict[bytes, Part] = {}
        for one, result in zip(missed, came.results, strict=True):
            serve = Serve(Fetch(TOGETHER, one.miss), FetchedAnswer(result, one.read.key in kept))
            # The head of the answer comes with the first part: one is enough.
            parts[one.read.key] = Part(serve, handling_of(serve), None if parts else came.response, came.response)
        return parts

    async def _keep_anew(self, missed: MissedRead) -> bool:
        """Put an answer together for others, of all that came with it; false if that is not enough."""
        at_hand = self._gather.anew(missed.read)
        if isinstance(at_hand.known, LongAnswer):
            at_hand = await self._gather.further(missed.read, at_hand, Look.LONG)
        if not isinstance(at_hand.known, EntityAnswer):
            return False
        self.settle(missed.read, Serve(Fetch(TOGETHER, missed.miss), at_hand.known))
        return True
