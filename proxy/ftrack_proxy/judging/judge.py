"""The verdict on a stored result for one read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.judging.affects import affects
from ftrack_proxy.judging.result import Moment, Result
from ftrack_proxy.queries.bound_query import Bound
from ftrack_proxy.values.work import OutOfBudget, Work


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


# Changes that one judgement examines, and however few: `work.STEPS`.
MOST_EXAMINED = 1_000


_CURRENT = Verdict(True, Reason.CURRENT)
_UNVERIFIED = Verdict(False, Reason.UNVERIFIED)
_AGED = Verdict(False, Reason.AGED)
_LOG_OVERRUN = Verdict(False, Reason.LOG_OVERRUN)
_UNSETTLED = Verdict(False, Reason.UNSETTLED)


def judge(result: Result, start: Moment, log: ChangeLog, bound: Bound, work: Work | None = None) -> Verdict:
    """Judge ``result`` for a read that began at ``start``, and move its good-through up if it is fresh.

    Up to the read's start, not up to now: the one who fetched a busy query may have what it fetched. Several
    judgements may share their ``work``.
    """
    if not same_epoch(result, start):
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
        found = first_affecting(result, start, log, bound, work)
    except OutOfBudget:
        return _LOG_OVERRUN
    if found is not None:
        return Verdict(False, Reason.AFFECTED, *found)
    result.prove(start.seq)
    return _CURRENT


def same_epoch(result: Result, start: Moment) -> bool:
    """G4: what was fetched in another epoch of the change feed is unverified, and so is what needs events
    while there are none."""
    return result.began.epoch == start.epoch and (start.live or not result.event_invalidated)


def first_affecting(
    result: Result, start: Moment, log: ChangeLog, bound: Bound, work: Work | None = None
) -> tuple[int, str] | None:
    """G1 to G3: find a change after the one the result is good to, and before the read, that affects it.

    Returns its ``seq`` and the rule's id.

    Raises:
        OutOfBudget: there are so many, or it is so much to look at, that asking ftrack costs less.
    """
    work = work or Work()
    families = result.families
    if families is not None and not bound.families <= families:
        # It may have been asked for when less was known of what ftrack shows.
        families |= bound.families
    for examined, (seq, change) in enumerate(log.between(result.good_through, start.seq, families)):
        if examined == MOST_EXAMINED:
            raise OutOfBudget
        rule = affects(change, result, bound, work)
        if rule is not None:
            return seq, rule
    return None


def replication_window_end(result: Result, log: ChangeLog, window: float, bound: Bound) -> float:
    """Until when a result may be believed whose fetch began within ``window`` seconds after a change affecting it.

    Replicas behind ftrack may lag: the answer may come from one that the change had not reached. Infinite if there
    was no such change. Where it takes too much work to tell, there was.
    """
    work = Work()
    for recorded, change in log.since(result.began.at - window, result.began.seq, None):
        try:
            work.spend()
            affecting = affects(change, result, bound, work) is not None
        except OutOfBudget:
            affecting = True
        if affecting:
            return recorded + window
    return math.inf
