"""Verdicts on results: what can be said before any change is looked at, and what the changes say."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.judging.judge import MOST_EXAMINED, judge, replication_window_end
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Validity, may_stand, weakest
from ftrack_proxy.judging.verdict import Reason
from ftrack_proxy.queries.bound_query import BoundOperation
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.store.record import decode_record, encode_record
from tests.test_judging.cases import moment, record

pytestmark = pytest.mark.required("G2.1", "G3.1", "G4.1")

NOT_A_QUERY = BoundOperation(frozenset(), Terms(max_age=100.0, event_invalidated=True, durable=True))
FAMILIES = st.none() | st.frozensets(st.sampled_from("ABCD"), min_size=1, max_size=3)


def change(families: frozenset[str] | None) -> Change:
    return Change(ChangeKind.UNKNOWN, families)


def result(families: frozenset[str] | None, *, event_invalidated: bool = True, **known: Any) -> Result:
    validity = Validity(**{"began": moment(0), "good_through": 0, **known})
    return Result(b"{}", 200, "", families, validity, Terms(100.0, event_invalidated, durable=True), durable=True)


def test_each_verdict() -> None:
    log = InMemoryChangeLog(limit=1, minimum_age=0.0)
    now = moment(0, 50.0)
    kept = result(frozenset("A"))
    assert judge(kept, now, log, NOT_A_QUERY).reason is Reason.CURRENT
    assert judge(kept, moment(0, 50.0, epoch=2), log, NOT_A_QUERY).reason is Reason.UNVERIFIED
    gap = moment(0, 50.0, live=False)
    assert judge(kept, gap, log, NOT_A_QUERY).reason is Reason.UNVERIFIED
    assert judge(result(frozenset("A"), event_invalidated=False), gap, log, NOT_A_QUERY).fresh
    assert judge(kept, moment(0, 100.1), log, NOT_A_QUERY).reason is Reason.AGED
    assert judge(result(frozenset("A"), fresh_until=49.0), now, log, NOT_A_QUERY).reason is Reason.UNSETTLED
    record(log, change(frozenset("B")), at=1.0)
    verdict = judge(kept, moment(1, 50.0), log, NOT_A_QUERY)
    assert (verdict.fresh, verdict.good_through) == (True, 1)
    kept.validity.advance(verdict.good_through)
    record(log, change(frozenset("A")), at=2.0)
    verdict = judge(kept, moment(2, 50.0), log, NOT_A_QUERY)
    assert (verdict.reason, verdict.seq) == (Reason.AFFECTED, 2)
    assert judge(kept, moment(1, 50.0), log, NOT_A_QUERY).fresh
    record(log, change(frozenset("B")), at=3.0)
    assert judge(result(frozenset("A")), moment(3, 50.0), log, NOT_A_QUERY).reason is Reason.LOG_OVERRUN


def test_one_judgement_examines_so_many_changes_and_no_more() -> None:
    log = InMemoryChangeLog()
    for _ in range(MOST_EXAMINED + 1):
        record(log, change(frozenset("B")))
    kept = result(frozenset("B"), good_through=log.head)
    record(log, change(frozenset("A")))
    assert judge(kept, moment(log.head, 1.0), log, NOT_A_QUERY).fresh
    assert judge(result(frozenset("B")), moment(log.head, 1.0), log, NOT_A_QUERY).reason in (
        Reason.AFFECTED,
        Reason.LOG_OVERRUN,
    )


def test_a_fetch_right_after_a_change_has_to_settle() -> None:
    log = InMemoryChangeLog()
    record(log, change(frozenset("A")), at=10.0)
    record(log, change(frozenset("B")), at=10.2)
    began = moment(2, 10.4)
    assert replication_window_end(result(frozenset("A"), began=began), log, 0.5, NOT_A_QUERY) == 10.5
    assert replication_window_end(result(frozenset("B"), began=began), log, 0.5, NOT_A_QUERY) == 10.7
    assert replication_window_end(result(frozenset("C"), began=began), log, 0.5, NOT_A_QUERY) == math.inf
    late = moment(2, 11.0)
    assert replication_window_end(result(frozenset("A"), began=late), log, 0.5, NOT_A_QUERY) == math.inf
    before = moment(1, 10.1)
    assert replication_window_end(result(frozenset("B"), began=before), log, 0.5, NOT_A_QUERY) == math.inf


LASTING = Terms(max_age=1e9, event_invalidated=False, durable=True)


@pytest.mark.required("G4.3")
@pytest.mark.parametrize("terms", [LASTING, Terms(1e9, event_invalidated=True, durable=True)])
def test_numbers_of_another_log_say_nothing(terms: Terms) -> None:
    """A result that was stored under another log's name is unverified, whatever its numbers, epoch and age."""
    log = InMemoryChangeLog()
    bound = BoundOperation(frozenset("A"), terms)
    for seq in (0, 1, 5):
        kept = Result(b"{}", 200, "", frozenset("A"), Validity(moment(seq), seq), terms, durable=True)
        kept = decode_record(encode_record(kept))
        for start in (moment(0, log="other"), moment(7, log="other")):
            assert judge(kept, start, log, bound).reason is Reason.UNVERIFIED
            assert not may_stand(kept.validity, terms, start, log)
        assert judge(kept, moment(seq), log, bound).fresh


def test_what_is_fetched_now_is_later_than_what_another_log_numbered() -> None:
    earlier, now = Validity(moment(900, 9e9, log="earlier"), 900), Validity(moment(0, 1.0), 0)
    assert now.is_later_than(earlier)
    assert now.is_later_than(Validity(moment(0, 1.0), 0))
    assert not now.is_later_than(Validity(moment(0, 2.0), 0))
    assert not now.is_later_than(Validity(moment(1, 1.0), 0))


VALIDITIES = st.builds(
    lambda seq, at, proven, fresh_until: Validity(moment(seq, at), seq + proven, fresh_until),
    st.integers(0, 9), st.floats(0, 9), st.integers(0, 9), st.floats(0, 20) | st.just(math.inf),
)  # fmt: skip


@given(st.lists(VALIDITIES, min_size=1, max_size=4), st.integers(0, 20), st.floats(0, 30), st.floats(0, 20))
def test_what_is_put_together_stands_where_all_of_its_parts_do(
    parts: list[Validity], seq: int, at: float, max_age: float
) -> None:
    log, terms = InMemoryChangeLog(limit=1, minimum_age=0.0), Terms(max_age, event_invalidated=True, durable=True)
    record(log, *(change(frozenset("A")) for _ in range(5)))
    start = moment(seq, at)
    assert may_stand(weakest(parts), terms, start, log) is all(may_stand(one, terms, start, log) for one in parts)


def test_a_verdict_changes_nothing() -> None:
    """Who asked for it advances the validity, and never backwards."""
    log, kept = InMemoryChangeLog(), result(frozenset("A"))
    before = copy.deepcopy(kept)
    record(log, change(frozenset("B")), change(frozenset("B")))
    verdict = judge(kept, moment(2, 1.0), log, NOT_A_QUERY)
    assert (kept, verdict.good_through) == (before, 2)
    kept.validity.advance(verdict.good_through)
    kept.validity.advance(judge(kept, moment(1, 1.0), log, NOT_A_QUERY).good_through)
    assert kept.validity.good_through == 2
