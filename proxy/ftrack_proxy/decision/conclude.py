"""Decide what to do once ftrack has been asked, or others who had asked were waited for."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import assert_never

from ftrack_proxy.decision.at_hand import AtHand
from ftrack_proxy.decision.decisions import Fetch, FetchedAnswer, Join, Look, Miss, RefusalReason, Refuse, Serve, Way
from ftrack_proxy.decision.plan import OwnWords
from ftrack_proxy.entities.entity_lookup import EntityAnswer, LongAnswer, MissingRows
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.judging.verdict import Verdict
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
    return _put_together(at_hand, of) or of.miss.after(Way.OWN_WORDS)


def _after_rows(at_hand: AtHand, outcome: FetchOutcome, of: Join) -> Serve | Look | Miss:
    """G3: what others fetched is judged like anything known, up to this read's own start."""
    there = _put_together(at_hand, of)
    if there is not None:
        return there
    missing = at_hand.known if isinstance(at_hand.known, MissingRows) else None
    # Who waited too long may wait for somebody who began later.
    left = of.miss if outcome.problem is Problem.TOO_LATE else of.miss.after(Way.JOIN_ROWS)
    return replace(left, missing=missing)


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


def _put_together(at_hand: AtHand, how: Fetch | Join) -> Serve | Look | None:
    """What the entity records say now; ``None`` if it is not enough."""
    match at_hand.known:
        case LongAnswer():
            return Look.LONG
        case EntityAnswer() as known if at_hand.is_young(known.result):
            return Serve(how, known)
        case _:
            return None


def _refusal(problem: Problem) -> Refuse:
    return Refuse(RefusalReason.NOT_SENT if problem is Problem.NOT_SENT else RefusalReason.LOST)


def _would_fail_anyway(failure: Failure | None, planned: OwnWords) -> bool:
    """True if the client's own words would meet the same error: one of credentials, or of a gateway's."""
    return failure is Failure.CREDENTIALS or (failure is Failure.GATEWAY and not planned.spare)


def is_same_moment(began: Moment, start: Moment) -> bool:
    """True if nothing at all is known to have changed between the two."""
    return began.log == start.log and began.epoch == start.epoch and began.seq >= start.seq
