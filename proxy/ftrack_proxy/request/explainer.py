"""Explain a query: look at what is stored of it without leaving a trace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ftrack_proxy.explaining.explanation import Judgement, QueryExplanation, document, explained
from ftrack_proxy.judging.judge import judge
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.language.braces import expand_braces
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.syntax import Path, Query, Step
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.query_index import IndexedResult, QueryIndex, window_of
from ftrack_proxy.request.recall import Recall

# Results of one query that are looked at: more people than that share their reasons.
_MOST_JUDGED = 50
# As many rows ftrack's Python client asks for at a time.
_PAGE = 500


class Explainer:
    """Tells why a query is answered as it is. ``live`` says whether some change feed is connected."""

    def __init__(
        self,
        journal: Journal,
        recall: Recall,
        binder: Binder,
        asked: QueryIndex,
        live: Callable[[], bool],
    ) -> None:
        self._journal = journal
        self._recall = recall
        self._binder = binder
        self._asked = asked
        self._live = live

    async def explain(self, expression: str) -> dict[str, Any]:
        """Return the document on ``expression``; counters, order of use and results stay as they are."""
        catalogue, policy = self._binder.catalogue, self._binder.policy
        it = explained(expand_braces(expression), catalogue, policy)
        judged = await self._judged(it)
        known = None if it.bound is None else next(filter(None, map(self._known, _as_sent(it))), None)
        return document(it, policy, judged, known, schema_known=catalogue is not None, live=self._live())

    def _known(self, expression: str) -> str | None:
        """How the query could be answered from known entities, for somebody who asked something before."""
        bound = self._binder.bind_expression(expression)
        if bound is None:
            return None
        for asker in self._asked.askers()[-_MOST_JUDGED:]:
            start = self._journal.start(asker.credentials)
            if self._journal.trust.holds(asker.principal, start.at):
                for form in EntityForm:
                    kind = self._recall.kind_for((asker.partition, form), bound, start)
                    if kind is not None:
                        return kind.value
        return None

    async def _judged(self, it: QueryExplanation) -> list[Judgement]:
        if it.bound is None:
            return []
        judged = []
        for kept in self._kept(it.bound):
            result = await self._journal.results.peek(kept.key)
            if result is not None:
                judged.append(self._judge(result, kept, it.bound))
        return judged

    def _kept(self, bound: BoundQuery) -> list[IndexedResult]:
        """What was asked by this query: in its window if it names one, else in any, since clients add one to each."""
        query = bound.query
        kept = [one for form in _forms(bound) for one in self._asked.of(form)]
        if query.limit is not None or query.offset is not None:
            kept = [one for one in kept if one.window == window_of(query)]
        return kept[:_MOST_JUDGED]

    def _judge(self, result: Result, kept: IndexedResult, bound: BoundQuery) -> Judgement:
        asker, window = kept.asker, kept.window
        start = self._journal.start(asker.credentials)
        if not self._journal.trust.holds(asker.principal, start.at):
            return Judgement(Verdict(False, Reason.CREDENTIALS), None, window)
        verdict = judge(result, start, self._journal.log, bound)
        if verdict.seq is None:
            return Judgement(verdict, None, window)
        deciding = self._journal.log.between(verdict.seq - 1, verdict.seq, result.families)
        return Judgement(verdict, next((change for _, change in deciding), None), window)


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
