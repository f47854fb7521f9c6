"""What the answer to a write tells: of what was written, unless somebody else may have written it too."""

from __future__ import annotations

from typing import Any

import pytest

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.entities.written_entities import Written, Wrote, learn_written, written_in
from tests.test_entities.production import CATALOGUE, validity

CREATED = {"__entity_type__": "Task", "id": "t", "name": "x", "parent_id": "s", "status_id": "d"}


def create(**sent: Any) -> dict[str, Any]:
    return {"action": "create", "entity_type": "Task", "entity_data": sent}


def update(**sent: Any) -> dict[str, Any]:
    return {"action": "update", "entity_type": "Task", "entity_key": ["t"], "entity_data": sent}


def delete(entity_type: Any, key: Any) -> dict[str, Any]:
    return {"action": "delete", "entity_type": entity_type, "entity_key": key}


def told(entity: Any = CREATED) -> dict[str, Any]:
    return {"action": "create", "data": entity}


def met(entity_store: EntityStore, family: str, *names: str) -> EntityStore:
    """Let entities be known."""
    for name in names:
        entity_store.observe(EntityRef(family, (name,)), validity(1), "Shot", {"id": name}, frozenset())
    return entity_store


def learned(entity_store: EntityStore, written: Written, *meanwhile: Change) -> dict[str, Any] | None:
    """What is known then of the task, at the moment of the write."""
    learn_written(entity_store, written, meanwhile, validity(5), CATALOGUE)
    known = entity_store.known(EntityRef("Context", ("t",)))
    if known is None or known.observations[0].validity.began.seq != 5:
        return None
    observation = known.observations[0]
    return dict(zip(observation.layout.places, observation.values, strict=True))


def test_what_a_batch_wrote() -> None:
    operations = [
        {"action": "query", "expression": "Task"},
        create(name="x"),
        update(name="y"),
        delete("Shot", ["s"]),
        delete("Metadata", ["p", "k"]),
        "nonsense",
        {"action": "create", "entity_data": 3},
        {"action": "update"},
    ]
    answer = [{"data": []}, told(), told(), {"data": True}, {"data": True}, {}, told(), told()]
    written = written_in(operations, answer, CATALOGUE)
    assert written.entities == [Wrote(CREATED, {"name": "x"}, True), Wrote(CREATED, {"name": "y"}, False)]
    assert {("Shot", ("s",)), ("Task", ("s",)), ("Context", ("s",)), ("Metadata", ("p", "k"))} <= set(written.gone)
    assert written_in([create(name="x")], [3], CATALOGUE) == Written()


@pytest.mark.parametrize(
    ("operation", "data"),
    [
        (delete("Task", ["t"]), False),
        (delete("Task", ["t"]), None),
        (delete("Spaceship", ["t"]), True),
        (delete(None, ["t"]), True),
        (delete("Task", [3]), True),
        (delete("Task", None), True),
    ],
)
def test_a_removal_that_is_not_certain_tells_nothing(operation: dict[str, Any], data: Any) -> None:
    assert written_in([operation], [{"data": data}], CATALOGUE) == Written()


def test_a_removal_may_name_its_key_without_a_list() -> None:
    written = written_in([delete("Status", "d")], [{"data": True}], CATALOGUE)
    assert written.gone == [("Status", ("d",))]


def test_what_was_created_where_the_writer_looks_is_known() -> None:
    entity_store = met(EntityStore(10**6), "Context", "s")
    written = Written([Wrote(CREATED, {"name": "x", "id": "t", "parent_id": "s", "status_id": "d", "bid": 3}, True)])
    assert learned(entity_store, written) == {name: v for name, v in CREATED.items() if name != "__entity_type__"}
    known = entity_store.known(EntityRef("Context", ("t",)))
    assert known is not None
    assert not known.observations[0].layout.tells(frozenset({"bid"}))


@pytest.mark.parametrize(
    "sent", [{"parent_id": "s"}, {"parent_id": "s", "name": "x"}, {"project_id": "s"}, {"odd_id": "s"}]
)
def test_who_may_not_look_where_it_wrote_knows_nothing(sent: dict[str, Any]) -> None:
    declared_elsewhere = "odd_id" in sent
    written = Written([Wrote(CREATED, sent, True)])
    assert (learned(EntityStore(10**6), written) is None) != declared_elsewhere
    assert learned(met(EntityStore(10**6), "Context", "s"), written) is not None
    assert (learned(met(EntityStore(10**6), "Status", "s"), written) is None) != declared_elsewhere


def test_a_foreign_key_that_may_lead_anywhere_must_lead_to_something_known() -> None:
    note = {"__entity_type__": "Note", "id": "t", "content": "x"}
    written = Written([Wrote(note, {"content": "x", "parent_id": "s", "category_id": "c"}, True)])
    for family, is_seen in (("Context", True), ("Asset", True), (None, False)):
        entity_store = EntityStore(10**6) if family is None else met(EntityStore(10**6), family, "s")
        learn_written(entity_store, written, (), validity(5), CATALOGUE)
        assert (entity_store.known(EntityRef("Note", ("t",))) is not None) == is_seen


def test_what_was_updated_is_known_if_it_was_before() -> None:
    written = Written([Wrote(CREATED, {"name": "x"}, False)])
    assert learned(EntityStore(10**6), written) is None
    assert learned(met(EntityStore(10**6), "Context", "t"), written) is not None


def test_what_is_gone_is_known_to_be() -> None:
    entity_store = met(EntityStore(10**6), "Context", "t")
    learned(entity_store, Written([], [("Task", ("t",)), ("Shot", ("other",))]))
    assert entity_store.absent("Task", ("t",)) is not None
    assert entity_store.absent("Shot", ("other",)) is not None


def test_a_batch_that_removes_and_writes_may_have_removed_what_it_wrote() -> None:
    """Or have made again what it had removed."""
    entity_store = met(EntityStore(10**6), "Context", "t")
    written = Written([Wrote(CREATED, {}, False)], [("Task", ("t",)), ("Shot", ("other",))])
    assert learned(entity_store, written) is None
    assert entity_store.absent("Task", ("t",)) is None
    assert entity_store.absent("Shot", ("other",)) is not None


def change(entity_id: str | None, families: frozenset[str] | None = frozenset({"Context"})) -> Change:
    return Change(ChangeKind.UPDATED, families, entity_id)


@pytest.mark.parametrize(
    ("meanwhile", "of_task", "of_shot"),
    [
        (change("t"), False, True),
        (change("s"), True, False),
        (change("other"), True, True),
        (change(None), False, False),
        (change(None, None), False, False),
        (change("other", None), False, False),
    ],
)
def test_what_somebody_else_may_have_written_is_not_known(meanwhile: Change, of_task: bool, of_shot: bool) -> None:
    entity_store = EntityStore(10**6)
    assert (learned(entity_store, Written([Wrote(CREATED, {}, True)]), meanwhile) is not None) == of_task
    learned(entity_store, Written([], [("Shot", ("s",))]), meanwhile)
    assert (entity_store.absent("Shot", ("s",)) is not None) == of_shot


@pytest.mark.parametrize("entity", [None, True, {"id": "t"}, {"__entity_type__": "Task", "id": 3}])
def test_an_answer_that_is_not_understood_tells_nothing(entity: Any) -> None:
    entity_store = EntityStore(10**6)
    written = Written([Wrote(CREATED, {}, True), Wrote(entity, {}, True)], [("Shot", ("s",))])
    assert learned(entity_store, written) is None
    assert entity_store.absent("Shot", ("s",)) is None


def test_what_was_written_twice_is_known_only_where_the_answer_is_of_one_moment() -> None:
    short = {"__entity_type__": "Task", "id": "t"}
    later = {**CREATED, "name": "y"}
    for first, second, name in ((later, short, "y"), (later, later, "y"), (CREATED, later, None)):
        written = Written([Wrote(first, {}, True), Wrote(second, {}, True)])
        found = learned(EntityStore(10**6), written)
        assert (found and found["name"]) == name
