"""Before the first reads of a process: a change feed that is connecting should be connected, and the schema be known.

Both happen once; patience with either is short. While there is no schema, queries pass through.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import AnswerLost, NotSent, Upstream
from ftrack_proxy.protocol.operations import Operation, OperationKind
from ftrack_proxy.protocol.responses import is_complete, is_success
from ftrack_proxy.request.acceptance import note_answer
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.known_schema import KnownSchema
from ftrack_proxy.request.schema_source import SchemaSource
from ftrack_proxy.request.unpack import unpacked_answer

_QUERY_SCHEMAS = b'[{"action": "query_schemas"}]'
# Headers that belong to the caller's own request.
_ABOUT_THE_REQUEST = frozenset(
    {"content-type", "content-encoding", "accept", "cache-control", "ftrack-api-options", "cookie"}
)


class Preparation:
    """Waits for what reads need that can be had in a moment."""

    def __init__(
        self, journal: Journal, upstream: Upstream, schema: KnownSchema, schemas: SchemaSource, *, body_limit: int
    ) -> None:
        self._journal = journal
        self._upstream = upstream
        self._schema = schema
        self._schemas = schemas
        self._body_limit = body_limit

    async def prepare(self, call: ApiCall, operations: Sequence[Operation]) -> Moment:
        """Wait until these reads can be bound, and their answers relied on, or for as long as patience lasts.

        Returns the moment at which they can begin.
        """
        if call.credentials is None or call.principal is None:
            return self._journal.start(call.credentials)
        if not self._schema.is_confirmed and any(operation.kind is OperationKind.QUERY for operation in operations):
            self._schemas.seek(call.principal, lambda: self._ask_for_schemas(call))
            await self._schemas.grace()
        await self._journal.coverage.settled(call.credentials)
        return self._journal.start(call.credentials)

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
        note_answer(self._journal, call, answer, unpacked.value, [kind.value], began, bare=True)
        value, is_answer = unpacked.value, unpacked.exact and is_success(unpacked.value, 1)
        return value[0] if is_answer and is_complete(kind, value[0]) else None
