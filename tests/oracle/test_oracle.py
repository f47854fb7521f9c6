"""Every proxied answer equals the direct one, whatever happened before: a short run of the oracle."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.oracle import borders, course, races, rows, walks, ways
from tests.oracle.answers import difference
from tests.oracle.soak import episode
from tests.oracle.stage import Mismatch, Stage
from tests.oracle.tally import KINDS, Tally
from tests.switches import without

# Rule -> in how many reads its absence is found out at the latest.
OWNERS_RULES = {
    "a new owner changes the old one": 300,
    "what hangs on a row goes with it": 1_500,
    "replies go with their thread": 1_500,
    "a move is more than an update": 1_000,
}
_SEEDS = st.integers(0, 2**32 - 1)
_COMMON = (ways.own_write, ways.own_write_unheard, ways.foreign_write, ways.foreign_write_late, races.race,
           borders.other_hands, walks.walk_attributes, walks.walk_siblings, rows.known_row,
           rows.written_row)  # fmt: skip
_RARE = (
    races.related_race,
    rows.one_moment,
    ways.new_questions,
    ways.own_write_lost,
    ways.of_age,
    ways.gap,
    ways.sleep,
    ways.restart,
    ways.flicker,
)
_DRAWN = (*_COMMON, *_COMMON, *_COMMON, *_RARE)


@pytest.fixture(autouse=True)
def _quick_switches() -> Iterator[None]:
    """Client, proxy and server are threads of one process here, and wait for each other all the time."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.0005)
    yield
    sys.setswitchinterval(before)


class _Machine(RuleBasedStateMachine):
    """What happens is drawn, so that a failure shrinks; picks of entities follow from the seed of each step."""

    tally = Tally()

    def __init__(self) -> None:
        super().__init__()
        self.stage: Stage | None = None

    @initialize(seed=_SEEDS)
    def begin(self, seed: int) -> None:
        self.stage = Stage(seed, self.tally)
        course.open_stage(self.stage, 12)

    @rule(seed=_SEEDS, way=st.sampled_from(_DRAWN))
    def happen(self, seed: int, way: ways.Way) -> None:
        assert self.stage is not None
        self.stage.chance.seed(seed)
        self.stage.tell(f"-- {way.__name__}, seed {seed}")
        course.take(self.stage, way)

    def teardown(self) -> None:
        if self.stage is not None:
            self.stage.close()


@pytest.mark.required("G1.1", "G2.1", "G2.5", "G3.1", "G3.2", "G4.1", "G4.2", "G4.3", "G5.1", "G6.3", "G7.2", "G7.4")
def test_drawn_histories() -> None:
    _Machine.tally = Tally()
    run_state_machine_as_test(
        _Machine,
        settings=settings(
            max_examples=6,
            stateful_step_count=10,
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    _is_telling(_Machine.tally)


@pytest.mark.required("G1.1", "G2.1", "G2.5", "G3.1", "G3.2", "G4.1", "G4.2", "G4.3", "G5.1", "G6.3", "G7.2", "G7.4")
@pytest.mark.parametrize("seed", [1, 2])
def test_long_histories(seed: int) -> None:
    tally = Tally()
    episode(seed, tally, enough=3_000, deadline=float("inf"))
    _is_telling(tally)


def _is_telling(tally: Tally) -> None:
    print(tally)
    assert tally.checked >= 300
    assert tally.hit_ratio >= 0.3, f"hardly anything came from the store: {tally}"
    assert min(tally.kinds[kind] for kind in KINDS) >= 5, f"some ways to answer were hardly seen: {tally}"


def test_a_proxy_that_hears_no_events_is_found_out() -> None:
    """The oracle itself: with the rules off it finds a wrong answer, and says how it came about."""
    found = pytest.raises(Mismatch, match=r"(?s)seed 3.*own write|foreign write.*Cache-Status.*difference")
    with without("results are judged by later changes"), found:
        episode(3, Tally(), enough=3_000, deadline=float("inf"))


def test_known_entities_that_never_change_are_found_out() -> None:
    found = pytest.raises(Mismatch, match=r"(?s)detail=entity.*difference")
    with without("rows are judged by later changes"), found:
        episode(4, Tally(), enough=3_000, deadline=float("inf"))


def test_an_entity_of_two_moments_is_found_out() -> None:
    """G7: what several answers told of an entity, all put into one."""
    stage = Stage(5, Tally())
    try:
        with without("an entity record is of one moment"), pytest.raises(Mismatch, match=r"difference"):
            _take_often(stage, rows.one_moment)
    finally:
        stage.close()


def _take_often(stage: Stage, way: ways.Way) -> None:
    for _ in range(60):
        course.take(stage, way)


@pytest.mark.parametrize("rule", OWNERS_RULES)
def test_what_goes_into_another_project_unnoticed_is_found_out(rule: str) -> None:
    """Within few reads: with each of the rules off by which rows come into, and go out of, somebody's sight."""
    tally = Tally()
    with without(rule):
        stage = Stage(6, tally)
        try:
            course.open_stage(stage, 8)
            with pytest.raises(Mismatch, match=r"difference"):
                _take_often(stage, borders.other_hands)
        finally:
            stage.close()
    assert tally.checked < OWNERS_RULES[rule]


def test_answers_are_compared_as_clients_decode_them() -> None:
    task = b'{"__entity_type__":"Task","id":"t","name":"comp"}'
    bare = b'{"__entity_type__":"Task","id":"t"}'
    note = b'{"__entity_type__":"Note","id":"n","task":%s}'
    short = b'[{"data":[%s]},{"data":[%s]}]' % (task, note % bare)
    full = b'[{"data":[%s]},{"data":[%s]}]' % (task, note % task)
    other = short.replace(b"comp", b"layout")
    assert difference(full, short, (False, False)) is None
    assert "name" in str(difference(other, short, (False, False)))
    assert "torn" in str(difference(full.replace(b"comp", b"layout", 1), short, (False, False)))


def test_a_row_that_shows_under_two_types_is_one() -> None:
    """Which of them carries the name depends on what else is asked; what is referred to does not."""
    note = '{{"__entity_type__":"Note","id":"n","category":{},"label":{}}}'

    def answer(category: str, label: str) -> bytes:
        return b'[{"data":[%s]}]' % note.format(category, label).encode()

    named, bare = '{{"__entity_type__":"{}","id":"c","name":"x"}}', '{{"__entity_type__":"{}","id":"c"}}'
    first = answer(named.format("NoteCategory"), bare.format("NoteLabel"))
    second = answer(bare.format("NoteCategory"), named.format("NoteLabel"))
    assert difference(first, second, (False,)) is None
    assert "label" in str(
        difference(answer(named.format("NoteCategory"), bare.format("NoteCategory")), first, (False,))
    )
    other = second.replace(b'"x"', b'"y"')
    assert "name" in str(difference(other, second, (False,)))
