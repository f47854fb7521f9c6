"""Explain a query: look at what is stored of it without leaving a trace."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from ftrack_proxy.freshness.explain import Explained, Judged, document, explained
from ftrack_proxy.freshness.judge import Reason, Verdict, judge
from ftrack_proxy.freshness.result import Result
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.protocol.options import Manner
from ftrack_proxy.request.asked import Asked, Asker
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.recall import Recall
from ftrack_proxy.request.understand import Understanding

# Results of one query that are looked at: more people than that share their reasons.
_MOST_JUDGED = 50


class Explainer:
    """Tells why a query is answered as it is. ``live`` says whether some change feed is connected."""

    def __init__(
        self,
        journal: Journal,
        recall: Recall,
        understanding: Understanding,
        asked: Asked,
        live: Callable[[], bool],
    ) -> None:
        self._journal = journal
        self._recall = recall
        self._understanding = understanding
        self._asked = asked
        self._live = live

    async def explain(self, expression: str) -> dict[str, Any]:
        """Return the document on ``expression``; counters, order of use and results stay as they are."""
        catalogue, policy = self._understanding.catalogue, self._understanding.policy
        it = explained(expression, catalogue, policy)
        judged = await self._judged(it)
        known = None if it.terms is None else self._known(expression)
        return document(it, policy, judged, known, schema_known=catalogue is not None, live=self._live())

    def _known(self, expression: str) -> str | None:
        """How the query could be answered from known entities, for somebody who asked something before."""
        understood = self._understanding.of_expression(expression)
        if understood is None:
            return None
        for asker in self._asked.askers()[-_MOST_JUDGED:]:
            start = self._journal.start(asker.credentials)
            if self._journal.trust.holds(asker.identity, start.at):
                for manner in Manner:
                    kind = self._recall.kind_for(asker.identity, manner, understood, start)
                    if kind is not None:
                        return kind.value
        return None

    async def _judged(self, it: Explained) -> list[Judged]:
        if it.query is None or it.terms is None:
            return []
        judged = []
        for key, asker in self._asked.of(canonical(it.query))[:_MOST_JUDGED]:
            result = await self._journal.results.peek(key)
            if result is not None:
                judged.append(self._judge(result, asker, it))
        return judged

    def _judge(self, result: Result, asker: Asker, it: Explained) -> Judged:
        start = self._journal.start(asker.credentials)
        if not self._journal.trust.holds(asker.identity, start.at):
            return Judged(Verdict(False, Reason.CREDENTIALS))
        # A copy: judging moves good-through up.
        copied = copy.copy(result)
        copied.taken = None
        verdict = judge(copied, start, self._journal.log, it.meaning)
        if verdict.seq is None:
            return Judged(verdict)
        deciding = self._journal.log.between(verdict.seq - 1, verdict.seq, result.families)
        return Judged(verdict, next((change for _, change in deciding), None))
