"""What is learned of events from own writes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftrack_proxy.cache_policy.expected_events import ExpectedEvent
from ftrack_proxy.cache_policy.learned_coverage import DEADLINE, ENOUGH, ENOUGH_FOR_UNCACHED, LearnedCoverage
from ftrack_proxy.cache_policy.policy import Policy, PolicyKind
from ftrack_proxy.store.state_file import read_state, write_state
from tests.test_cache_policy.test_policy import DOCUMENT

LIVE = {1}


class Learner:
    """A coverage with a clock that writes come and go on."""

    def __init__(self) -> None:
        self.coverage = LearnedCoverage(Policy.from_document(DOCUMENT))
        self.now = 100.0
        self._count = 0

    def kind(self, family: str) -> PolicyKind:
        return self.coverage.policy.rule(family, family).kind

    def write(self, family: str, entity_id: str = "", *, certain: bool = True, **values: int) -> str:
        self._count += 1
        entity_id = entity_id or f"e{self._count}"
        event = ExpectedEvent(family, family, entity_id, values, certain)
        self.coverage.expect([event], epoch=1, began=self.now, now=self.now + 1)
        self.now += 1
        return entity_id

    def prove(self, family: str, times: int) -> None:
        for _ in range(times):
            self.coverage.take_announced([(family, self.write(family))], self.now)

    def pass_deadline(self, live: set[int] = LIVE) -> bool:
        self.now += DEADLINE
        return self.coverage.expire(self.now, live)

    def miss(self, family: str, times: int) -> None:
        for _ in range(times):
            self.write(family)
        self.pass_deadline()


@pytest.fixture
def learner() -> Learner:
    return Learner()


def test_evented_types_that_stay_silent_are_kept_for_a_short_time_only(learner: Learner) -> None:
    learner.miss("Note", ENOUGH - 1)
    assert learner.kind("Note") is PolicyKind.EVENT_INVALIDATED
    learner.miss("Note", 1)
    assert learner.kind("Note") is PolicyKind.TIME_BOUNDED
    assert learner.kind("Context") is PolicyKind.EVENT_INVALIDATED


def test_one_event_ends_a_row_of_misses(learner: Learner) -> None:
    learner.miss("Note", ENOUGH - 1)
    learner.prove("Note", 1)
    learner.miss("Note", ENOUGH - 1)
    assert learner.kind("Note") is PolicyKind.EVENT_INVALIDATED


def test_a_silent_type_is_restored_when_its_events_come_again(learner: Learner) -> None:
    learner.miss("Note", ENOUGH)
    learner.prove("Note", ENOUGH - 1)
    assert learner.kind("Note") is PolicyKind.TIME_BOUNDED
    learner.prove("Note", 1)
    assert learner.kind("Note") is PolicyKind.EVENT_INVALIDATED
    assert learner.coverage.described()["Note"]["from"] == "configured"


def test_a_learnable_type_is_proven_and_falls_with_the_first_miss(learner: Learner) -> None:
    learner.prove("Status", ENOUGH - 1)
    assert learner.kind("Status") is PolicyKind.STATIC
    learner.prove("Status", 1)
    assert learner.kind("Status") is PolicyKind.EVENT_INVALIDATED
    assert learner.coverage.described()["Status"] == {
        "kind": "evented",
        "from": "learned",
        "proofs": ENOUGH,
        "misses": 0,
    }
    learner.miss("Status", 1)
    assert learner.kind("Status") is PolicyKind.STATIC


def test_what_is_read_to_be_written_needs_more_proofs(learner: Learner) -> None:
    learner.prove("Job", ENOUGH_FOR_UNCACHED - 1)
    assert learner.kind("Job") is PolicyKind.UNCACHED
    learner.prove("Job", 1)
    assert learner.kind("Job") is PolicyKind.EVENT_INVALIDATED


def test_what_may_not_be_learned_is_not(learner: Learner) -> None:
    learner.prove("ApiKey", ENOUGH_FOR_UNCACHED)
    assert learner.kind("ApiKey") is PolicyKind.UNCACHED


def test_types_of_no_rule_are_learned_too(learner: Learner) -> None:
    learner.prove("NoteComponent", ENOUGH)
    assert learner.kind("NoteComponent") is PolicyKind.EVENT_INVALIDATED


def test_a_gap_of_the_feed_says_nothing(learner: Learner) -> None:
    for _ in range(ENOUGH):
        learner.write("Note")
    assert not learner.pass_deadline({2})
    assert not learner.pass_deadline({1})
    assert learner.coverage.document() == {}


def test_the_event_may_come_before_the_answer(learner: Learner) -> None:
    for number in range(ENOUGH):
        learner.coverage.take_announced([("Status", f"s{number}")], learner.now)
        learner.write("Status", f"s{number}")
    assert learner.kind("Status") is PolicyKind.EVENT_INVALIDATED


def test_an_event_of_before_the_write_proves_nothing(learner: Learner) -> None:
    learner.coverage.take_announced([("Status", "s")], learner.now)
    learner.now += 1
    learner.write("Status", "s")
    learner.pass_deadline()
    assert learner.coverage.document()["Status"]["misses"] == 1


def test_an_update_that_may_have_changed_nothing_is_not_missed(learner: Learner) -> None:
    for _ in range(2 * ENOUGH):
        learner.write("Note", "n", certain=False, content=7)
        learner.pass_deadline()
    assert learner.coverage.document() == {}


def test_an_update_to_another_value_is_missed(learner: Learner) -> None:
    for number in range(ENOUGH + 1):
        learner.write("Note", "n", certain=False, content=number)
        learner.pass_deadline()
    assert learner.kind("Note") is PolicyKind.TIME_BOUNDED


def test_what_another_changed_since_is_not_known(learner: Learner) -> None:
    learner.write("Note", "n", certain=False, content=1)
    learner.pass_deadline()
    learner.coverage.take_announced([("Note", "n")], learner.now)
    learner.now += 1
    learner.write("Note", "n", certain=False, content=2)
    learner.pass_deadline()
    assert learner.coverage.document() == {}


def test_it_outlives_the_process_and_damage(learner: Learner, tmp_path: Path) -> None:
    learner.miss("Note", ENOUGH)
    learner.prove("Status", ENOUGH)
    file = tmp_path / "state" / "coverage.json"
    write_state(file, learner.coverage.document())
    assert {path.name for path in file.parent.iterdir()} == {".ftrack-proxy", "coverage.json"}
    again = Learner()
    again.coverage.restore(read_state(file))
    assert (again.kind("Note"), again.kind("Status")) == (PolicyKind.TIME_BOUNDED, PolicyKind.EVENT_INVALIDATED)
    file.write_bytes(file.read_bytes()[:-9])
    assert read_state(file) is None
    assert read_state(tmp_path / "none.json") is None


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"Note": None},
        {"Note": {"proofs": -1, "misses": 0, "standing": "silent"}},
        {"Note": {"proofs": True, "misses": 0, "standing": "silent"}},
        {"Note": {"proofs": 0, "misses": 9, "standing": "loud"}},
        {"Note": {"proofs": 0, "misses": 9, "standing": ["silent"]}},
    ],
)
def test_what_cannot_be_read_is_left_out(learner: Learner, document: Any) -> None:
    learner.coverage.restore(document)
    assert learner.coverage.document() == {}
