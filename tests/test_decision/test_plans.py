"""What is asked of ftrack on a miss: what is known, what the client did before, and the plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.decision.ask import ask
from ftrack_proxy.decision.at_hand import AtHand, InFlight, Surroundings
from ftrack_proxy.decision.conclude import FetchOutcome, Problem, conclude
from ftrack_proxy.decision.decisions import Fetch, Join, Miss
from ftrack_proxy.decision.plan import ClientWords, OwnWords, PlanKind, PlanMaterial, RowSubject, plan
from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.entities.entity_lookup import MissingRows, lookup_of
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.protocol.headers import CacheControl, Forwarded
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.protocol.responses import Failure
from tests.test_decision.playbook import START, in_words
from tests.test_entities.production import validity
from tests.test_judging import cases

LISTED = tuple(EntityRef("Context", (name,)) for name in ("t1", "t2", "t3", "t4"))


def known() -> EntityStore:
    """Four tasks that stood in one list."""
    records = EntityStore(10**6)
    for ref in LISTED:
        records.observe(ref, validity(0), "Task", {"id": ref.key[0]}, frozenset())
    records.group(LISTED)
    return records


def material(
    expression: str,
    records: EntityStore,
    allowance: int = 100,
    usual: Mapping[str, Any] | None = None,
    form: EntityForm = EntityForm.NORMALISED,
) -> PlanMaterial:
    lookup = lookup_of(records, cases.bound(expression), START, InMemoryChangeLog(), form)
    assert lookup is not None
    return PlanMaterial(lookup, DefaultAttributes(usual or {}), allowance, cases.bound)


def planned(expression: str, records: EntityStore, *missing: str, **more: Any) -> OwnWords | ClientWords:
    """Plan, and note what is to be noted."""
    rows = MissingRows(tuple((name,) for name in missing)) if missing else None
    found, notes = plan(material(expression, records, **more), rows)
    for record, walk in notes.steps:
        record.step(walk)
    return found


def name_of(task: str) -> str:
    return f'select name from Task where id is "{task}"'


def test_a_list_is_asked_for_in_the_clients_words() -> None:
    assert planned("select name from Task", known()) == ClientWords()


def test_only_the_rows_that_are_missing() -> None:
    found = planned('select name from Task where id in ("t1", "t2", "t3")', known(), "t1", "t3")
    assert isinstance(found, OwnWords)
    assert (found.kind, found.spare) == (PlanKind.REMAINDER, 0)
    assert [query.expression for query in found.queries] == ['select name from Task where id in ("t1", "t3")']


def test_one_row_with_what_its_type_is_usually_asked_for() -> None:
    found = planned(name_of("t1"), EntityStore(10**6), "t1", usual={"Task": ["description"]})
    assert isinstance(found, OwnWords)
    assert (found.kind, found.widened) == (PlanKind.ROW, "Task")
    assert found.covers == {RowSubject("Task", ("t1",)): {"name": {}, "description": {}}}
    plain = planned(
        name_of("t1"),
        EntityStore(10**6),
        "t1",
        usual={"Task": ["description"]},
        form=EntityForm.DENORMALISED,
    )
    assert isinstance(plain, OwnWords)
    assert plain.widened is None


def test_siblings_from_the_second_step_on_and_within_the_allowance() -> None:
    records = known()
    first = planned(name_of("t1"), records, "t1")
    assert isinstance(first, OwnWords)
    assert (first.kind, first.spare) == (PlanKind.ROW, 0)
    second = planned(name_of("t2"), records, "t2", allowance=2)
    assert isinstance(second, OwnWords)
    assert (second.kind, second.spare, second.budget) == (PlanKind.SIBLINGS, 2, 2)
    assert set(second.covers) == {RowSubject("Task", (name,)) for name in ("t2", "t3", "t4")}
    none_left = planned(name_of("t3"), records, "t3", allowance=0)
    assert isinstance(none_left, OwnWords)
    assert (none_left.kind, none_left.spare) == (PlanKind.ROW, 0)


def test_lists_of_siblings() -> None:
    records = known()
    by_parent = 'select name from Task where parent_id is "{}"'
    assert planned(by_parent.format("t1"), records) == ClientWords()
    found = planned(by_parent.format("t2"), records)
    assert isinstance(found, OwnWords)
    assert (found.kind, found.spare) == (PlanKind.SIBLING_LISTS, 3)
    assert found.split is not None
    assert found.split.identities == ("t2", "t3", "t4", "t1")


def test_planning_changes_nothing() -> None:
    records = known()
    for _ in range(3):
        for task in ("t1", "t2"):
            found, _ = plan(material(name_of(task), records), MissingRows(((task,),)))
            assert isinstance(found, OwnWords)
            assert found.spare == 0
    assert all(record is not None and record.walks == () for record in map(records.known, LISTED))


def ways(miss: Miss, around: Surroundings, *problems: Any) -> list[str]:
    """What is done one after the other if each ends so."""
    at_hand = AtHand(START, CacheControl(), True, known=miss.missing, saw_disk=True)
    told: list[str] = []
    decision: Any = miss
    for problem in [*problems, None]:
        decision = ask(decision, around)
        told.append(in_words(decision))
        assert isinstance(decision, Join | Fetch)
        if problem is None:
            break
        decision = conclude(at_hand, FetchOutcome(decision, START, **problem))
        if not isinstance(decision, Miss):
            return [*told, in_words(decision)]
    return told


def test_what_is_done_when_a_plan_fails() -> None:
    records = known()
    planned(name_of("t1"), records, "t1")
    miss = Miss(Forwarded.MISS, missing=MissingRows((("t2",),)))
    walking = Surroundings([None], None, material(name_of("t2"), records))
    lost, refused, gateway = {"problem": Problem.LOST}, {"failure": Failure.REFUSAL}, {"failure": Failure.GATEWAY}
    assert ways(miss, walking, lost) == ["fetch: siblings", "fetch: ClientWords"]
    assert ways(miss, walking, refused) == ["fetch: siblings", "fetch: ClientWords"]
    assert ways(miss, walking, gateway) == ["fetch: siblings", "fetch: ClientWords"]
    one = Surroundings([None], None, material(name_of("t1"), EntityStore(10**6)))
    assert ways(miss, one, lost) == ["fetch: row", "refuse: lost"]
    assert ways(miss, one, gateway) == ["fetch: row", "pass on: fwd=miss"]
    assert ways(miss, one, refused) == ["fetch: row", "fetch: ClientWords"]
    assert ways(miss, one, {"failure": Failure.CREDENTIALS}) == ["fetch: row", "pass on: fwd=miss"]
    joined = Surroundings([InFlight(START)], InFlight(START), material(name_of("t2"), records))
    assert ways(miss, joined, {}, {"problem": Problem.LOST}) == ["join: rows", "fetch: siblings", "join: same"]
