"""What is known stays within its bounds and fits together, whatever is heard in whatever order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ftrack_proxy.entities.entity_store import (
    Absence,
    EntityRecord,
    EntityRef,
    EntityStore,
    EntityStores,
    ListSegment,
    SiblingGroup,
)
from ftrack_proxy.judging.validity import Validity
from tests.test_entities.production import validity
from tests.test_judging.cases import moment

LIMIT = 8_000
NAMES = "abcdefgh"
LISTS = ["x", "y", "z" * 500]
REFS = st.sampled_from(NAMES).map(lambda name: EntityRef("Context", (name,)))
MOMENTS = st.integers(0, 20)
VALUES = st.dictionaries(st.sampled_from(["id", "name", "bid", "parent"]), st.integers(0, 3), max_size=4)
EXTRA = st.frozensets(st.sampled_from(["name", "bid", "status", "project"]), max_size=3)
ROWS = st.lists(REFS, max_size=30).map(tuple)


def observe(
    entity_store: EntityStore, ref: EntityRef, at: int, values: Mapping[str, Any], asked: frozenset[str]
) -> Validity:
    """Observe at a moment what the values tell."""
    observed = validity(at)
    entity_store.observe(ref, observed, "Task", values, asked | frozenset(values))
    return observed


class Hearing(RuleBasedStateMachine):
    """Anything is heard, in any order; the invariants are checked after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.entity_store = EntityStore(LIMIT)
        self.absent: dict[str, list[int]] = {}
        self.heard: dict[EntityRef, list[int]] = {}

    @rule(ref=REFS, at=MOMENTS, values=VALUES, asked=EXTRA)
    def observe(self, ref: EntityRef, at: int, values: dict[str, int], asked: frozenset[str]) -> None:
        observe(self.entity_store, ref, at, values, asked)
        self.heard.setdefault(ref, []).append(at)

    @rule(name=st.sampled_from(NAMES), at=MOMENTS)
    def note_absent(self, name: str, at: int) -> None:
        self.entity_store.note_absent("Task", (name,), Absence(validity(at)))
        self.absent.setdefault(name, []).append(at)

    @rule(
        name=st.sampled_from(["x", "y", "z" * 500]),
        offset=st.integers(0, 5),
        rows=ROWS,
        ended=st.booleans(),
        at=MOMENTS,
    )
    def list(self, name: str, offset: int, rows: tuple[EntityRef, ...], ended: bool, at: int) -> None:
        listing = ListSegment(offset, rows, ended, validity(at))
        self.entity_store.list(name, listing)
        assert self.entity_store.listings(name)[:1] in ((listing,), ())

    @rule(members=ROWS)
    def group(self, members: tuple[EntityRef, ...]) -> None:
        self.entity_store.group(members)

    @rule(ref=REFS, walk=st.integers(0, 300))
    def walk(self, ref: EntityRef, walk: int) -> None:
        known = self.entity_store.known(ref)
        if known is not None:
            walked = known.walked(walk)
            known.step(walk)
            for group in walked:
                assert ref in group.members

    @precondition(lambda self: len(self.entity_store) > 5)
    @rule()
    def forget(self) -> None:
        self.entity_store.forget()
        self.absent.clear()
        self.heard.clear()
        assert (len(self.entity_store), self.entity_store.weight) == (0, 0)

    @invariant()
    def weight_is_bounded_and_that_of_what_is_there(self) -> None:
        entity_store = self.entity_store
        assert 0 <= entity_store.weight <= LIMIT
        again = EntityStore(10**9)
        for ref in (EntityRef("Context", (name,)) for name in NAMES):
            known = entity_store.known(ref)
            for one in reversed(known.observations if known else ()):
                again.observe(ref, one.validity, one.type_name, _values(one), one.layout.asked)
        for name in NAMES:
            absence = entity_store.absent("Task", (name,))
            if absence is not None:
                again.note_absent("Task", (name,), absence)
        for called in LISTS:
            for listing in reversed(entity_store.listings(called)):
                again.list(called, listing)
        assert entity_store.weight == again.weight

    @invariant()
    def observations_are_sorted_each_with_something_of_its_own(self) -> None:
        for name in NAMES:
            known = self.entity_store.known(EntityRef("Context", (name,)))
            if known is None:
                continue
            times = [one.validity.began.seq for one in known.observations]
            assert times == sorted(times, reverse=True)
            assert 1 <= len(times) <= 4
            for index, one in enumerate(known.observations):
                names = one.layout.asked | frozenset(one.layout.places)
                assert not any(newer.layout.tells(names) for newer in known.observations[:index])
            assert len(known.groups) <= 4
            assert len(known.walks) <= 8
            assert all(len(group.walked) <= 100 for group in known.groups)

    @invariant()
    def the_latest_absence_counts(self) -> None:
        for name, times in self.absent.items():
            absence = self.entity_store.absent("Task", (name,))
            assert absence is None or absence.validity.began.seq in times


def _values(one: Any) -> dict[str, Any]:
    return dict(zip(one.layout.places, one.values, strict=True))


TestHearing = Hearing.TestCase
TestHearing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(MOMENTS, VALUES, EXTRA), min_size=1, max_size=4))
def test_newer_never_loses_to_older(heard: list[tuple[int, dict[str, int], frozenset[str]]]) -> None:
    entity_store, ref = EntityStore(10**6), EntityRef("Context", ("a",))
    for at, values, asked in heard:
        observe(entity_store, ref, at, values, asked)
    known = entity_store.known(ref)
    assert known is not None
    for name in ("id", "name", "bid", "parent", "status"):
        told = [at for at, values, asked in heard if name in values or name in asked]
        answering = [one for one in known.observations if one.layout.tells(frozenset({name}))]
        assert bool(told) == bool(answering)
        if told:
            assert answering[0].validity.began.seq == max(told)
            latest = [values.get(name) for at, values, asked in heard if at == max(told) and name in {*values, *asked}]
            if name in answering[0].layout.places:
                assert answering[0].value(name) in latest
            else:
                assert None in latest


@given(st.lists(MOMENTS, min_size=1, max_size=4))
def test_the_latest_absence_is_kept(times: list[int]) -> None:
    entity_store = EntityStore(10**6)
    for at in times:
        entity_store.note_absent("Task", ("a",), Absence(validity(at)))
    absence = entity_store.absent("Task", ("a",))
    assert absence is not None
    assert absence.validity.began.seq == max(times)


def test_what_was_asked_later_is_newer_though_nothing_had_changed() -> None:
    entity_store, ref = EntityStore(10**6), EntityRef("Context", ("a",))
    entity_store.observe(ref, Validity(moment(7, 9.0, epoch=2), 7, 0.0), "Task", {"name": "new"}, frozenset())
    entity_store.observe(ref, Validity(moment(7, 8.0), 7, 0.0), "Task", {"name": "old", "bid": 1}, frozenset())
    known = entity_store.known(ref)
    assert known is not None
    assert [one.value("name") for one in known.observations] == ["new", "old"]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans(), MOMENTS), min_size=1, max_size=8))
def test_a_window_is_forgotten_only_for_a_newer_one_that_covers_it(
    windows: list[tuple[int, int, bool, int]],
) -> None:
    entity_store = EntityStore(10**6)
    for offset, count, ended, at in windows:
        rows = tuple(EntityRef("Context", (str(index),)) for index in range(offset, offset + count))
        entity_store.list("x", ListSegment(offset, rows, ended, validity(at)))
    kept = entity_store.listings("x")
    for offset, count, ended, at in windows:
        assert any(
            (
                one.validity.began.seq >= at
                and one.offset <= offset
                and (one.ended or one.offset + len(one.rows) >= offset + count)
            )
            or (one.offset, len(one.rows), one.ended, one.validity.began.seq) == (offset, count, ended, at)
            for one in kept
        )


def test_least_recently_updated_entities_are_evicted_first() -> None:
    entity_store = EntityStore(5_000)
    for name in "abcdefghijkl":
        observe(entity_store, EntityRef("Context", (name,)), 1, {"name": 1}, frozenset())
        observe(entity_store, EntityRef("Context", ("a",)), 1, {"name": 1}, frozenset())
    assert entity_store.known(EntityRef("Context", ("a",)))
    assert entity_store.known(EntityRef("Context", ("l",)))
    assert entity_store.known(EntityRef("Context", ("b",))) is None


def test_one_entity_is_kept_however_large() -> None:
    entity_store = EntityStore(10)
    observe(entity_store, EntityRef("Context", ("a",)), 1, {"name": 1}, frozenset())
    assert len(entity_store) == 1
    entity_store.note_absent("Task", ("x",), Absence(validity(1)))
    entity_store.list("x", ListSegment(0, (), True, validity(1)))
    assert entity_store.absent("Task", ("x",)) is None
    assert entity_store.listings("x") == ()


def test_long_values_weigh_what_they_are() -> None:
    weights = []
    for value in ("x", orjson.Fragment(b"[]"), "x" * 5_000, tuple([EntityRef("Context", ("a",))] * 5_000)):
        entity_store = EntityStore(10**6)
        entity_store.observe(EntityRef("Note", ("n",)), validity(1), "Note", {"content": value}, frozenset())
        weights.append(entity_store.weight)
    assert weights[0] < weights[1] < 1_000
    assert min(weights[2:]) > 5_000
    entity_store = EntityStore(10**6)
    entity_store.list("x" * 5_000, ListSegment(0, (), True, validity(1)))
    assert entity_store.weight > 5_000


def test_layouts_are_shared_and_bounded() -> None:
    entity_store = EntityStore(2_000)
    seen = []
    for number in range(10_050):
        entity_store.observe(EntityRef("Context", ("a",)), validity(number), "Task", {f"a{number}": 1}, frozenset())
        entity_store.observe(EntityRef("Context", ("b",)), validity(number), "Task", {f"a{number}": 1}, frozenset())
        first, second = (entity_store.known(EntityRef("Context", (name,))) for name in "ab")
        if first is not None and second is not None:
            seen.append(first.observations[0].layout is second.observations[0].layout)
    assert seen
    assert all(seen)
    assert len(entity_store._layouts) <= 10_001


def members(group: SiblingGroup) -> str:
    return "".join(ref.key[0] for ref in group.members)


def walk(record: EntityRecord, step: str) -> tuple[SiblingGroup, ...]:
    """Ask for an entity by itself."""
    walked = record.walked(step)
    record.step(step)
    return walked


def test_walking_is_seen_from_the_second_step_on() -> None:
    entity_store = EntityStore(10**6)
    listed = [EntityRef("Context", (name,)) for name in "abc"]
    for ref in listed:
        observe(entity_store, ref, 1, {"name": 1}, frozenset())
    first, second, third = (entity_store.known(ref) for ref in listed)
    assert first is not None
    assert second is not None
    assert third is not None
    assert walk(first, "bid") == ()  # before it was seen in the list
    entity_store.group((*listed, EntityRef("Context", ("unheard of",))))
    assert walk(first, "bid") == ()
    assert walk(second, "name") == ()
    assert list(map(members, walk(second, "bid"))) == ["abcunheard of"]
    assert list(map(members, walk(first, "bid"))) == ["abcunheard of"]
    for index in range(500):
        third.step(index)
    assert len(first.groups[0].walked) <= 100


def test_each_asker_knows_what_it_was_told() -> None:
    entity_stores = EntityStores(4_000, most=3)
    for space in (b"a", b"b", b"c", b"a"):
        observe(entity_stores.of(space), EntityRef("Context", (space.decode(),)), 1, {"name": 1}, frozenset())
    assert entity_stores.of(b"b").known(EntityRef("Context", ("a",))) is None
    entity_stores.of(b"d")
    assert [len(entity_store) for entity_store in entity_stores] == [1, 1, 0]
    assert len(entity_stores.of(b"c")) == 0  # the longest unseen
    assert entity_stores.weight == sum(entity_store.weight for entity_store in entity_stores)
    entity_stores.forget()
    assert entity_stores.weight == 0
    assert len(entity_stores.of(b"a")) == 0


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 8)), max_size=30))
def test_all_askers_together_are_bounded(told: list[tuple[str, int]]) -> None:
    entity_stores = EntityStores(3_000)
    for asker, count in told:
        entity_store = entity_stores.of(asker.encode())
        for index in range(count):
            observe(entity_store, EntityRef("Context", (str(index),)), 1, {"name": 1}, frozenset())
        assert entity_stores.of(asker.encode()) is entity_store
        assert entity_stores.weight <= 3_000
