"""A row's freshness: the short look at what may matter finds what a look at every change finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.changes.change import Change, ChangeKind, ChangeSource, anything
from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.entities.denormalise import Denormaliser
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore, Observation
from ftrack_proxy.entities.normalise import normalise
from ftrack_proxy.entities.row_judge import RowJudge
from ftrack_proxy.judging.affects import affects
from ftrack_proxy.judging.judge import MOST_EXAMINED
from tests.test_entities.production import (
    CATALOGUE,
    CONTEXTS,
    STATUSES,
    Production,
    answer,
    entry,
    ingest,
    productions,
    showing,
    validity,
)
from tests.test_judging import cases
from tests.test_judging.cases import moment, record

pytestmark = pytest.mark.required("G2.5")

TREES = [
    {"name": {}},
    {"name": {}, "status": {"name": {}}},
    {"status_id": {}, "parent": {"name": {}, "parent": {"name": {}}}},
    {"children": {"name": {}}},
    {"link": {}},
    {"metadata": {}},
    {"time_logged": {}},
    {"assignments": {"resource": {}}},
]
NAMES = st.sampled_from([*CONTEXTS, "x1"])
PATHS = st.sampled_from(["", "Shot:s1 Project:p1", "Shot:s2 Project:p1", "Project:p1"])
EVENTS = st.one_of(
    st.builds(lambda name, path: cases.updated("Task", name, path, name=("a", "b")), NAMES, PATHS),
    st.builds(lambda name, path: cases.updated("Task", name, path, statusid=("d1", "d2")), NAMES, PATHS),
    st.builds(lambda name, path: cases.updated("Task", name, path, parent_id=("s1", "s2")), NAMES, PATHS),
    st.builds(lambda name, path: cases.added("Task", name, path, parent_id="s1", name="n"), NAMES, PATHS),
    st.builds(lambda name, path: cases.removed("Shot", name, path), NAMES, PATHS),
    st.builds(lambda name: cases.updated("Status", name, name=("a", "b")), st.sampled_from([*STATUSES, "d3"])),
    st.builds(lambda name: cases.added("Timelog", "l1", f"Task:{name} Project:p1", context_id=name), NAMES),
    st.builds(lambda name: cases.added("Appointment", "a1", "", context_id=name, resource_id="u1"), NAMES),
    st.builds(lambda name: cases.written("update", "Task", name, name="n"), NAMES),
    st.builds(lambda name: cases.written("create", "Metadata", None, parent_id=name, key="k"), NAMES),
    st.builds(lambda name: cases.written("delete", "Shot", name), NAMES),
    st.just([Change(ChangeKind.UPDATED, frozenset({"Context"}))]),
    st.just([Change(ChangeKind.UPDATED, frozenset({"Note"}))]),
    st.just([anything(ChangeSource.PURGE)]),
)


def log_of(changes: Iterable[Change], **options: float) -> ChangeLog:
    log = InMemoryChangeLog(**options)  # type: ignore[arg-type]
    for change in changes:
        record(log, change)
    return log


def judge_of(expression: str, log: ChangeLog, seq: int | None = None) -> RowJudge:
    return RowJudge(cases.bound(expression), moment(log.head if seq is None else seq, 9.0), log)


def used_for(rows: list[object], tree: int, at: int) -> Mapping[EntityRef, Observation]:
    """The observations that a row is made of, after an answer at a moment."""
    asked = showing(TREES[tree])
    entity_store = EntityStore(10**6)
    ingest(entity_store, asked, entry(rows), normalise(rows, asked.tree, CATALOGUE), validity(at), CATALOGUE)
    assembly = Denormaliser(entity_store, CATALOGUE, lambda _: True)
    assembly.gather(EntityRef("Context", ("t1",)), asked.tree)
    return assembly.used


def by_id(tree: int) -> str:
    shown = {"status_id": "status_id, parent.name, parent.parent.name"}
    first = next(iter(TREES[tree]))
    paths = {1: "name, status.name", 3: "children.name", 7: "assignments.resource"}.get(tree, shown.get(first, first))
    return f"select {paths} from Task where id is t1"


@settings(deadline=None, max_examples=300)
@given(
    productions(), st.integers(0, len(TREES) - 1), st.lists(EVENTS, max_size=4), st.integers(0, 4), st.integers(0, 4)
)
def test_a_row_is_fresh_if_no_change_affects_an_answer_with_it(
    production: Production, tree: int, events: list[list[Change]], good_through: int, seq: int
) -> None:
    changes = [change for event in events for change in event]
    expression, log = by_id(tree), log_of(changes)
    rows = answer(production, ["t1"], showing(TREES[tree]).tree, normalised=True)
    used = used_for(list(rows), tree, good_through)
    result = cases.answer(expression, rows)
    is_affected = any(
        affects(change, result, cases.bound(expression)) is not None
        for number, change in enumerate(changes, start=1)
        if good_through < number <= seq
    )
    assert judge_of(expression, log, seq).accepts(used) is not is_affected


def test_a_write_may_name_the_row_in_other_words() -> None:
    """It is found among the changes of rows that are not told."""
    identity = "ab1da5ef-3bd6-47b9-8b46-3476e237cb36"
    asked = showing(TREES[0])
    shown = {"__entity_type__": "Task", "id": identity, "name": "a"}
    entity_store = EntityStore(10**6)
    ingest(entity_store, asked, entry([shown]), normalise([shown], asked.tree, CATALOGUE), validity(0), CATALOGUE)
    assembly = Denormaliser(entity_store, CATALOGUE, lambda _: True)
    assembly.gather(EntityRef("Context", (identity,)), asked.tree)
    assert assembly.used
    expression = f"select name from Task where id is {identity}"
    for spelled, accepted in ((identity.upper(), False), (identity, False), (identity.replace("a", "b"), True)):
        log = log_of(cases.written("update", "Task", spelled, name="b"))
        assert judge_of(expression, log).accepts(assembly.used) is accepted


@settings(deadline=None, max_examples=200)
@given(st.lists(EVENTS, max_size=4), st.integers(0, 4), st.integers(0, 4))
def test_what_is_not_there_is_so_until_a_change_may_have_brought_it(
    events: list[list[Change]], good_through: int, seq: int
) -> None:
    changes = [change for event in events for change in event]
    expression = "select name from Task where id is x1"
    result = cases.answer(expression, [])
    is_affected = any(
        affects(change, result, cases.bound(expression)) is not None
        for number, change in enumerate(changes, start=1)
        if good_through < number <= seq
    )
    judge = judge_of(expression, log_of(changes), seq)
    assert judge.accepts_absence(("x1",), validity(good_through)) is not is_affected


RENAMED = cases.updated("Task", "t1", name=("a", "b"))
ELSEWHERE = cases.updated("Task", "t2", name=("a", "b"))
ROW = {"__entity_type__": "Task", "id": "t1", "name": "a"}


def test_each_entity_is_judged_from_its_own_moment() -> None:
    """An old answer about one entity does not make the new one about another old."""
    log = log_of(RENAMED)
    judge = judge_of("select name, status.name from Task where id is t1", log)
    status = EntityRef("Status", ("d1",))
    entity_store = EntityStore(10**6)
    entity_store.observe(status, validity(0), "Status", {"id": "d1", "name": "Done"}, frozenset())
    known = entity_store.known(status)
    assert known is not None
    for good_through, fresh in ((1, True), (0, False)):
        assert judge.accepts({**used_for([ROW], 0, good_through), status: known.observations[0]}) is fresh


def test_what_the_log_no_longer_tells_cannot_be_judged() -> None:
    log = log_of([*ELSEWHERE, *ELSEWHERE, *ELSEWHERE], limit=1, minimum_age=0.0)
    assert log.tail == 2
    judge = judge_of("select name from Task where id is t1", log)
    for good_through, fresh in ((0, False), (1, False), (2, True), (3, True)):
        assert judge.is_usable(validity(good_through)) is fresh
        assert judge.accepts_absence(("t1",), validity(good_through)) is fresh


@pytest.mark.parametrize(("count", "fresh"), [(MOST_EXAMINED, True), (MOST_EXAMINED + 1, False)])
def test_a_judgement_does_not_take_for_ever(count: int, fresh: bool) -> None:
    described = cases.updated("Task", "t1", description=("a", "b"))
    judge = judge_of("select name from Task where id is t1", log_of(described * count))
    assert judge.accepts(used_for([ROW], 0, 0)) is fresh


def test_a_key_of_several_parts_is_told_by_no_change() -> None:
    expression = "select value from Metadata where parent_id is t1 and key is k"
    for changes, fresh in (
        (cases.updated("Task", "t1", name=("a", "b")), True),
        (cases.written("update", "Metadata", None, value="x"), False),
    ):
        judge = judge_of(expression, log_of(changes))
        entity_store = EntityStore(10**6)
        ref = EntityRef("Metadata", ("t1", "k"))
        entity_store.observe(ref, validity(0), "Metadata", {"parent_id": "t1", "key": "k", "value": "v"}, frozenset())
        known = entity_store.known(ref)
        assert known is not None
        assert judge.accepts({ref: known.observations[0]}) is fresh
        assert judge.accepts_absence(("t1", "k"), validity(0)) is fresh


@pytest.mark.parametrize(
    ("change", "fresh"),
    [({"parent_id": (None, "t1")}, False), ({"parent_id": ("t1", "s2")}, False), ({"bid": ("1", "2")}, True)],
    ids=["in", "out", "elsewhere"],
)
def test_what_comes_into_a_shown_collection_matters(change: dict[str, tuple[str | None, str]], fresh: bool) -> None:
    """Nothing in the row names it before."""
    row = {"__entity_type__": "Task", "id": "t1", "children": []}
    judge = judge_of("select children.name from Task where id is t1", log_of(cases.updated("Task", "x1", **change)))
    assert judge.accepts(used_for([row], 3, 0)) is fresh
