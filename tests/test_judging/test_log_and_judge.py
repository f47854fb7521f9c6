"""The change log and the judge, against a naive model of both."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.judging.judge import MOST_EXAMINED, judge, replication_window_end
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.judging.verdict import Reason
from ftrack_proxy.queries.bound_query import BoundOperation
from ftrack_proxy.queries.terms import Terms

pytestmark = pytest.mark.required("G2.1", "G3.1", "G4.1")

NOT_A_QUERY = BoundOperation(frozenset(), Terms(max_age=100.0, event_invalidated=True, durable=True))
FAMILIES = st.none() | st.frozensets(st.sampled_from("ABCD"), min_size=1, max_size=3)


def change(families: frozenset[str] | None) -> Change:
    return Change(ChangeKind.UNKNOWN, families)


def result(families: frozenset[str] | None, *, event_invalidated: bool = True, **known: Any) -> Result:
    validity = Validity(**{"began": Moment(0, 1, True, 0.0), "good_through": 0, **known})
    return Result(b"{}", 200, "", families, validity, Terms(100.0, event_invalidated, durable=True), durable=True)


@given(st.lists(FAMILIES, max_size=30), FAMILIES, st.integers(0, 30), st.integers(0, 30))
def test_between_finds_what_a_scan_finds(
    recorded: list[frozenset[str] | None], wanted: frozenset[str] | None, after: int, through: int
) -> None:
    log = ChangeLog()
    for families in recorded:
        log.append(change(families), 0.0)
    naive = {
        seq
        for seq, families in enumerate(recorded, start=1)
        if after < seq <= through and (families is None or wanted is None or families & wanted)
    }
    assert {seq for seq, _ in log.between(after, through, wanted)} == naive


@given(st.lists(st.tuples(FAMILIES, st.floats(0, 50)), min_size=1, max_size=60))
def test_the_log_is_bounded_and_keeps_what_is_young(recorded: list[tuple[frozenset[str] | None, float]]) -> None:
    log = ChangeLog(limit=3, minimum_age=10.0)
    now = 0.0
    kept: list[tuple[int, float]] = []
    for families, passed in recorded:
        now += passed
        kept.append((log.append(change(families), now), now))
    held = {seq for seq, _ in log.between(0, log.head, None)}
    assert held == set(range(log.tail + 1, log.head + 1))
    assert len(held) <= 30
    young = [seq for seq, when in kept if now - when < 10.0]
    assert held.issuperset(young[-30:])
    assert len(held) <= 3 or min(when for seq, when in kept if seq in held) > now - 10.0


def test_each_verdict() -> None:
    log = ChangeLog(limit=1, minimum_age=0.0)
    now = Moment(0, 1, True, 50.0)
    kept = result(frozenset("A"))
    assert judge(kept, now, log, NOT_A_QUERY).reason is Reason.CURRENT
    assert judge(kept, Moment(0, 2, True, 50.0), log, NOT_A_QUERY).reason is Reason.UNVERIFIED
    gap = Moment(0, 1, False, 50.0)
    assert judge(kept, gap, log, NOT_A_QUERY).reason is Reason.UNVERIFIED
    assert judge(result(frozenset("A"), event_invalidated=False), gap, log, NOT_A_QUERY).fresh
    assert judge(kept, Moment(0, 1, True, 100.1), log, NOT_A_QUERY).reason is Reason.AGED
    assert judge(result(frozenset("A"), fresh_until=49.0), now, log, NOT_A_QUERY).reason is Reason.UNSETTLED
    log.append(change(frozenset("B")), 1.0)
    verdict = judge(kept, Moment(1, 1, True, 50.0), log, NOT_A_QUERY)
    assert (verdict.fresh, verdict.good_through) == (True, 1)
    kept.validity.advance(verdict.good_through)
    log.append(change(frozenset("A")), 2.0)
    verdict = judge(kept, Moment(2, 1, True, 50.0), log, NOT_A_QUERY)
    assert (verdict.reason, verdict.seq) == (Reason.AFFECTED, 2)
    assert judge(kept, Moment(1, 1, True, 50.0), log, NOT_A_QUERY).fresh
    log.append(change(frozenset("B")), 3.0)
    assert judge(result(frozenset("A")), Moment(3, 1, True, 50.0), log, NOT_A_QUERY).reason is Reason.LOG_OVERRUN


def test_one_judgement_examines_so_many_changes_and_no_more() -> None:
    log = ChangeLog()
    for _ in range(MOST_EXAMINED + 1):
        log.append(change(frozenset("B")), 0.0)
    kept = result(frozenset("B"), good_through=log.head)
    log.append(change(frozenset("A")), 0.0)
    assert judge(kept, Moment(log.head, 1, True, 1.0), log, NOT_A_QUERY).fresh
    assert judge(result(frozenset("B")), Moment(log.head, 1, True, 1.0), log, NOT_A_QUERY).reason in (
        Reason.AFFECTED,
        Reason.LOG_OVERRUN,
    )


def test_a_fetch_right_after_a_change_has_to_settle() -> None:
    log = ChangeLog()
    log.append(change(frozenset("A")), 10.0)
    log.append(change(frozenset("B")), 10.2)
    began = Moment(2, 1, True, 10.4)
    assert replication_window_end(result(frozenset("A"), began=began), log, 0.5, NOT_A_QUERY) == 10.5
    assert replication_window_end(result(frozenset("B"), began=began), log, 0.5, NOT_A_QUERY) == 10.7
    assert replication_window_end(result(frozenset("C"), began=began), log, 0.5, NOT_A_QUERY) == math.inf
    late = Moment(2, 1, True, 11.0)
    assert replication_window_end(result(frozenset("A"), began=late), log, 0.5, NOT_A_QUERY) == math.inf
    before = Moment(1, 1, True, 10.1)
    assert replication_window_end(result(frozenset("B"), began=before), log, 0.5, NOT_A_QUERY) == math.inf


def test_a_wide_change_told_in_detail_counts_for_reads_that_began_before() -> None:
    log = ChangeLog(limit=4, minimum_age=0.0)
    wide = log.append(change(None), 0.0)
    between = log.head
    log.append(change(frozenset("A")), 0.0)
    log.append(change(frozenset("B")), 0.0)
    log.supersede(wide)

    def found(through: int, families: frozenset[str] | None) -> set[int]:
        scans = [log.between(0, through, families)]
        if families is not None:
            scans.append(log.unplaced(0, through, families))
        first, *others = [{seq for seq, _ in scan} for scan in scans]
        assert all(other == first for other in others)
        since = {change.families for _, change in log.since(0.0, through, families)}
        assert (None in since) == (wide in first)
        return first

    assert found(between, frozenset("C")) == found(2, frozenset("C")) == {wide}
    assert found(3, frozenset("C")) == set()
    assert found(3, frozenset("A")) == {2}
    assert found(3, None) == {2, 3}
    assert found(2, None) == {1, 2}
    for _ in range(4):
        log.append(change(frozenset("A")), 1.0)
    assert log._superseded == {}
    log.supersede(wide)
    assert log._superseded == {}
