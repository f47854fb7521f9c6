"""Forward a batch whole and unchanged, and record what it may have changed before its reply leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from ftrack_proxy.freshness.changes import Change, ChangeSource, anything, changes_of_operations
from ftrack_proxy.ports import Answer, AnswerLost, NotSent, Upstream
from ftrack_proxy.protocol.headers import Forwarded, Handling
from ftrack_proxy.protocol.operations import Batch
from ftrack_proxy.protocol.responses import decode
from ftrack_proxy.request import reply
from ftrack_proxy.request.call import ApiCall, Reply
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.learning import Learning


class Forwarder:
    """Sends what is not ours to answer, at most once, and finishes it even if the client has left (G8)."""

    def __init__(self, journal: Journal, fetcher: Fetcher, upstream: Upstream, learning: Learning) -> None:
        self._journal = journal
        self._fetcher = fetcher
        self._upstream = upstream
        self._learning = learning
        self._tasks: set[asyncio.Task[Reply]] = set()

    async def finish(self, patience: float) -> None:
        """Wait, at most ``patience`` seconds, for what is under way: also for those whose clients have left."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=patience)

    async def forward(self, call: ApiCall, batch: Batch | None) -> Reply:
        """Send a batch as it is; ``batch`` is ``None`` for a body that is no list."""
        changes = self.changes_of(batch)
        if changes:
            self._journal.counters.writes += 1
        else:
            self._journal.counters.passed_through += 1
        task = asyncio.get_running_loop().create_task(self._carry_out(call, batch, changes), name="forward")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    def changes_of(self, batch: Batch | None) -> Sequence[Change]:
        """What a batch may change; one that cannot be read may change anything."""
        if batch is None:
            return [anything(ChangeSource.OWN_WRITE)]
        contents = [operation.content for operation in batch.operations]
        return changes_of_operations(contents, self._fetcher.understanding.catalogue)

    async def _carry_out(self, call: ApiCall, batch: Batch | None, changes: Sequence[Change]) -> Reply:
        began = self._journal.start(call.credentials) if call.credentials else None
        handling = Handling(Forwarded.METHOD if changes else Forwarded.BYPASS)
        try:
            answer = await self._upstream.post(call.raw_path, call.headers, call.body, accept_encoding=None)
        except NotSent as error:
            return reply.unreachable(self._fetcher.origin, str(error))
        except AnswerLost as error:
            self.record(changes)
            lost = reply.write_lost if changes else reply.read_lost
            return lost(self._fetcher.origin, str(error))
        except asyncio.CancelledError:
            self.record(changes)
            raise
        # G1: before the reply leaves, whatever it says: an error may have come after the commit.
        self.record(changes)
        if began is not None:
            decoded = _decoded(answer)
            self._fetcher.learn(call, decoded, len(batch.operations) if batch else 0, began)
            if batch is not None and changes:
                self._learning.wrote(batch, decoded, began)
        return reply.of_answer(answer, handling)

    def record(self, changes: Sequence[Change]) -> None:
        """Enter the changes of a write whose reply is about to leave."""
        self._journal.record(changes)


def _decoded(answer: Answer) -> object:
    try:
        return decode(answer.plain_body())
    except (ValueError, RecursionError):
        return None
