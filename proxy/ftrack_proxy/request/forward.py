"""Forward a batch whole and unchanged, and record what it may have changed before its reply leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from ftrack_proxy.cache_policy.expected_events import expected_events
from ftrack_proxy.changes.change import Change
from ftrack_proxy.decision.forward_plan import (
    Aftermath,
    Delivery,
    ForwardPlan,
    Outcome,
    aftermath,
    outcome_of,
    plan_forward,
)
from ftrack_proxy.entities.entity_store import EntityStores
from ftrack_proxy.entities.written_entities import learn_written, observations_of
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import Answer, AnswerLost, Dispatch, NotSent, Upstream
from ftrack_proxy.protocol.headers import Forwarded, Handling
from ftrack_proxy.protocol.operations import Batch
from ftrack_proxy.request import reply
from ftrack_proxy.request.call import ApiCall, Reply
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.ledger.coverage_learning import CoverageLearner
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.request.running.begun_writes import BegunWrites
from ftrack_proxy.request.running.stream_ending import StreamEnding
from ftrack_proxy.request.running.threads import in_thread
from ftrack_proxy.request.running.unpack import Unpacked, unpacked_answer

# Operations whose changes are found while everybody else waits, and whose answer is taken in so: some milliseconds.
_FEW = 50
_FEW_TO_LEARN = 500


@dataclass(frozen=True, slots=True)
class _Course:
    """When a batch was sent, the change log's head when its answer was here, and the moment at which its own changes
    were in the log and nothing else after them."""

    began: Moment
    answered: int
    recorded: Moment


class Forwarder:
    """Sends what is not ours to answer, at most once, and finishes it even if the client has left (G8)."""

    def __init__(
        self,
        journal: Journal,
        acceptance: Acceptance,
        counters: Counters,
        upstream: Upstream,
        learning: CoverageLearner,
        schema: KnownSchema,
        entity_stores: EntityStores,
        *,
        origin: str,
        body_limit: int,
    ) -> None:
        self._journal = journal
        self._acceptance = acceptance
        self._counters = counters
        self._upstream = upstream
        self._learning = learning
        self._schema = schema
        self._entity_stores = entity_stores
        self._origin = origin
        self._body_limit = body_limit
        self._writes = BegunWrites()

    async def finish(self, patience: float) -> None:
        """Wait, at most ``patience`` seconds, for what is under way: also for those whose clients have left."""
        await self._writes.finish(patience)

    async def forward(self, call: ApiCall, batch: Batch | None) -> Reply:
        """Send a batch as it is; ``batch`` is ``None`` for a body that is no list."""
        plan = await self._plan(batch)
        call.progress.writing = bool(plan.changes)
        if plan.changes:
            self._counters.writes += 1
        else:
            self._counters.passed_through += 1
        match plan.delivery:
            case Delivery.REPEATABLE:
                dispatch = None
            case Delivery.AT_MOST_ONCE:
                dispatch = Dispatch()
            case _:  # pragma: no cover - the type checker proves it
                assert_never(plan.delivery)
        return await self._writes.outcome(self._carry_out(call, plan, dispatch), dispatch, "forward")

    async def _plan(self, batch: Batch | None) -> ForwardPlan:
        catalogue = self._schema.catalogue
        if batch is None:
            return plan_forward(None, catalogue)
        contents = [operation.content for operation in batch.operations]
        if len(contents) <= _FEW:
            return plan_forward(contents, catalogue)
        return await in_thread(plan_forward, contents, catalogue)

    async def _carry_out(self, call: ApiCall, plan: ForwardPlan, dispatch: Dispatch | None) -> Reply:
        began = self._journal.start(call.credentials)
        try:
            answer = await self._send(call, dispatch)
            unpacked = await unpacked_answer(answer, self._body_limit)
        except NotSent as error:
            return reply.unreachable(self._origin, str(error))
        except AnswerLost as error:
            left = aftermath(plan, Outcome.UNKNOWN, is_whole=True)
            self.record(left.changes)
            await self._recorded(left)
            lost = reply.read_lost if dispatch is None else reply.write_lost
            return lost(self._origin, str(error))
        except asyncio.CancelledError:
            if dispatch is not None and dispatch.begun:
                self.record(aftermath(plan, Outcome.UNKNOWN, is_whole=True).changes)
            raise
        answered = self._journal.log.head
        outcome = outcome_of(plan, answer.status, unpacked.value, is_anonymous=call.is_anonymous)
        left = aftermath(plan, outcome, is_whole=answer.rest is None)
        self.record(left.changes)
        recorded = self._journal.start(call.credentials)
        self._acceptance.note_answer(call, answer, unpacked.value, plan.actions or (), began, bare=not call.cookies)
        if left.teaches and call.credentials is not None:
            self._expect_events(plan, unpacked.value, began)
            self._observe_rows(call, plan, unpacked, _Course(began, answered, recorded))
        await self._recorded(left)
        said = reply.of_answer(answer, Handling(Forwarded.METHOD if plan.changes else Forwarded.BYPASS))
        if said.rest is not None and left.late_changes:
            ending = StreamEnding(said.rest, lambda: self.record(left.late_changes), self._journal.recorded)
            return replace(said, rest=ending)
        return said

    async def _send(self, call: ApiCall, dispatch: Dispatch | None) -> Answer:
        if dispatch is None:
            return await self._upstream.ask(call.raw_path, call.headers, call.body, accept_encoding=None)
        return await self._upstream.write(call.raw_path, call.headers, call.body, dispatch)

    # -- learning from the answer to what was carried out

    def _expect_events(self, plan: ForwardPlan, decoded: Sequence[Any], began: Moment) -> None:
        if plan.writes is not None and plan.catalogue is not None:
            self._learning.expect(expected_events(plan.writes, decoded, plan.catalogue), began)

    def _observe_rows(self, call: ApiCall, plan: ForwardPlan, unpacked: Unpacked, course: _Course) -> None:
        """Learn what the answer tells of the rows that were written: they are as they are after the write.

        Unless something else happened to them meanwhile: which came first is not known then. By cookies of others
        ftrack may have answered to somebody else.
        """
        space, catalogue = call.entity_space, self._schema.catalogue
        if space is None or catalogue is None or catalogue is not plan.catalogue:
            return
        is_own = self._acceptance.has_own_cookies(call)
        if not is_own or not unpacked.exact or course.recorded.epoch != course.began.epoch:
            return
        if plan.writes is None or len(plan.writes) > _FEW_TO_LEARN:
            return
        try:
            observations = observations_of(plan.writes, unpacked.value, catalogue)
            meanwhile = [change for _, change in self._journal.log.between(course.began.seq, course.answered, None)]
            validity = Validity(course.recorded, course.recorded.seq)
            learn_written(self._entity_stores.of(space), observations, meanwhile, validity, catalogue)
        except Exception as error:
            note_fault(self._counters, "taking in a write", error)

    # -- recording, before anybody is told

    def record(self, changes: Sequence[Change]) -> None:
        """Enter the changes of a write whose reply is about to leave."""
        self._journal.record(changes)

    async def _recorded(self, left: Aftermath) -> None:
        """Wait until a restart would find the changes of a write: only then its reply leaves."""
        if left.changes:
            await self._journal.recorded()
