"""What is known stays within its bounds and fits together, whatever is heard in whatever order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ftrack_proxy.answers.knowledge import Group, Knowledge, Knowledges, Listing, Ref, Source
from ftrack_proxy.freshness.result import Start
from tests.test_answers.production import source

LIMIT = 8_000
NAMES = "abcdefgh"
LISTS = ["x", "y", "z" * 500]
REFS = st.sampled_from(NAMES).map(lambda name: Ref("Context", (name,)))
MOMENTS = st.integers(0, 20)
VALUES = st.dictionaries(st.sampled_from(["id", "name", "bid", "parent"]), st.integers(0, 3), max_size=4)
EXTRA = st.frozensets(st.sampled_from(["name", "bid", "status", "project"]), max_size=3)
ROWS = st.lists(REFS, max_size=30).map(tuple)


def observe(knowledge: Knowledge, ref: Ref, at: int, values: Mapping[str, Any], asked: frozenset[str]) -> Source:
    """Observe at a moment what the values tell."""
    observed = source(at)
    knowledge.observe(ref, observed, "Task", values, asked | frozenset(values))
    return observed


class Hearing(RuleBasedStateMachine):
    """Anything is heard, in any order; the invariants are checked after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.knowledge = Knowledge(LIMIT)
        self.absent: dict[str, list[int]] = {}
        self.heard: dict[Ref, list[int]] = {}

    @rule(ref=REFS, at=MOMENTS, values=VALUES, asked=EXTRA)
    def observe(self, ref: Ref, at: int, values: dict[str, int], asked: frozenset[str]) -> None:
        observe(self.knowledge, ref, at, values, asked)
        self.heard.setdefault(ref, []).append(at)

    @rule(name=st.sampled_from(NAMES), at=MOMENTS)
    def note_absent(self, name: str, at: int) -> None:
        self.knowledge.note_absent("Task", (name,), source(at))
        self.absent.setdefault(name, []).append(at)

    @rule(
        name=st.sampled_from(["x", "y", "z" * 500]),
        offset=st.integers(0, 5),
        rows=ROWS,
        ended=st.booleans(),
        at=MOMENTS,
    )
    def list(self, name: str, offset: int, rows: tuple[Ref, ...], ended: bool, at: int) -> None:
        listing = Listing(offset, rows, ended, source(at))
        self.knowledge.list(name, listing)
        assert self.knowledge.listings(name)[:1] in ((listing,), ())

    @rule(members=ROWS)
    def group(self, members: tuple[Ref, ...]) -> None:
        self.knowledge.group(members)

    @rule(ref=REFS, walk=st.integers(0, 300))
    def walk(self, ref: Ref, walk: int) -> None:
        known = self.knowledge.known(ref)
        if known is not None:
            for group in known.walk(walk):
                assert ref in group.members

    @precondition(lambda self: len(self.knowledge) > 5)
    @rule()
    def forget(self) -> None:
        self.knowledge.forget()
        self.absent.clear()
        self.heard.clear()
        assert (len(self.knowledge), self.knowledge.weight) == (0, 0)

    @invariant()
    def weight_is_bounded_and_that_of_what_is_there(self) -> None:
        knowledge = self.knowledge
        assert 0 <= knowledge.weight <= LIMIT
        again = Knowledge(10**9)
        for ref in (Ref("Context", (name,)) for name in NAMES):
            known = knowledge.known(ref)
            for one in reversed(known.observations if known else ()):
                again.observe(ref, one.source, one.type_name, _values(one), one.layout.asked)
        for name in NAMES:
            absence = knowledge.absent("Task", (name,))
            if absence is not None:
                again.note_absent("Task", (name,), absence)
        for called in LISTS:
            for listing in reversed(knowledge.listings(called)):
                again.list(called, listing)
        assert knowledge.weight == again.weight

    @invariant()
    def observations_are_sorted_each_with_something_of_its_own(self) -> None:
        for name in NAMES:
            known = self.knowledge.known(Ref("Context", (name,)))
            if known is None:
                continue
            times = [one.source.began.seq for one in known.observations]
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
            absence = self.knowledge.absent("Task", (name,))
            assert absence is None or absence.began.seq in times


def _values(one: Any) -> dict[str, Any]:
    return dict(zip(one.layout.places, one.values, strict=True))


TestHearing = Hearing.TestCase
TestHearing.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)


@given(st.lists(st.tuples(MOMENTS, VALUES, EXTRA), min_size=1, max_size=4))
def test_newer_never_loses_to_older(heard: list[tuple[int, dict[str, int], frozenset[str]]]) -> None:
    knowledge, ref = Knowledge(10**6), Ref("Context", ("a",))
    for at, values, asked in heard:
        observe(knowledge, ref, at, values, asked)
    known = knowledge.known(ref)
    assert known is not None
    for name in ("id", "name", "bid", "parent", "status"):
        told = [at for at, values, asked in heard if name in values or name in asked]
        answering = [one for one in known.observations if one.layout.tells(frozenset({name}))]
        assert bool(told) == bool(answering)
        if told:
            assert answering[0].source.began.seq == max(told)
            latest = [values.get(name) for at, values, asked in heard if at == max(told) and name in {*values, *asked}]
            if name in answering[0].layout.places:
                assert answering[0].value(name) in latest
            else:
                assert None in latest


@given(st.lists(MOMENTS, min_size=1, max_size=4))
def test_the_latest_absence_is_kept(times: list[int]) -> None:
    knowledge = Knowledge(10**6)
    for at in times:
        knowledge.note_absent("Task", ("a",), source(at))
    absence = knowledge.absent("Task", ("a",))
    assert absence is not None
    assert absence.began.seq == max(times)


def test_a_later_stretch_is_newer_whatever_the_number() -> None:
    knowledge, ref = Knowledge(10**6), Ref("Context", ("a",))
    knowledge.observe(ref, Source(Start(1, 2, True, 9.0), 1, 0.0), "Task", {"name": "new"}, frozenset())
    knowledge.observe(ref, Source(Start(7, 1, True, 8.0), 7, 0.0), "Task", {"name": "old", "bid": 1}, frozenset())
    known = knowledge.known(ref)
    assert known is not None
    assert [one.value("name") for one in known.observations] == ["new", "old"]


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.booleans(), MOMENTS), min_size=1, max_size=8))
def test_a_window_is_forgotten_only_for_a_newer_one_that_covers_it(
    windows: list[tuple[int, int, bool, int]],
) -> None:
    knowledge = Knowledge(10**6)
    for offset, count, ended, at in windows:
        rows = tuple(Ref("Context", (str(index),)) for index in range(offset, offset + count))
        knowledge.list("x", Listing(offset, rows, ended, source(at)))
    kept = knowledge.listings("x")
    for offset, count, ended, at in windows:
        assert any(
            (
                one.source.began.seq >= at
                and one.offset <= offset
                and (one.ended or one.offset + len(one.rows) >= offset + count)
            )
            or (one.offset, len(one.rows), one.ended, one.source.began.seq) == (offset, count, ended, at)
            for one in kept
        )


def test_the_longest_unheard_of_goes_first() -> None:
    knowledge = Knowledge(5_000)
    for name in "abcdefghijkl":
        observe(knowledge, Ref("Context", (name,)), 1, {"name": 1}, frozenset())
        observe(knowledge, Ref("Context", ("a",)), 1, {"name": 1}, frozenset())
    assert knowledge.known(Ref("Context", ("a",)))
    assert knowledge.known(Ref("Context", ("l",)))
    assert knowledge.known(Ref("Context", ("b",))) is None


def test_one_entity_is_kept_however_large() -> None:
    knowledge = Knowledge(10)
    observe(knowledge, Ref("Context", ("a",)), 1, {"name": 1}, frozenset())
    assert len(knowledge) == 1
    knowledge.note_absent("Task", ("x",), source(1))
    knowledge.list("x", Listing(0, (), True, source(1)))
    assert knowledge.absent("Task", ("x",)) is None
    assert knowledge.listings("x") == ()


def test_long_values_weigh_what_they_are() -> None:
    weights = []
    for value in ("x", orjson.Fragment(b"[]"), "x" * 5_000, tuple([Ref("Context", ("a",))] * 5_000)):
        knowledge = Knowledge(10**6)
        knowledge.observe(Ref("Note", ("n",)), source(1), "Note", {"content": value}, frozenset())
        weights.append(knowledge.weight)
    assert weights[0] < weights[1] < 1_000
    assert min(weights[2:]) > 5_000
    knowledge = Knowledge(10**6)
    knowledge.list("x" * 5_000, Listing(0, (), True, source(1)))
    assert knowledge.weight > 5_000


def test_layouts_are_shared_and_bounded() -> None:
    knowledge = Knowledge(2_000)
    seen = []
    for number in range(10_050):
        knowledge.observe(Ref("Context", ("a",)), source(number), "Task", {f"a{number}": 1}, frozenset())
        knowledge.observe(Ref("Context", ("b",)), source(number), "Task", {f"a{number}": 1}, frozenset())
        first, second = (knowledge.known(Ref("Context", (name,))) for name in "ab")
        if first is not None and second is not None:
            seen.append(first.observations[0].layout is second.observations[0].layout)
    assert seen
    assert all(seen)
    assert len(knowledge._layouts) <= 10_001


def members(group: Group) -> str:
    return "".join(ref.key[0] for ref in group.members)


def test_walking_is_seen_from_the_second_step_on() -> None:
    knowledge = Knowledge(10**6)
    listed = [Ref("Context", (name,)) for name in "abc"]
    for ref in listed:
        observe(knowledge, ref, 1, {"name": 1}, frozenset())
    first, second, third = (knowledge.known(ref) for ref in listed)
    assert first is not None
    assert second is not None
    assert third is not None
    assert first.walk("bid") == ()  # before it was seen in the list
    knowledge.group((*listed, Ref("Context", ("unheard of",))))
    assert first.walk("bid") == ()
    assert second.walk("name") == ()
    assert list(map(members, second.walk("bid"))) == ["abcunheard of"]
    assert list(map(members, first.walk("bid"))) == ["abcunheard of"]
    for index in range(500):
        third.walk(index)
    assert len(first.groups[0].walked) <= 100


def test_each_asker_knows_what_it_was_told() -> None:
    knowledges = Knowledges(4_000, most=3)
    for space in (b"a", b"b", b"c", b"a"):
        observe(knowledges.of(space), Ref("Context", (space.decode(),)), 1, {"name": 1}, frozenset())
    assert knowledges.of(b"b").known(Ref("Context", ("a",))) is None
    knowledges.of(b"d")
    assert [len(knowledge) for knowledge in knowledges] == [1, 1, 0]
    assert len(knowledges.of(b"c")) == 0  # the longest unseen
    assert knowledges.weight == sum(knowledge.weight for knowledge in knowledges)
    knowledges.forget()
    assert knowledges.weight == 0
    assert len(knowledges.of(b"a")) == 0


@given(st.lists(st.tuples(st.sampled_from(NAMES), st.integers(1, 8)), max_size=30))
def test_all_askers_together_are_bounded(told: list[tuple[str, int]]) -> None:
    knowledges = Knowledges(3_000)
    for asker, count in told:
        knowledge = knowledges.of(asker.encode())
        for index in range(count):
            observe(knowledge, Ref("Context", (str(index),)), 1, {"name": 1}, frozenset())
        assert knowledges.of(asker.encode()) is knowledge
        assert knowledges.weight <= 3_000
