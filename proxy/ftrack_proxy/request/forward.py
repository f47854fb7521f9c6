"""Forward a batch whole and unchanged, and record what it may have changed before its reply leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ftrack_proxy.changes.change import Change, ChangeSource, anything
from ftrack_proxy.changes.own_writes import changes_of_operations, only_reads
from ftrack_proxy.entities.written_entities import learn_written, written_in
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import Answer, AnswerLost, Dispatch, NotSent, Upstream
from ftrack_proxy.protocol.headers import Forwarded, Handling
from ftrack_proxy.protocol.operations import Batch
from ftrack_proxy.protocol.refusals import api_changed_nothing
from ftrack_proxy.protocol.responses import is_success
from ftrack_proxy.request import reply
from ftrack_proxy.request.acceptance import note_answer
from ftrack_proxy.request.call import ApiCall, Reply
from ftrack_proxy.request.coverage_learning import CoverageLearner
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.recall import Recall
from ftrack_proxy.request.shared_task import finish_alone
from ftrack_proxy.request.stream_ending import StreamEnding
from ftrack_proxy.request.threads import in_thread

# Operations whose changes are found while everybody else waits, and whose answer is taken in so: some milliseconds.
_FEW = 50
_FEW_TO_LEARN = 500


class Forwarder:
    """Sends what is not ours to answer, at most once, and finishes it even if the client has left (G8)."""

    def __init__(
        self, journal: Journal, fetcher: Fetcher, upstream: Upstream, learning: CoverageLearner, recall: Recall
    ) -> None:
        self._journal = journal
        self._fetcher = fetcher
        self._upstream = upstream
        self._learning = learning
        self._recall = recall
        self._tasks: set[asyncio.Task[Reply]] = set()

    async def finish(self, patience: float) -> None:
        """Wait, at most ``patience`` seconds, for what is under way: also for those whose clients have left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)

    async def forward(self, call: ApiCall, batch: Batch | None) -> Reply:
        """Send a batch as it is; ``batch`` is ``None`` for a body that is no list."""
        changes = await self._changes_of(batch)
        call.progress.writing = bool(changes)
        if changes:
            self._journal.counters.writes += 1
        else:
            self._journal.counters.passed_through += 1
        dispatch = None if _only_reads(batch) else Dispatch()
        work = self._carry_out(call, batch, changes, dispatch)
        task = asyncio.get_running_loop().create_task(work, name="forward")
        self._tasks.add(task)
        task.add_done_callback(self._landed)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            # The client has left. What it began is finished; what was not begun it may do again by itself.
            if dispatch is None or dispatch.withdraw():
                task.cancel()
            else:
                finish_alone(task)
            raise

    def _landed(self, task: asyncio.Task[Reply]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # seen: whoever waits gets it, and nobody may be waiting

    async def _changes_of(self, batch: Batch | None) -> Sequence[Change]:
        """What a batch may change; one that cannot be read may change anything."""
        if batch is None:
            return [anything(ChangeSource.OWN_WRITE)]
        contents = [operation.content for operation in batch.operations]
        catalogue = self._fetcher.binder.catalogue
        if len(contents) <= _FEW:
            return changes_of_operations(contents, catalogue)
        return await in_thread(changes_of_operations, contents, catalogue)

    async def _carry_out(
        self, call: ApiCall, batch: Batch | None, changes: Sequence[Change], dispatch: Dispatch | None
    ) -> Reply:
        began = self._journal.start(call.credentials)
        handling = Handling(Forwarded.METHOD if changes else Forwarded.BYPASS)
        try:
            answer = await self._send(call, dispatch)
            unpacked = await self._fetcher.unpacked(answer)
        except NotSent as error:
            return reply.unreachable(self._fetcher.origin, str(error))
        except AnswerLost as error:
            self.record(changes)
            lost = reply.read_lost if dispatch is None else reply.write_lost
            return lost(self._fetcher.origin, str(error))
        except asyncio.CancelledError:
            if dispatch is not None and dispatch.begun:
                self.record(changes)
            raise
        answered = self._journal.log.head
        actions = None if batch is None else [_action(operation.content) for operation in batch.operations]
        # G1: before the reply leaves. An error may have come after the commit, unless it says that it has not.
        if not api_changed_nothing(answer.status, unpacked.value, actions, shows_nobody=call.shows_nobody):
            self.record(changes)
        recorded = self._journal.start(call.credentials)
        note_answer(self._journal, call, answer, unpacked.value, actions or (), began, bare=not call.cookies)
        if batch is not None and changes and call.credentials is not None:
            self._learning.wrote(batch, unpacked.value, began)
            few = len(batch.operations) <= _FEW_TO_LEARN
            if (
                few
                and unpacked.exact
                and call.principal
                and self._journal.cookies.are_own(call.principal, call.cookies)
            ):
                self._take_in(call, batch, unpacked.value, began, answered, recorded)
        said = reply.of_answer(answer, handling)
        if said.rest is not None and changes:
            # Its head may have come before the write was done; its last bytes cannot.
            return replace(said, rest=StreamEnding(said.rest, lambda: self.record(changes)))
        return said

    async def _send(self, call: ApiCall, dispatch: Dispatch | None) -> Answer:
        if dispatch is None:
            return await self._upstream.ask(call.raw_path, call.headers, call.body, accept_encoding=None)
        return await self._upstream.write(call.raw_path, call.headers, call.body, dispatch)

    def _take_in(
        self, call: ApiCall, batch: Batch, decoded: object, began: Moment, answered: int, recorded: Moment
    ) -> None:
        """Learn what the answer tells of the entities that were written: it is as they are after the write.

        Unless something else happened to them meanwhile, before ``answered``: which came first is not known then.
        ``recorded`` is the moment at which the write was in the log and nothing else after it.
        """
        entity_store, catalogue = self._recall.entity_store(call), self._fetcher.binder.catalogue
        if entity_store is None or catalogue is None or recorded.epoch != began.epoch:
            return
        if not is_success(decoded, len(batch.operations)) or not isinstance(decoded, list):
            return
        try:
            written = written_in([operation.content for operation in batch.operations], decoded, catalogue)
            meanwhile = [change for _, change in self._journal.log.between(began.seq, answered, None)]
            learn_written(entity_store, written, meanwhile, Validity(recorded, recorded.seq), catalogue)
        except Exception as error:
            note_fault(self._journal.counters, "taking in a write", error)

    def record(self, changes: Sequence[Change]) -> None:
        """Enter the changes of a write whose reply is about to leave."""
        self._journal.record(changes)


def _only_reads(batch: Batch | None) -> bool:
    return batch is not None and only_reads([operation.content for operation in batch.operations])


def _action(operation: object) -> str | None:
    action = operation.get("action") if isinstance(operation, Mapping) else None
    return action if isinstance(action, str) else None
