from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.answers.budget import Budget


@given(st.integers(0, 50), st.lists(st.tuples(st.floats(0, 30), st.integers(0, 600)), min_size=1, max_size=20))
def test_no_more_than_the_rate_and_ten_seconds_saved(rate: int, wishes: list[tuple[float, int]]) -> None:
    budget, now = Budget(float(rate)), 100.0
    taken: list[tuple[float, int]] = []
    for passed, wanted in wishes:
        now += passed
        granted = budget.take(wanted, now)
        assert 0 <= granted <= wanted
        taken.append((now, granted))
        for since, _ in taken:
            spent = sum(count for when, count in taken if when >= since)
            assert spent <= rate * (10 + now - since) + 1e-6


@given(st.integers(1, 50), st.integers(0, 600))
def test_silence_saves_up(rate: int, wanted: int) -> None:
    budget = Budget(float(rate))
    assert budget.take(wanted, 0.0) == min(wanted, 10 * rate)
    budget.take(10**6, 0.0)
    assert budget.take(wanted, 0.0) == 0
    assert budget.take(10**6, 1.0) == rate
    assert budget.take(wanted, 1_000.0) == min(wanted, 10 * rate)


@pytest.mark.parametrize("now", [0.0, 5.0, 10**6])
def test_nothing_is_granted_where_nothing_may_be_asked(now: float) -> None:
    assert Budget(0.0).take(5, now) == 0
