"""Take in what ftrack answered: results to be judged and kept, what it tells of entities, and of the schema."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.decision.plan import MOST_ROWS, ListSplit
from ftrack_proxy.entities.entity_store import EntityStores, ListSegment
from ftrack_proxy.entities.ingest import ingest_in_steps
from ftrack_proxy.entities.normalise import NormalisedAnswer, NotNormalisable, normalise_all
from ftrack_proxy.entities.sibling_queries import NotSplittable
from ftrack_proxy.judging.judge import replication_window_end
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, Validity, weakest
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import Answer, Results
from ftrack_proxy.protocol.operations import OperationKind
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.queries.bound_query import Bound, BoundQuery
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.fetched_response import FetchedResponse
from ftrack_proxy.request.ledger.schema_source import SchemaSource
from ftrack_proxy.request.running.threads import in_thread

# Answers that are taken apart in a thread: it takes tens of milliseconds, in which nobody else would be answered.
_MANY_ROWS = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One operation's entry in an answer: decoded, and as a result."""

    bound: Bound
    content: Any
    result: Result


@dataclass(frozen=True, slots=True)
class Learned:
    """What an answer told of entities, by entry. ``unasked``: it showed attributes that nobody was known to get
    without asking; queries are bound anew, and by the old binding this answer cannot be judged."""

    entities: Sequence[NormalisedAnswer]
    unasked: bool


class Learner:
    """Makes results and knowledge of answers. ``settle_window``: see `replication_window_end`."""

    def __init__(
        self,
        log: ChangeLog,
        results: Results,
        entity_stores: EntityStores,
        binder: Binder,
        schemas: SchemaSource,
        counters: Counters,
        *,
        settle_window: float,
    ) -> None:
        self._log = log
        self._results = results
        self._entity_stores = entity_stores
        self._binder = binder
        self._schemas = schemas
        self._counters = counters
        self._settle_window = settle_window

    def result(self, call: ApiCall, answer: Answer, raw: bytes, content: Any, bound: Bound, began: Moment) -> Result:
        """One operation's entry in an answer, with what is needed to judge it. ``content`` is ``raw`` decoded."""
        result = Result(
            body=raw,
            http_status=answer.status,
            content_type=answer.headers.get("Content-Type", ""),
            families=bound.families,
            validity=self._validity(began),
            terms=bound.terms,
            durable=bound.terms.durable and call.secret not in raw,
            complete=_is_complete_list(content, bound),
        )
        result.validity.fresh_until = replication_window_end(result, self._log, self._settle_window, bound)
        return result

    def _validity(self, began: Moment) -> Validity:
        """G3: an answer is good up to the moment before its request was sent, not up to the one at which it came."""
        return Validity(began, began.seq)

    def keep(self, key: bytes, result: Result) -> bool:
        """Store a result; returns whether it was."""
        # What needs events and was fetched without them would never be served.
        if result.terms.event_invalidated and not result.validity.began.live:
            return False
        return self._results.put(key, result)

    def schema(self, kind: OperationKind, content: Any) -> None:
        """Take in what an answer tells of the schema."""
        match kind:
            case OperationKind.SERVER_INFORMATION:
                self._binder.schema.learn_server_information(content)
            case OperationKind.SCHEMAS:
                self._schemas.learn(content)
            case _:
                pass

    async def entities(self, call: ApiCall, entries: Sequence[Entry], *, prefetched: bool = False) -> Learned | None:
        """Take in what the entries of one answer tell of entities; ``None`` if they cannot be told apart."""
        space = call.entity_space
        queries = [(entry.bound, entry.content) for entry in entries if isinstance(entry.bound, BoundQuery)]
        parts = [(bound, content, bound.tree) for bound, content in queries if bound.tree is not None]
        if space is None or len(parts) < len(entries) or not parts:
            return None
        catalogue = parts[0][0].catalogue
        if any(bound.catalogue is not catalogue for bound, _, _ in parts):
            return None
        records, normalised = self._entity_stores.of(space), space[1] is EntityForm.NORMALISED
        contents = [(content["data"], tree) for _, content, tree in parts]
        validity = entries[0].result.validity
        if len(entries) > 1:
            validity = weakest([entry.result.validity for entry in entries])
        try:
            if sum(len(rows) for rows, _ in contents) > _MANY_ROWS:
                taken = await in_thread(normalise_all, contents, catalogue, normalised=normalised)
                if len(entries) == 1:
                    await in_thread(entries[0].result.note_ids)
            else:
                taken = normalise_all(contents, catalogue, normalised=normalised)
            told = [(bound, content, one) for (bound, content, _), one in zip(parts, taken, strict=True)]
            for _ in ingest_in_steps(records, told, validity, catalogue, prefetched=prefetched):
                await asyncio.sleep(0)
        except NotNormalisable:
            return None
        except Exception as error:
            note_fault(self._counters, "taking apart", error)
            return None
        unasked = catalogue.note_unasked(records.all_unasked)
        if unasked:
            self._binder.forget()
        return Learned(taken, unasked)

    def lists(self, call: ApiCall, split: ListSplit, response: FetchedResponse) -> bool:
        """Make lists of the answer to a query for many; false if that cannot be done."""
        result, taken, space = response.result, response.entities, call.entity_space
        if result is None or taken is None or space is None or len(taken.rows) >= MOST_ROWS:
            return False
        try:
            parts = split.pattern.split(taken, split.identities)
        except NotSplittable:
            return False
        records = self._entity_stores.of(space)
        fitting = {identity: rows for identity, rows in parts.items() if split.pattern.fits(rows)}
        for identity, rows in fitting.items():
            segment = ListSegment(0, rows, True, result.validity, prefetched=True)
            records.list(split.pattern.list_name(identity), segment)
        return len(fitting) == len(parts)


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
