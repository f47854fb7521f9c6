"""What is recorded of a batch that was forwarded: outcome by kind of batch."""

from __future__ import annotations

from typing import Any

import pytest

from ftrack_proxy.decision.forward_plan import Aftermath, Delivery, Outcome, aftermath, outcome_of, plan_forward
from tests.test_schema.documents import small_catalogue

SMALL = small_catalogue()
UPDATE = {"action": "update", "entity_type": "Task", "entity_key": ["T"], "entity_data": {"name": "x"}}
QUERY = {"action": "query", "expression": "Task"}
MAIL = {"action": "send_user_invite", "user_id": "U"}
JOB = {"action": "delayed_job"}

BATCHES: dict[str, list[Any] | None] = {
    "no list": None,
    "empty": [],
    "reads": [QUERY, {"action": "get_widget_url"}],
    "a mail": [MAIL],
    "a write": [UPDATE],
    "a read and a write": [QUERY, UPDATE],
    "a job": [JOB],
    "nonsense": ["x"],
}
READS, HARMLESS = {"empty", "reads"}, {"empty", "reads", "a mail"}


@pytest.mark.parametrize("name", BATCHES)
def test_only_reads_may_be_sent_twice(name: str) -> None:
    plan = plan_forward(BATCHES[name], SMALL)
    assert plan.delivery is (Delivery.REPEATABLE if name in READS else Delivery.AT_MOST_ONCE)
    assert bool(plan.changes) == (name not in HARMLESS)


@pytest.mark.parametrize("is_whole", [True, False])
@pytest.mark.parametrize("outcome", Outcome)
@pytest.mark.parametrize("name", BATCHES)
def test_what_is_recorded_of_which_outcome(name: str, outcome: Outcome, is_whole: bool) -> None:
    plan = plan_forward(BATCHES[name], SMALL)
    now, late, teaches = {
        # outcome: recorded before the reply leaves, before the last bytes of one that is still coming, to learn from
        Outcome.NOT_SENT: (False, False, False),
        Outcome.REFUSED: (False, not is_whole, False),
        Outcome.CARRIED_OUT: (True, not is_whole, name not in HARMLESS),
        Outcome.UNKNOWN: (True, not is_whole, False),
    }[outcome]
    expected = Aftermath(plan.changes if now else (), plan.changes if late else (), teaches)
    assert aftermath(plan, outcome, is_whole=is_whole) == expected


ERROR = {"exception": "ServerError", "content": "x"}
FORBIDDEN = {"exception": "PermissionError", "content": "x"}
WHO = {"exception": "InvalidCredentialsError", "content": "x"}


@pytest.mark.parametrize(
    ("batch", "status", "answer", "is_anonymous", "outcome"),
    [
        ("a write", 200, [{}], False, Outcome.CARRIED_OUT),
        # A list is a success, whatever the status (ftrack-protocol 1.4).
        ("a write", 500, [{}], False, Outcome.CARRIED_OUT),
        ("a read and a write", 200, [{}, {}], False, Outcome.CARRIED_OUT),
        ("a write", 200, [{}, {}], False, Outcome.UNKNOWN),
        ("a write", 200, [], False, Outcome.UNKNOWN),
        ("a write", 200, None, False, Outcome.UNKNOWN),
        ("a write", 200, ERROR, False, Outcome.UNKNOWN),
        ("a write", 200, ERROR, True, Outcome.REFUSED),
        ("a write", 200, FORBIDDEN, False, Outcome.REFUSED),
        # Whether jobs and mails are undone with the rest of a batch is not known (2.2).
        ("a job", 200, FORBIDDEN, False, Outcome.UNKNOWN),
        ("nonsense", 200, FORBIDDEN, False, Outcome.UNKNOWN),
        ("no list", 200, FORBIDDEN, False, Outcome.UNKNOWN),
        ("no list", 200, [{}], False, Outcome.UNKNOWN),
        ("a job", 200, WHO, False, Outcome.REFUSED),
        ("no list", 200, WHO, False, Outcome.REFUSED),
        ("a write", 413, None, False, Outcome.REFUSED),
        ("a write", 403, None, False, Outcome.UNKNOWN),
        ("a write", 403, None, True, Outcome.REFUSED),
        ("a write", 504, None, True, Outcome.UNKNOWN),
    ],
)
def test_what_an_answer_says_has_become_of_a_batch(
    batch: str, status: int, answer: Any, is_anonymous: bool, outcome: Outcome
) -> None:
    plan = plan_forward(BATCHES[batch], SMALL)
    assert outcome_of(plan, status, answer, is_anonymous=is_anonymous) is outcome


def test_without_a_schema_a_write_may_change_anything() -> None:
    (change,) = plan_forward([UPDATE], None).changes
    assert change.families is None
