"""Decide what to do with one read: is there an answer at hand, how is ftrack asked best, and what came of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from ftrack_proxy.decision.at_hand import AtHand, StoredAnswer, Surroundings
from ftrack_proxy.decision.decisions import (
    Fetch,
    FetchedAnswer,
    Join,
    Look,
    Miss,
    RefusalReason,
    Refuse,
    Serve,
    Way,
)
from ftrack_proxy.decision.plan import CLIENT_WORDS, NO_NOTES, OwnWords, plan
from ftrack_proxy.entities.entity_lookup import EntityAnswer, LongAnswer, MissingRows
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.protocol.headers import Forwarded, HitKind
from ftrack_proxy.protocol.responses import Failure


class Problem(Enum):
    """Why there is nothing that was fetched."""

    NOT_SENT = "no connection to ftrack was made"
    LOST = "no whole answer came"
    TOO_LATE = "others' fetches have been under way for too long to be waited for"


@dataclass(frozen=True, slots=True)
class FetchOutcome:
    """What came of a ``Join`` or a ``Fetch``, which ``began`` at some moment.

    ``result``, or the kind of ``failure``, is of the last answer that came; ``verdict`` is that on a joined result, up
    to the joiner's own start. ``is_coming``: the rest of the answer has not come yet, and is for one only.
    """

    of: Join | Fetch
    began: Moment
    result: Result | None = None
    verdict: Verdict | None = None
    stored: bool = False
    failure: Failure | None = None
    is_coming: bool = False
    problem: Problem | None = None


def decide(at_hand: AtHand) -> Serve | Look | Miss | Refuse:
    """Say whether there is an answer at hand."""
    stored, known, wishes = at_hand.stored, at_hand.known, at_hand.directives
    # G6: only for whom ftrack accepted recently.
    may_look = at_hand.trusted and not wishes.no_cache
    if may_look:
        if stored is not None and _is_good(stored, at_hand):
            return Serve(HitKind.EXACT if stored.same_words else HitKind.EQUIVALENT, stored)
        match known:
            case EntityAnswer() if _is_young(known.result, at_hand):
                return Serve(known.kind, known)
            case LongAnswer():
                return Look.LONG
            case _ if stored is None and not at_hand.saw_disk:
                return Look.DISK
            case _:
                pass
    if wishes.only_if_cached:
        return Refuse(RefusalReason.NOT_CACHED)
    return _miss(at_hand)


def _is_good(stored: StoredAnswer, at_hand: AtHand) -> bool:
    return stored.verdict.fresh and _is_young(stored.result, at_hand)


def _is_young(result: Result, at_hand: AtHand) -> bool:
    """True if a result is as young as the client wishes."""
    wished = at_hand.directives.max_age
    return wished is None or at_hand.start.at - result.validity.began.at <= wished


def _miss(at_hand: AtHand) -> Miss:
    """Say why ftrack has to be asked, and in which ways it may be."""
    stored, missing = at_hand.stored, at_hand.known if isinstance(at_hand.known, MissingRows) else None
    if at_hand.directives.no_cache:
        # What others ask is no answer to who wants ftrack's own.
        return Miss(Forwarded.REQUEST, trusted=at_hand.trusted, ways=(Way.CLIENT_WORDS,))
    if not at_hand.trusted:
        return Miss(Forwarded.MISS, trusted=False, ways=(Way.JOIN_SAME, Way.CLIENT_WORDS))
    partial = missing is not None and missing.known > 0
    if stored is None:
        return Miss(Forwarded.MISS, missing=missing, partial=partial)
    if stored.verdict.fresh:
        # It is too old for this client alone.
        return Miss(Forwarded.REQUEST, Reason.AGED.value, Reason.AGED, missing, partial)
    return Miss(Forwarded.STALE, stored.verdict.reason.value, stored.verdict.reason, missing, partial)


def ask(miss: Miss, around: Surroundings) -> Join | Fetch:
    """Say how to get an answer from ftrack: in the first of the ways left that there is."""
    notes = NO_NOTES
    for way in miss.ways:
        match way:
            case Way.JOIN_ROWS:
                flights = tuple(flight for flight in around.rows if flight is not None)
                if flights and len(flights) == len(around.rows):
                    return Join(way, flights, miss)
            case Way.OWN_WORDS:
                planned, notes = plan(around.material, miss.missing)
                if isinstance(planned, OwnWords):
                    return Fetch(planned, miss, notes)
            case Way.JOIN_SAME:
                # G6: what is fetched with another's credentials is only for whom ftrack accepted recently.
                if around.same is not None and (around.same.is_own or miss.trusted):
                    return Join(way, (around.same,), miss, notes)
            case Way.CLIENT_WORDS:
                break
            case _:
                assert_never(way)
    return Fetch(CLIENT_WORDS, miss, notes)


def conclude(at_hand: AtHand, outcome: FetchOutcome) -> Serve | Look | Miss | Refuse:
    """Say what to do once it has come, or not: ``at_hand`` was collected anew then."""
    of = outcome.of
    match of:
        case Fetch(plan=OwnWords() as planned):
            return _after_own_words(at_hand, outcome, of, planned)
        case Fetch():
            return _after_clients_words(outcome, of)
        case Join(way=Way.JOIN_ROWS):
            return _after_rows(at_hand, outcome, of)
        case Join():
            return _after_the_same(at_hand, outcome, of)
        case _:
            assert_never(of)


def _after_clients_words(outcome: FetchOutcome, of: Fetch) -> Serve | Refuse:
    """Whatever came is the answer: it began after the read did."""
    if outcome.problem is not None:
        return _refusal(outcome.problem)
    return Serve(of, FetchedAnswer(outcome.result, outcome.stored))


def _after_own_words(
    at_hand: AtHand, outcome: FetchOutcome, of: Fetch, planned: OwnWords
) -> Serve | Look | Miss | Refuse:
    """Our own words bring what the answer can be put together from. The client must not notice if they do not."""
    if outcome.problem is not None:
        # It may have been lost for being so long.
        lost_for_its_length = outcome.problem is Problem.LOST and planned.spare
        return of.miss.after(Way.OWN_WORDS) if lost_for_its_length else _refusal(outcome.problem)
    if outcome.result is None and _would_fail_anyway(outcome.failure, planned):
        return Serve(of, FetchedAnswer(None))
    return _put_together(at_hand, of, of.miss.after(Way.OWN_WORDS))


def _after_rows(at_hand: AtHand, outcome: FetchOutcome, of: Join) -> Serve | Look | Miss:
    """G3: what others fetched is judged like anything known, up to this read's own start."""
    missing = at_hand.known if isinstance(at_hand.known, MissingRows) else None
    # Who waited too long may wait for somebody who began later.
    left = of.miss if outcome.problem is Problem.TOO_LATE else of.miss.after(Way.JOIN_ROWS)
    return _put_together(at_hand, of, replace(left, missing=missing))


def _after_the_same(at_hand: AtHand, outcome: FetchOutcome, of: Join) -> Serve | Miss | Refuse:
    """G3: a joined answer is judged like a stored one, up to the joiner's own start."""
    if outcome.problem is Problem.TOO_LATE:
        return of.miss
    left = of.miss.after(Way.JOIN_SAME)
    if outcome.is_coming:
        return left
    if outcome.problem is not None:
        return _refusal(outcome.problem) if is_same_moment(outcome.began, at_hand.start) else left
    return Serve(of, FetchedAnswer(outcome.result)) if joiner_may_have(at_hand, outcome, of) else left


def joiner_may_have(at_hand: AtHand, outcome: FetchOutcome, of: Join) -> bool:
    """True if who joined may have what came."""
    if outcome.verdict is not None:
        return outcome.verdict.fresh
    # G6: what ftrack says of another principal's credentials is not for this one.
    return of.flights[0].is_own and is_same_moment(outcome.began, at_hand.start)


def _put_together(at_hand: AtHand, how: Fetch | Join, otherwise: Miss) -> Serve | Look | Miss:
    match at_hand.known:
        case LongAnswer():
            return Look.LONG
        case EntityAnswer() as known if _is_young(known.result, at_hand):
            return Serve(how, known)
        case _:
            return otherwise


def _refusal(problem: Problem) -> Refuse:
    return Refuse(RefusalReason.NOT_SENT if problem is Problem.NOT_SENT else RefusalReason.LOST)


def _would_fail_anyway(failure: Failure | None, planned: OwnWords) -> bool:
    """True if the client's own words would meet the same error: one of credentials, or of a gateway's."""
    return failure is Failure.CREDENTIALS or (failure is Failure.GATEWAY and not planned.spare)


def is_same_moment(began: Moment, start: Moment) -> bool:
    """True if nothing at all is known to have changed between the two."""
    return began.log == start.log and began.epoch == start.epoch and began.seq >= start.seq
