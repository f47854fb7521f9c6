"""Explain a query: gather and decide as a read does, for whoever asked it before, and carry nothing out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ftrack_proxy.decision.at_hand import AtHand
from ftrack_proxy.decision.decide import decide
from ftrack_proxy.decision.decisions import Look, Serve
from ftrack_proxy.explaining.explanation import Judgement, QueryExplanation, document, explained
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.language.braces import expand_braces
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.syntax import Path, Query, Step
from ftrack_proxy.protocol.headers import CacheControl, HitKind
from ftrack_proxy.protocol.operations import Operation, OperationKind
from ftrack_proxy.protocol.representation import EntityForm, Representation
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.call import ApiCall, Read
from ftrack_proxy.request.gather import Gatherer
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.ledger.query_index import Asker, IndexedResult, QueryIndex, offset_and_limit

# Results of one query that are looked at: more people than that share their reasons.
_MOST_JUDGED = 50
# As many rows ftrack's Python client asks for at a time.
_PAGE = 500
_NO_KEY = b""
"""Under it nothing is stored."""


class Explainer:
    """Tells why a query is answered as it is. ``live`` says whether some change feed is connected."""

    def __init__(
        self,
        journal: Journal,
        acceptance: Acceptance,
        gatherer: Gatherer,
        binder: Binder,
        index: QueryIndex,
        live: Callable[[], bool],
    ) -> None:
        self._journal = journal
        self._acceptance = acceptance
        self._gather = gatherer
        self._binder = binder
        self._index = index
        self._live = live

    async def explain(self, expression: str) -> dict[str, Any]:
        """Return the document on ``expression``; counters, order of use and results stay as they are."""
        catalogue, policy = self._binder.catalogue, self._binder.policy
        it = explained(expand_braces(expression), catalogue, policy)
        judged = await self._judged(it)
        known = await self._known(it)
        return document(it, policy, judged, known, schema_known=catalogue is not None, live=self._live())

    async def _known(self, it: QueryExplanation) -> str | None:
        """How the query would be answered from known entities, for somebody who asked something before."""
        for expression in _as_sent(it):
            bound = self._binder.bind_expression(expression)
            for asker in self._index.askers()[-_MOST_JUDGED:] if bound is not None else ():
                for form in EntityForm:
                    assert bound is not None
                    decision = await self._decision(self._read(asker, form, _NO_KEY, bound))
                    if isinstance(decision, Serve) and isinstance(decision.how, HitKind):
                        return decision.how.value
        return None

    async def _decision(self, read: Read) -> object:
        """What would be decided without the disk."""
        at_hand = self._gather.in_memory(read)
        decision = decide(at_hand)
        if decision is Look.LONG:
            decision = decide(await self._gather.further(read, at_hand, Look.LONG))
        return decision

    async def _judged(self, it: QueryExplanation) -> list[Judgement]:
        if it.bound is None:
            return []
        judged = [await self._judge(kept, it.bound) for kept in self._kept(it.bound)]
        return [one for one in judged if one is not None]

    def _kept(self, bound: BoundQuery) -> list[IndexedResult]:
        """What was asked by this query: in its window if it names one, else in any, since clients add one to each."""
        query = bound.query
        kept = [one for form in _forms(bound) for one in self._index.of(form)]
        if query.limit is not None or query.offset is not None:
            kept = [one for one in kept if one.window == offset_and_limit(query)]
        return kept[:_MOST_JUDGED]

    async def _judge(self, kept: IndexedResult, bound: BoundQuery) -> Judgement | None:
        """The verdict on a stored result for who asked; ``None`` if it is not there any more."""
        read = self._read(kept.asker, EntityForm.NORMALISED, kept.key, bound)
        at_hand = AtHand(read.start, read.call.directives, read.trusted)
        stored = (await self._gather.further(read, at_hand, Look.DISK)).stored
        if stored is None:
            return None
        if not read.trusted:
            return Judgement(Verdict(False, Reason.CREDENTIALS), None, kept.window)
        seq = stored.verdict.seq
        if seq is None:
            return Judgement(stored.verdict, None, kept.window)
        deciding = self._journal.log.between(seq - 1, seq, stored.result.families)
        return Judgement(stored.verdict, next((change for _, change in deciding), None), kept.window)

    def _read(self, asker: Asker, form: EntityForm, key: bytes, bound: BoundQuery) -> Read:
        """A read of theirs, as if it began now."""
        call = ApiCall(
            raw_path="/api",
            headers=(),
            body=b"",
            plain=None,
            credentials=asker.credentials,
            principal=asker.principal,
            partition=asker.partition,
            representation=Representation(form=form),
            directives=CacheControl(),
        )
        start = self._journal.start(asker.credentials)
        trusted = self._acceptance.trusts(asker.principal, start)
        operation = Operation(OperationKind.QUERY, {}, b"", None)
        return Read(call, operation, key, b"", bound, start, trusted)


def _forms(bound: BoundQuery) -> list[Query]:
    """A query as it is, and as ftrack's Python client sends it: with projections, should it have none."""
    query, default = bound.query, bound.catalogue.types[bound.query.entity_type].default_projections
    if query.projections or not default:
        return [query]
    named = tuple(Path((Step(name),)) for name in default)
    return [query, replace(query, projections=named)]


def _as_sent(it: QueryExplanation) -> list[str]:
    """The same as texts, and by the page, should no part of the rows be named."""
    if it.bound is None:
        return []
    texts = [it.expression, *(canonical(form) for form in _forms(it.bound)[1:])]
    if it.bound.query.limit is None and it.bound.query.offset is None:
        texts += [f"{text} offset 0 limit {_PAGE}" for text in texts]
    return texts
