"""Ask ftrack, and keep what it says."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson

from ftrack_proxy.entities.ingest import ingesting
from ftrack_proxy.entities.normalise import NormalisedAnswer, NotNormalisable, normalise
from ftrack_proxy.judging.judge import replication_window_end
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import Answer, AnswerLost, NotSent, Upstream
from ftrack_proxy.protocol.operations import Operation, OperationKind
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.protocol.responses import (
    failure_of,
    is_complete,
    is_success,
    sole_entry,
)
from ftrack_proxy.queries.bound_query import Bound, BoundQuery
from ftrack_proxy.request.acceptance import note_answer, without_cookies
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.call import ApiCall, Read
from ftrack_proxy.request.flights import Fetched
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.recall import Recall
from ftrack_proxy.request.schema_source import SchemaSource
from ftrack_proxy.request.threads import in_thread
from ftrack_proxy.request.unpack import Unpacked, unpacked_answer

# Answers that are taken apart in a thread: it takes tens of milliseconds, in which nobody else would be answered.
_MANY_ROWS = 200
_QUERY_SCHEMAS = b'[{"action": "query_schemas"}]'


class Fetcher:
    """Sends reads to ftrack as operations of their own, learns from the answers and stores them.

    Of their own, because ftrack leaves out of a response whatever stood earlier in the same response: a slice
    of a batch's answer is not a complete answer (ftrack-protocol 3.2).
    """

    def __init__(
        self,
        journal: Journal,
        upstream: Upstream,
        binder: Binder,
        schemas: SchemaSource,
        recall: Recall,
        origin: str,
        *,
        settle_window: float,
        body_limit: int,
    ) -> None:
        self._journal = journal
        self._recall = recall
        self._settle_window = settle_window
        self._body_limit = body_limit
        self._upstream = upstream
        self.binder = binder
        self._schemas = schemas
        self.origin = origin

    async def prepare(self, call: ApiCall, operations: Sequence[Operation]) -> None:
        """Before anything is fetched: a feed that is just connecting should be connected, and the schema be known.

        Both happen once in the life of a process; patience with either is short. While there is no schema, queries
        pass through.
        """
        if call.credentials is None or call.principal is None:
            return
        if any(operation.kind is OperationKind.QUERY for operation in operations):
            self._schemas.seek(call.principal, lambda: self._fetch_schemas(call))
            await self._schemas.grace()
            await self.binder.bind_long(operations)
        await self._journal.coverage.settled(call.credentials)

    async def fetch(self, read: Read, began: Moment) -> Fetched:
        """Send one read as the client wrote it, and keep its answer. ``began`` was taken before.

        Raises:
            NotSent, AnswerLost: no answer; it was a read, so nothing has happened.
        """
        operation = read.operation
        fetched = await self._fetch(read.call, operation.kind, operation.raw, read.bound, began)
        if fetched.result is None:
            return fetched
        fetched.result.spelling = read.spelling
        return replace(fetched, stored=self.keep(read.key, fetched.result))

    async def ask(self, call: ApiCall, expression: str, bound: Bound, *, prefetched: bool) -> Fetched:
        """Ask a question of our own on behalf of the caller, and take in what it tells of entities.

        Raises:
            NotSent, AnswerLost: no answer.
        """
        assert call.credentials is not None
        raw = orjson.dumps({"action": "query", "expression": expression})
        began = self._journal.start(call.credentials)
        fetched = await self._fetch(call, OperationKind.QUERY, raw, bound, began, prefetched=prefetched)
        if fetched.answer.rest is not None:
            # Not what a client asked for: nobody gets it.
            fetched.answer.rest.close()
        return fetched

    async def _fetch(
        self,
        call: ApiCall,
        kind: OperationKind,
        raw: bytes,
        bound: Bound,
        began: Moment,
        *,
        prefetched: bool = False,
    ) -> Fetched:
        answer = await self.send(call, b"[" + raw + b"]")
        unpacked = await self.unpacked(answer)
        decoded, plain = unpacked.value, unpacked.plain
        self.note(call, answer, decoded, [kind], began)
        if plain is None or not unpacked.exact or not is_success(decoded, 1) or not is_complete(kind, decoded[0]):
            return Fetched(began, answer, plain, None, None, False, failure=failure_of(answer.status, decoded))
        entry = sole_entry(plain)
        result = self.result(call, answer, entry, decoded[0], bound, began)
        self.learn_entry(kind, decoded[0])
        taken = await self._learn_entities(call, bound, decoded[0], result, prefetched=prefetched)
        return Fetched(began, answer, plain, entry, result, False, taken)

    async def _learn_entities(
        self, call: ApiCall, bound: Bound, entry: Any, result: Result, *, prefetched: bool
    ) -> NormalisedAnswer | None:
        entity_store = self._recall.entity_store(call)
        if entity_store is None or not isinstance(bound, BoundQuery) or bound.tree is None:
            return None
        tree, catalogue = bound.tree, bound.catalogue
        rows, normalised = entry["data"], call.representation.form is EntityForm.NORMALISED
        try:
            if len(rows) > _MANY_ROWS:
                taken = await in_thread(normalise, rows, tree, catalogue, normalised=normalised)
                await in_thread(result.note_ids)
            else:
                taken = normalise(rows, tree, catalogue, normalised=normalised)
            validity = result.validity
            for _ in ingesting(entity_store, bound, entry, taken, validity, catalogue, prefetched=prefetched):
                await asyncio.sleep(0)
        except NotNormalisable:
            return None
        except Exception as error:
            note_fault(self._journal.counters, "taking apart", error)
            return None
        if catalogue.note_unasked(entity_store.all_unasked):
            # It shows what nobody asked for, which its question does not look at.
            self.binder.forget()
            result.families = None
        return taken

    async def unpacked(self, answer: Answer) -> Unpacked:
        """Read an answer, as far as its length allows."""
        return await unpacked_answer(answer, self._body_limit)

    async def send(self, call: ApiCall, body: bytes) -> Answer:
        """Send reads of the caller's, or of ours on its behalf, in such a way that the answer may be kept.

        Raises:
            NotSent, AnswerLost: no answer.
        """
        kept = without_cookies(call.headers)
        headers = [(name, value) for name, value in kept if name.lower() != "content-encoding"]
        answer = await self._upstream.ask(call.raw_path, headers, body, accept_encoding="gzip")
        if call.cookies:
            # They answer to there being no cookie, and the client has some.
            answer.headers.popall("Set-Cookie", None)
        return answer

    def note(self, call: ApiCall, answer: Answer, decoded: Any, kinds: Sequence[OperationKind], sent: Moment) -> None:
        """Take in whether ftrack accepts the caller."""
        note_answer(self._journal, call, answer, decoded, [kind.value for kind in kinds], sent, bare=True)

    def learn_entry(self, kind: OperationKind, entry: Any) -> None:
        """Take in what an answer tells of the schema."""
        match kind:
            case OperationKind.SERVER_INFORMATION:
                self.binder.schema.learn_server_information(entry)
            case OperationKind.SCHEMAS:
                self._schemas.learn(entry)
            case _:
                pass

    def result(self, call: ApiCall, answer: Answer, entry: bytes, content: Any, bound: Bound, began: Moment) -> Result:
        """One operation's part of an answer, with what is needed to judge it. ``content`` is ``entry`` decoded."""
        result = self._result(call, answer, entry, bound, began)
        result.complete = _is_complete_list(content, bound)
        result.validity.fresh_until = replication_window_end(result, self._journal.log, self._settle_window, bound)
        return result

    def _result(self, call: ApiCall, answer: Answer, entry: bytes, bound: Bound, began: Moment) -> Result:
        terms = bound.terms
        return Result(
            body=entry,
            http_status=answer.status,
            content_type=answer.headers.get("Content-Type", ""),
            families=bound.families,
            validity=Validity(began, began.seq),
            terms=terms,
            durable=terms.durable and not contains_secret(entry, call),
        )

    def keep(self, key: bytes, result: Result) -> bool:
        """Store a result; returns whether it was."""
        # What needs events and was fetched without them would never be served.
        if result.terms.event_invalidated and not result.validity.began.live:
            return False
        return self._journal.results.put(key, result)

    async def _fetch_schemas(self, call: ApiCall) -> Any:
        """Ask for the schema document with the caller's own credentials; ``None`` if it cannot be had."""
        assert call.credentials is not None
        began = self._journal.start(call.credentials)
        try:
            answer = await self._upstream.ask("/api", _credential_headers(call), _QUERY_SCHEMAS, accept_encoding="gzip")
        except (NotSent, AnswerLost):
            return None
        unpacked = await self.unpacked(answer)
        self.note(call, answer, unpacked.value, [OperationKind.SCHEMAS], began)
        value, is_answer = unpacked.value, unpacked.exact and is_success(unpacked.value, 1)
        return value[0] if is_answer and is_complete(OperationKind.SCHEMAS, value[0]) else None


def _credential_headers(call: ApiCall) -> list[tuple[str, str]]:
    """The caller's headers without those that belong to the caller's own request."""
    about_the_request = {"content-type", "content-encoding", "accept", "cache-control", "ftrack-api-options"}
    kept = [(n, value) for n, value in without_cookies(call.headers) if n.lower() not in about_the_request]
    return [*kept, ("Content-Type", "application/json"), ("Accept", "application/json")]


def contains_secret(entry: bytes, call: ApiCall) -> bool:
    """True if the asker's key occurs in an answer: such a body does not go to disk."""
    return call.credentials is not None and call.credentials.key.encode("utf-8", "surrogateescape") in entry


def _is_complete_list(entry: Any, bound: Bound) -> bool:
    """True if the query's window cut nothing off: fewer rows came than were allowed, from the first on."""
    if not isinstance(bound, BoundQuery) or bound.query.offset:
        return False
    limit = bound.query.limit
    metadata = entry.get("metadata")
    following = metadata.get("next") if isinstance(metadata, dict) else None
    if isinstance(following, dict) and following.get("offset") is not None:
        return False  # Rows that the caller may not see can fill a window, too.
    return limit is None or len(entry["data"]) < limit
