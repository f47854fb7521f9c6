"""Find one read's answer at hand: its own result, or one put together from what is known."""

from __future__ import annotations

from dataclasses import dataclass

from ftrack_proxy.judging.judge import judge
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.protocol.headers import Handling
from ftrack_proxy.request.call import Read
from ftrack_proxy.request.fetch import contains_secret
from ftrack_proxy.request.flights import Fetched
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.recall import HitKind, Long, MissingRows, Recall, RecalledAnswer
from ftrack_proxy.values.work import Work


@dataclass(frozen=True, slots=True)
class Served:
    """One operation's part of the reply: its result, or the fetched answer that it is (an error, say).

    ``whole`` is the answer to several operations of which it is a part.
    """

    handling: Handling
    result: Result | None
    fetched: Fetched | None = None
    whole: Fetched | None = None


_EXACT = Handling(None, Reason.CURRENT.value)
_EQUIVALENT = Handling(None, HitKind.EQUIVALENT.value)


class LookUp:
    """Looks at what is stored and known; never waits for ftrack."""

    def __init__(self, journal: Journal, recall: Recall) -> None:
        self._journal = journal
        self._recall = recall

    def in_memory(self, read: Read, work: Work | None = None) -> Served | MissingRows | Long | Verdict | None:
        """Find a read's own result, or put it together. Otherwise tell what is wrong or lacking.

        ``work``: what is left for judging results; what would be more counts as stale.
        """
        result, verdict = self._journal.results.get(read.key), None
        if result is not None:
            verdict = self.judged(read, result, work)
            if self.acceptable(read, result, verdict):
                return _hit(read, result)
        found = self._recalled(read, None if result is None else result.validity)
        return self._served(read, found) if isinstance(found, RecalledAnswer) else found or verdict

    async def on_disk(self, read: Read) -> Served | Verdict | None:
        """Find a read's own result on disk, or that it is not good any more."""
        result = self._journal.results.get(read.key) or await self._journal.results.load(read.key)
        if result is None:
            return None
        verdict = self.judged(read, result)
        return _hit(read, result) if self.acceptable(read, result, verdict) else verdict

    async def in_thread(self, read: Read, long: Long, handling: Handling | None = None) -> Served | MissingRows | None:
        """Put together an answer so long that others should not have to wait for it."""
        try:
            found = await long.answer()
        except Exception as error:
            note_fault(self._journal.counters, "recalling", error)
            return None
        return self._served(read, found, handling) if isinstance(found, RecalledAnswer) else found

    async def recalled(self, read: Read, handling: Handling) -> Served | MissingRows | None:
        """Put an answer together from what is known since ftrack was asked for it."""
        found = self._recalled(read)
        if isinstance(found, Long):
            return await self.in_thread(read, found, handling)
        return self._served(read, found, handling) if isinstance(found, RecalledAnswer) else found

    def _recalled(self, read: Read, stale: Validity | None = None) -> RecalledAnswer | MissingRows | Long | None:
        try:
            return self._recall.attempt(read.call, read.bound, read.start, stale)
        except Exception as error:
            note_fault(self._journal.counters, "recalling", error)
            return None

    def _served(self, read: Read, found: RecalledAnswer, handling: Handling | None = None) -> Served | None:
        """Keep an answer that was put together: the next time it is there as it is.

        ``handling`` is given for what ftrack was asked for.
        """
        result = found.result
        if not _young_enough(read, result):
            return None
        result.spelling = read.spelling
        if handling is not None:
            # What was there anyway need not be on disk twice.
            result.durable = read.bound.terms.durable and not contains_secret(result.body, read.call)
        self._journal.results.put(read.key, result)
        self._journal.counters.prefetched_used += found.prefetched and handling is None
        return Served(handling or Handling(None, found.kind.value), result)

    def judged(self, read: Read, result: Result, work: Work | None = None) -> Verdict:
        """The verdict on a result for this read. If it is fresh, it is proven good so far for later reads, too."""
        verdict = judge(result, read.start, self._journal.log, read.bound, work)
        result.validity.advance(verdict.good_through)
        return verdict

    @staticmethod
    def acceptable(read: Read, result: Result, verdict: Verdict) -> bool:
        """True if a result may be served, also by the client's own wishes."""
        return verdict.fresh and _young_enough(read, result)


def _hit(read: Read, result: Result) -> Served:
    return Served(_EXACT if result.spelling in (read.spelling, b"") else _EQUIVALENT, result)


def _young_enough(read: Read, result: Result) -> bool:
    wished = read.call.directives.max_age
    return wished is None or read.start.at - result.validity.began.at <= wished
