from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.entities.prefetch_budget import PrefetchBudgets

CLIENTS = (b"ana", b"bo", b"cleo")


@given(st.integers(0, 50), st.lists(st.tuples(st.floats(0, 30), st.integers(0, 600)), min_size=1, max_size=20))
def test_no_more_than_the_rate_and_ten_seconds_saved(rate: int, directives: list[tuple[float, int]]) -> None:
    budgets, now = PrefetchBudgets(float(rate)), 100.0
    taken: list[tuple[float, int]] = []
    for passed, wanted in directives:
        now += passed
        granted = budgets.take(b"ana", wanted, now)
        assert 0 <= granted <= wanted
        taken.append((now, granted))
        for since, _ in taken:
            spent = sum(count for when, count in taken if when >= since)
            assert spent <= rate * (10 + now - since) + 1e-6


@given(st.integers(1, 50), st.integers(0, 600))
def test_silence_saves_up(rate: int, wanted: int) -> None:
    budgets = PrefetchBudgets(float(rate))
    assert budgets.take(b"ana", wanted, 0.0) == min(wanted, 10 * rate)
    budgets.take(b"ana", 10**6, 0.0)
    assert budgets.take(b"ana", wanted, 0.0) == 0
    assert budgets.take(b"ana", 10**6, 1.0) == rate
    assert budgets.take(b"ana", wanted, 1_000.0) == min(wanted, 10 * rate)


@pytest.mark.parametrize("now", [0.0, 5.0, 10**6])
def test_nothing_is_granted_where_nothing_may_be_asked(now: float) -> None:
    assert PrefetchBudgets(0.0).take(b"ana", 5, now) == 0


def test_what_one_client_took_is_not_taken_from_another() -> None:
    budgets = PrefetchBudgets(30.0)
    assert budgets.take(b"ana", 10**6, 0.0) == 300
    assert budgets.take(b"ana", 10**6, 0.0) == 0
    assert budgets.take(b"bo", 100, 0.0) == 100
    assert budgets.take(b"cleo", 10**6, 0.0) == 100


@given(st.lists(st.tuples(st.sampled_from(CLIENTS), st.integers(0, 400)), min_size=50, max_size=200))
def test_all_together_get_no_more_than_the_rate(directives: list[tuple[bytes, int]]) -> None:
    rate, budgets, now = 30.0, PrefetchBudgets(30.0), 0.0
    got = dict.fromkeys(CLIENTS, 0)
    for client, wanted in directives:
        now += 0.5
        got[client] += budgets.take(client, wanted, now)
    # Each may have saved up ten seconds' worth before the others were there.
    assert sum(got.values()) <= rate * (now + 30)


@pytest.mark.parametrize("modest", CLIENTS)
def test_who_wants_little_gets_it_however_much_others_want(modest: bytes) -> None:
    budgets = PrefetchBudgets(30.0)
    for at in range(60):
        for client in CLIENTS:
            granted = budgets.take(client, 5 if client == modest else 10**6, float(at))
            assert client != modest or granted == 5


def test_clients_that_have_left_are_forgotten() -> None:
    budgets = PrefetchBudgets(30.0)
    for number in range(1_000):
        budgets.take(b"%d" % number, 1, float(number))
    assert len(budgets._of) <= 11
