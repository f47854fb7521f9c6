"""Gather what is at hand for a read: values, without storing, counting or proving anything, and without a trace."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import assert_never

from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.decision.at_hand import AtHand, Known, StoredAnswer, Surroundings
from ftrack_proxy.decision.decisions import Look, Miss, Way
from ftrack_proxy.decision.plan import ListSubject, PlanMaterial, RowSubject, Subject
from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.entities.entity_lookup import EntityLookup, LongAnswer, MissingRows, lookup_of
from ftrack_proxy.entities.entity_store import EntityStore, EntityStores
from ftrack_proxy.entities.prefetch_budget import PrefetchBudgets
from ftrack_proxy.judging.judge import judge
from ftrack_proxy.judging.result import Result
from ftrack_proxy.ports import Clock, Results
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.request.call import Read
from ftrack_proxy.request.flights import Flights
from ftrack_proxy.request.running.threads import in_thread
from ftrack_proxy.values.work import Work

# Fetches in progress by which more is prefetched for one client.
_PREFETCHES = 4

Bind = Callable[[str], BoundQuery | None]


class Gatherer:
    """Looks at what is stored, known and in flight; never waits for ftrack.

    ``on_fault`` is told of faults of our own: they cost a miss. ``bind`` binds the text of a query.
    """

    def __init__(
        self,
        clock: Clock,
        log: ChangeLog,
        results: Results,
        entity_stores: EntityStores,
        flights: Flights,
        defaults: DefaultAttributes,
        budgets: PrefetchBudgets,
        bind: Bind,
        on_fault: Callable[[Exception], None],
    ) -> None:
        self._clock = clock
        self._log = log
        self._results = results
        self._entity_stores = entity_stores
        self._flights = flights
        self._defaults = defaults
        self._budgets = budgets
        self._bind = bind
        self._on_fault = on_fault

    def in_memory(self, read: Read, work: Work | None = None) -> AtHand:
        """What takes no time: the read's own result if it is good, or else what entity records say.

        ``work``: what is left for judging results; what would be more counts as stale.
        """
        wishes, start = read.call.directives, read.start
        if not read.trusted or wishes.no_cache:
            return AtHand(start, wishes, read.trusted)
        result = self._results.in_memory(read.key)
        if result is None:
            return AtHand(start, wishes, True, None, self._known(read))
        stored = self.judged(read, result, work)
        if stored.verdict.fresh and wishes.max_age is None:
            return AtHand(start, wishes, True, stored)
        return AtHand(start, wishes, True, stored, self._known(read, result))

    async def further(self, read: Read, at_hand: AtHand, look: Look) -> AtHand:
        """The same, and what takes a while."""
        match look:
            case Look.LONG:
                assert isinstance(at_hand.known, LongAnswer)
                return at_hand._replace(known=await self._long(at_hand.known))
            case Look.DISK:
                result = await self._results.peek(read.key)
                stored = None if result is None else self.judged(read, result)
                return at_hand._replace(stored=stored, saw_disk=True)
            case _:
                assert_never(look)

    def anew(self, read: Read) -> AtHand:
        """What entity records say now that ftrack was asked: of what is stored nothing else is of use."""
        return AtHand(read.start, read.call.directives, read.trusted, None, self._known(read), saw_disk=True)

    def judged(self, read: Read, result: Result, work: Work | None = None) -> StoredAnswer:
        """A result and its verdict for this read."""
        verdict = judge(result, read.start, self._log, read.bound, work)
        return StoredAnswer(result, verdict, result.spelling in (read.spelling, b""))

    def surroundings(self, read: Read, miss: Miss) -> Surroundings:
        """What is to be known before ftrack is asked for a read."""
        now, space, principal = self._clock(), read.call.entity_space, read.call.principal
        lookup = self._lookup(read) if Way.OWN_WORDS in miss.ways else None
        subjects = [] if lookup is None else _subjects(lookup.bound, miss.missing)
        same = self._flights.joinable(read.key, now, principal)
        if lookup is None or principal is None:
            return Surroundings(same=same)
        rows = [self._flights.joinable((space, subject), now, principal, lookup.tree) for subject in subjects]
        busy = self._flights.prefetching(principal) >= _PREFETCHES
        allowance = 0 if busy else self._budgets.left(principal, read.start.at)
        return Surroundings(rows, same, PlanMaterial(lookup, self._defaults, allowance, self._bind))

    def _known(self, read: Read, stale: Result | None = None) -> Known:
        lookup = self._lookup(read)
        if lookup is None:
            return None
        try:
            return lookup.answer(None if stale is None else stale.validity)
        except Exception as error:
            self._on_fault(error)
            return None

    def _lookup(self, read: Read) -> EntityLookup | None:
        space = read.call.entity_space
        if space is None:
            return None
        records = self._entity_stores.peek(space)
        if records is None:
            records = EntityStore(0)
        return lookup_of(records, read.bound, read.start, self._log, space[1])

    async def _long(self, long: LongAnswer) -> Known:
        """Put a long answer together, in steps between which others have their turn, and in a thread."""
        try:
            for _ in long.steps():
                await asyncio.sleep(0)
            return long.judged(await in_thread(long.put_together))
        except Exception as error:
            self._on_fault(error)
            return None


def _subjects(bound: BoundQuery, missing: MissingRows | None) -> list[Subject]:
    """What a read lacks."""
    if bound.row_keys is None:
        return [ListSubject(bound.list_name)]
    return [RowSubject(bound.query.entity_type, key) for key in missing.keys] if missing else []
