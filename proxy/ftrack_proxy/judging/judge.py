"""The verdict on a stored result for one read. Judging changes nothing: who asked for a verdict may act on it."""

from __future__ import annotations

import math

from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.judging.affects import affects
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, standing
from ftrack_proxy.judging.verdict import LOG_OVERRUN, Reason, Verdict
from ftrack_proxy.queries.bound_query import Bound
from ftrack_proxy.values.work import OutOfBudget, Work

# Changes that one judgement examines, and however few: `work.STEPS`.
MOST_EXAMINED = 1_000


def judge(result: Result, start: Moment, log: ChangeLog, bound: Bound, work: Work | None = None) -> Verdict:
    """Judge ``result`` for a read that began at ``start``; several judgements may share their ``work``.

    Up to the read's start, not up to now: the one who fetched a busy query may have what it fetched. A fresh verdict
    says how far ``result.validity`` may be advanced.
    """
    verdict = standing(result.validity, result.terms, start, log)
    if verdict is not None:
        return verdict
    try:
        found = first_affecting(result, start, log, bound, work)
    except OutOfBudget:
        return LOG_OVERRUN
    if found is not None:
        return Verdict(False, Reason.AFFECTED, *found)
    return Verdict(True, Reason.CURRENT, good_through=start.seq)


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
    for examined, (seq, change) in enumerate(log.between(result.validity.good_through, start.seq, families)):
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
    work, began = Work(), result.validity.began
    for recorded, change in log.since(began.at - window, began.seq, None):
        try:
            work.spend()
            affecting = affects(change, result, bound, work) is not None
        except OutOfBudget:
            affecting = True
        if affecting:
            return recorded + window
    return math.inf
