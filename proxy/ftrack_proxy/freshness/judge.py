"""The verdict on a stored result for one read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from ftrack_proxy.freshness.affects import affects
from ftrack_proxy.freshness.change_log import ChangeLog
from ftrack_proxy.freshness.question import Question
from ftrack_proxy.freshness.result import Result, Start
from ftrack_proxy.schema.catalogue import Catalogue


class Reason(Enum):
    """Why a result is what it is judged to be; the words stand in ``Cache-Status`` and in the counters."""

    CURRENT = "exact"
    AFFECTED = "affected"
    UNVERIFIED = "unverified"
    AGED = "aged"
    LOG_OVERRUN = "log-overrun"
    CREDENTIALS = "credentials"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Fresh or not, why, and for ``AFFECTED`` the change that decided it and the rule by which it did."""

    fresh: bool
    reason: Reason
    seq: int | None = None
    rule: str | None = None


# Changes that one judgement examines: some milliseconds of work, in which nobody else is answered.
MOST_EXAMINED = 1_000


class _TooMany(Exception):
    """More changes than one judgement may examine."""


_CURRENT = Verdict(True, Reason.CURRENT)
_UNVERIFIED = Verdict(False, Reason.UNVERIFIED)
_AGED = Verdict(False, Reason.AGED)
_LOG_OVERRUN = Verdict(False, Reason.LOG_OVERRUN)
_UNSETTLED = Verdict(False, Reason.UNSETTLED)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a query means under the current schema; without both, any change of a family that it reads counts."""

    question: Question | None = None
    catalogue: Catalogue | None = None


NOT_A_QUERY = Meaning()


def judge(result: Result, start: Start, log: ChangeLog, meaning: Meaning) -> Verdict:
    """Judge ``result`` for a read that began at ``start``, and move its good-through up if it is fresh.

    Up to the read's start, not up to now: the one who fetched a busy query may have what it fetched.
    """
    if not same_stretch(result, start):
        return _UNVERIFIED
    if start.at - result.began.at > result.max_age:
        return _AGED
    if start.at > result.fresh_until:
        return _UNSETTLED
    if result.good_through >= start.seq:
        return _CURRENT
    if result.good_through < log.tail:
        return _LOG_OVERRUN
    try:
        found = first_affecting(result, start, log, meaning)
    except _TooMany:
        return _LOG_OVERRUN
    if found is not None:
        return Verdict(False, Reason.AFFECTED, *found)
    result.prove(start.seq)
    return _CURRENT


def same_stretch(result: Result, start: Start) -> bool:
    """G4: what was fetched in another stretch of the change feed is unverified, and so is what needs events
    while there are none."""
    return result.began.stretch == start.stretch and (start.live or not result.evented)


def first_affecting(result: Result, start: Start, log: ChangeLog, meaning: Meaning) -> tuple[int, str] | None:
    """G1 to G3: find a change after the one the result is good to, and before the read, that affects it.

    Returns its ``seq`` and the rule's id.

    Raises:
        _TooMany: there are so many that asking ftrack costs less.
    """
    families = result.families
    if families is not None and meaning.question is not None:
        families |= meaning.question.reads.families
    for examined, (seq, change) in enumerate(log.between(result.good_through, start.seq, families)):
        if examined == MOST_EXAMINED:
            raise _TooMany
        rule = affects(change, result, meaning.question, meaning.catalogue)
        if rule is not None:
            return seq, rule
    return None


def settled_at(result: Result, log: ChangeLog, window: float, meaning: Meaning) -> float:
    """Until when a result may be believed whose fetch began within ``window`` seconds after a change affecting it.

    Replicas behind ftrack may lag: the answer may come from one that the change had not reached. Infinite if there
    was no such change.
    """
    for recorded, change in log.since(result.began.at - window, result.began.seq, result.families):
        if affects(change, result, meaning.question, meaning.catalogue) is not None:
            return recorded + window
    return math.inf
