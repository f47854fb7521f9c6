"""A judgement is bounded by the work that it is, counted in steps; what is beyond counts as stale."""

from __future__ import annotations

import pytest

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.judging import judge as judging
from ftrack_proxy.judging.judge import judge, replication_window_end
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.values.work import STEPS, OutOfBudget, Work, unlimited
from tests.test_judging.cases import added, answer, bound, moment, record, updated

pytestmark = pytest.mark.required("S5")

IN_S1 = "Shot:S1 Sequence:Q1 Project:P1"


def identity(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def additions(count: int) -> list[Change]:
    """Tasks that come into another shot."""
    return [change for n in range(count) for change in added("Task", identity(10**6 + n), IN_S1, name="x")]


def log_of(changes: list[Change]) -> ChangeLog:
    log = InMemoryChangeLog()
    for change in changes:
        record(log, change)
    return log


def judged(expression: str, result: Result, log: ChangeLog, work: Work | None = None) -> Verdict:
    return judge(result, moment(log.head), log, bound(expression), work)


def steps(expression: str, log: ChangeLog) -> float:
    work = Work(10**9)
    assert judged(expression, answer(expression, []), log, work).fresh
    return 10**9 - work.left


FORMS = {
    "in": lambda ids: f"parent_id in ({', '.join(ids)})",
    "not in": lambda ids: f"not parent_id not_in ({', '.join(ids)})",
    "relation": lambda ids: f"parent.id in ({', '.join(ids)})",
    "or": lambda ids: " or ".join(f"parent_id is {found}" for found in ids),
    "ancestors": lambda ids: f"ancestors any (id in ({', '.join(ids)}))",
    "and": lambda ids: f"parent_id is X and ({' or '.join(f'parent_id is {found}' for found in ids)})",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_long_list_is_no_more_work_than_a_short_one(form: str) -> None:
    """500 values and 900 additions took a second, 20,000 values 13."""
    log = log_of(additions(900))
    short, long = (
        f"select name from Task where {FORMS[form](list(map(identity, range(count))))}" for count in (2, 20_000)
    )
    assert steps(long, log) == steps(short, log)
    assert judged(long, answer(long, []), log).fresh


def test_what_is_too_much_work_counts_as_stale() -> None:
    """Pairs of keys cannot be looked up."""
    pairs = " or ".join(f'(parent_id is {identity(n)} and name is "x")' for n in range(STEPS))
    expression = f"select name from Task where {pairs}"
    result = answer(expression, [])
    verdict = judged(expression, result, log_of(additions(1)))
    assert (verdict.fresh, verdict.reason) == (False, Reason.LOG_OVERRUN)
    assert result.validity.good_through == 0
    assert replication_window_end(result, log_of([]), 0.5, bound(expression)) == float("inf")
    result.validity.began = moment(1, 0.1)
    assert replication_window_end(result, log_of(additions(1)), 0.5, bound(expression)) == 0.5


def test_many_changes_just_before_a_fetch_have_to_settle() -> None:
    expression = "select name from Task where parent_id is X"
    result = answer(expression, [])
    log = log_of(additions(STEPS))
    result.validity.began = moment(log.head, 0.1)
    assert replication_window_end(result, log, 0.5, bound(expression)) == 0.5


def test_looking_through_a_long_answer_is_work() -> None:
    expression = "select name from Task where parent_id is X"
    rows = [{"__entity_type__": "Task", "id": identity(n), "project_id": "P1", "name": "x" * 900} for n in range(1_000)]
    changes = [
        c for n in range(40) for c in updated("Task", identity(10**6 + n), IN_S1, bid=("1", "2"), name=("a", "b"))
    ]
    result = answer(expression, rows)
    verdict = judged(expression, result, log_of(changes))
    assert verdict.reason is Reason.LOG_OVERRUN
    result.note_ids()
    spent = Work(10**9)
    judged(expression, result, log_of(changes), spent)
    assert 10**9 - spent.left < STEPS


@pytest.mark.parametrize("noted", [False, True])
def test_noted_ids_are_those_that_occur(noted: bool) -> None:
    rows = [{"id": identity(n), "link": [{"id": identity(10**5 + n)}]} for n in range(2_000)]
    result = answer("select link from Task", rows)
    if noted:
        result.note_ids()
    assert all(result.mentions(identity(n)) and result.mentions(identity(10**5 + n)) for n in range(2_000))
    assert not any(result.mentions(identity(n)) for n in range(2_000, 2_100))
    assert result.mentions("Task") is (b"Task" in result.body)
    assert result.mentions("not an id!")


def test_several_judgements_share_a_budget() -> None:
    expression = "select name from Task where parent_id in (X, Y)"
    log = log_of(additions(300))
    work = Work()
    verdicts = [judged(expression, answer(expression, []), log, work).fresh for _ in range(20)]
    assert verdicts[0]
    assert not verdicts[-1]


def test_steps_are_counted() -> None:
    work = Work(3)
    work.spend(3)
    with pytest.raises(OutOfBudget):
        work.spend()
    unlimited().spend(10**12)
    assert judging.MOST_EXAMINED * 4 <= STEPS, "so many simple changes can be examined"
