"""Before a batch of reads is answered: its reads are bound, and admitted.

Before the first reads of a process a change feed that is connecting should be connected, and the schema be known. Both
happen once; patience with either is short. While there is no schema, queries pass through.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from ftrack_proxy.decision.batch import admit
from ftrack_proxy.decision.decisions import ForwardBatch, Refuse
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import AnswerLost, Coverage, NotSent, Upstream
from ftrack_proxy.protocol.operations import OperationKind
from ftrack_proxy.protocol.responses import is_complete, is_success
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.call import ApiCall, Read
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.ledger.schema_source import SchemaSource
from ftrack_proxy.request.running.unpack import unpacked_answer
from ftrack_proxy.request.split import Split

# Reads that are bound while everybody else waits.
_BOUND_AT_ONCE = 16
_QUERY_SCHEMAS = b'[{"action": "query_schemas"}]'
# Headers that belong to the caller's own request.
_ABOUT_THE_REQUEST = frozenset(
    {"content-type", "content-encoding", "accept", "cache-control", "ftrack-api-options", "cookie"}
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """The reads of a batch, bound, and whether they are those that had been bound before."""

    reads: Sequence[Read]
    is_as_before: bool


class Preparation:
    """Waits for what reads need that can be had in a moment, and binds them."""

    def __init__(
        self,
        journal: Journal,
        acceptance: Acceptance,
        coverage: Coverage,
        upstream: Upstream,
        binder: Binder,
        schemas: SchemaSource,
        *,
        body_limit: int,
    ) -> None:
        self._journal = journal
        self._acceptance = acceptance
        self._coverage = coverage
        self._upstream = upstream
        self._binder = binder
        self._schemas = schemas
        self._body_limit = body_limit

    async def prepare(
        self, call: ApiCall, split: Split, start: Moment, before: Sequence[Read]
    ) -> Prepared | ForwardBatch | Refuse:
        """Wait until a batch of reads can be bound, and its answers relied on, or for as long as patience lasts.

        ``before`` are those of its reads that have been bound for ``start``: they are good if nothing has happened
        since then.
        """
        needs_cookies, reads = self._acceptance.needs_cookies(call), None
        if not needs_cookies:
            await self._settle(call, split)
        if not needs_cookies and not call.directives.no_store:
            now = self._journal.start(call.credentials)
            if replace(now, at=start.at) != start:
                before, start = (), now
            reads = before if len(before) == len(split.keys) else await self._bind(call, split, start)
        admitted = admit(call.directives, needs_cookies=needs_cookies, is_kept=reads is not None)
        if isinstance(admitted, ForwardBatch | Refuse):
            return admitted
        assert reads is not None
        return Prepared(reads, bool(before))

    async def _settle(self, call: ApiCall, split: Split) -> None:
        if call.credentials is None or call.principal is None or split.batch is None:
            return
        is_confirmed, operations = self._binder.schema.is_confirmed, split.batch.operations
        if not is_confirmed and any(operation.kind is OperationKind.QUERY for operation in operations):
            self._schemas.seek(call.principal, lambda: self._ask_for_schemas(call))
            await self._schemas.grace()
        await self._coverage.settled(call.credentials)

    async def _bind(self, call: ApiCall, split: Split, start: Moment) -> list[Read] | None:
        """Bind all reads, in steps; ``None`` if one of the answers must not be kept."""
        assert split.batch is not None
        await self._binder.bind_long(split.batch.operations)
        reads: list[Read] = []
        trusted = self._acceptance.trusts(call.principal, start)
        for read in self._binder.bind_reads(call, split, start, trusted=trusted):
            if read is None:
                return None
            reads.append(read)
            if not len(reads) % _BOUND_AT_ONCE:
                await asyncio.sleep(0)
        return reads

    async def _ask_for_schemas(self, call: ApiCall) -> Any:
        """Ask for the schema document with the caller's own credentials; ``None`` if it cannot be had."""
        began = self._journal.start(call.credentials)
        headers = [(name, value) for name, value in call.headers if name.lower() not in _ABOUT_THE_REQUEST]
        headers += [("Content-Type", "application/json"), ("Accept", "application/json")]
        try:
            answer = await self._upstream.ask("/api", headers, _QUERY_SCHEMAS, accept_encoding="gzip")
        except (NotSent, AnswerLost):
            return None
        unpacked = await unpacked_answer(answer, self._body_limit)
        kind = OperationKind.SCHEMAS
        self._acceptance.note_answer(call, answer, unpacked.value, [kind.value], began, bare=True)
        value, is_answer = unpacked.value, unpacked.exact and is_success(unpacked.value, 1)
        return value[0] if is_answer and is_complete(kind, value[0]) else None
