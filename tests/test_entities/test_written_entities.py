"""What the answer to a write tells: of what was written, unless somebody else may have written it too."""

from __future__ import annotations

from typing import Any

import pytest

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.changes.writes import Create, Update, read_writes
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.entities.written_entities import WriteObservations, WrittenEntity, learn_written, observations_of
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


def wrote(entity: Any, sent: dict[str, Any], is_new: bool) -> WrittenEntity:
    (write,) = read_writes([create(**sent) if is_new else update(**sent)], CATALOGUE)
    assert isinstance(write, Create | Update)
    return WrittenEntity(entity, write.data, is_new)


def met(entity_store: EntityStore, family: str, *names: str) -> EntityStore:
    """Let entities be known."""
    for name in names:
        entity_store.observe(EntityRef(family, (name,)), validity(1), "Shot", {"id": name}, frozenset())
    return entity_store


def learned(entity_store: EntityStore, observations: WriteObservations, *meanwhile: Change) -> dict[str, Any] | None:
    """What is known then of the task, at the moment of the write."""
    learn_written(entity_store, observations, meanwhile, validity(5), CATALOGUE)
    known = entity_store.known(EntityRef("Context", ("t",)))
    if known is None or known.observations[0].validity.began.seq != 5:
        return None
    observation = known.observations[0]
    return dict(zip(observation.layout.places, observation.values, strict=True))


def observed(*pairs: tuple[Any, Any]) -> WriteObservations:
    """What is read in operations and their entries of the answer."""
    writes = read_writes([operation for operation, _ in pairs], CATALOGUE)
    return observations_of(writes, [entry for _, entry in pairs], CATALOGUE)


def test_what_a_batch_wrote() -> None:
    found = observed(
        ({"action": "query", "expression": "Task"}, {"data": []}),
        (create(name="x"), told()),
        (update(name="y"), told()),
        (delete("Shot", ["s"]), {"data": True}),
        (delete("Metadata", ["p", "k"]), {"data": True}),
        ({"action": "brand_new"}, {}),
    )
    assert [(written.entity, written.data.sent, written.is_new) for written in found.entities] == [
        (CREATED, {"name": "x"}, True),
        (CREATED, {"name": "y"}, False),
    ]
    assert {("Shot", ("s",)), ("Task", ("s",)), ("Context", ("s",)), ("Metadata", ("p", "k"))} <= set(found.gone)


@pytest.mark.parametrize(
    "operation",
    [
        "nonsense",
        {"action": "create", "entity_data": 3},
        {"action": "update"},
        {"action": "create", "entity_type": "Spaceship", "entity_data": {}},
    ],
)
def test_a_batch_with_something_that_is_not_understood_tells_nothing(operation: Any) -> None:
    assert observed((create(name="x"), told()), (operation, told())) == WriteObservations()


@pytest.mark.parametrize(
    ("operation", "data"),
    [
        (delete("Task", ["t"]), False),
        (delete("Task", ["t"]), None),
        (delete("Spaceship", ["t"]), True),
        (delete(None, ["t"]), True),
        (delete("Task", [3]), True),
        (delete("Task", ["t", "t"]), True),
        (delete("Task", None), True),
    ],
)
def test_a_removal_that_is_not_certain_tells_nothing(operation: dict[str, Any], data: Any) -> None:
    assert observed((create(name="x"), told()), (operation, {"data": data})) == WriteObservations()


def test_a_removal_may_name_its_key_without_a_list() -> None:
    assert observed((delete("Status", "d"), {"data": True})).gone == [("Status", ("d",))]


def test_what_was_created_where_the_writer_looks_is_known() -> None:
    entity_store = met(EntityStore(10**6), "Context", "s")
    written = WriteObservations(
        [wrote(CREATED, {"name": "x", "id": "t", "parent_id": "s", "status_id": "d", "bid": 3}, True)]
    )
    assert learned(entity_store, written) == {name: v for name, v in CREATED.items() if name != "__entity_type__"}
    known = entity_store.known(EntityRef("Context", ("t",)))
    assert known is not None
    assert not known.observations[0].layout.tells(frozenset({"bid"}))


@pytest.mark.parametrize(
    "sent", [{"parent_id": "s"}, {"parent_id": "s", "name": "x"}, {"project_id": "s"}, {"odd_id": "s"}]
)
def test_who_may_not_look_where_it_wrote_knows_nothing(sent: dict[str, Any]) -> None:
    declared_elsewhere = "odd_id" in sent
    written = WriteObservations([wrote(CREATED, sent, True)])
    assert (learned(EntityStore(10**6), written) is None) != declared_elsewhere
    assert learned(met(EntityStore(10**6), "Context", "s"), written) is not None
    assert (learned(met(EntityStore(10**6), "Status", "s"), written) is None) != declared_elsewhere


@pytest.mark.parametrize("parent", [{"__entity_type__": "Shot", "id": "s"}, {"__entity_type__": "Shot"}, "s"])
def test_a_relation_leads_where_its_foreign_key_does(parent: Any) -> None:
    """Python writes relations and not foreign keys (ftrack-protocol 2.3)."""
    observations = WriteObservations([wrote(CREATED, {"name": "x", "parent": parent}, True)])
    assert learned(EntityStore(10**6), observations) is None
    is_told = isinstance(parent, dict) and "id" in parent
    assert (learned(met(EntityStore(10**6), "Context", "s"), observations) is not None) == is_told


def test_a_foreign_key_that_may_lead_anywhere_must_lead_to_something_known() -> None:
    note = {"__entity_type__": "Note", "id": "t", "content": "x"}
    written = WriteObservations([wrote(note, {"content": "x", "parent_id": "s", "category_id": "c"}, True)])
    for family, is_seen in (("Context", True), ("Asset", True), (None, False)):
        entity_store = EntityStore(10**6) if family is None else met(EntityStore(10**6), family, "s")
        learn_written(entity_store, written, (), validity(5), CATALOGUE)
        assert (entity_store.known(EntityRef("Note", ("t",))) is not None) == is_seen


def test_what_was_updated_is_known_if_it_was_before() -> None:
    written = WriteObservations([wrote(CREATED, {"name": "x"}, False)])
    assert learned(EntityStore(10**6), written) is None
    assert learned(met(EntityStore(10**6), "Context", "t"), written) is not None


def test_what_is_gone_is_known_to_be() -> None:
    entity_store = met(EntityStore(10**6), "Context", "t")
    learned(entity_store, WriteObservations([], [("Task", ("t",)), ("Shot", ("other",))]))
    assert entity_store.absent("Task", ("t",)) is not None
    assert entity_store.absent("Shot", ("other",)) is not None


def test_a_batch_that_removes_and_writes_may_have_removed_what_it_wrote() -> None:
    """Or have made again what it had removed."""
    entity_store = met(EntityStore(10**6), "Context", "t")
    written = WriteObservations([wrote(CREATED, {}, False)], [("Task", ("t",)), ("Shot", ("other",))])
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
    assert (learned(entity_store, WriteObservations([wrote(CREATED, {}, True)]), meanwhile) is not None) == of_task
    learned(entity_store, WriteObservations([], [("Shot", ("s",))]), meanwhile)
    assert (entity_store.absent("Shot", ("s",)) is not None) == of_shot


@pytest.mark.parametrize("entity", [None, True, {"id": "t"}, {"__entity_type__": "Task", "id": 3}])
def test_an_answer_that_is_not_understood_tells_nothing(entity: Any) -> None:
    entity_store = EntityStore(10**6)
    written = WriteObservations([wrote(CREATED, {}, True), wrote(entity, {}, True)], [("Shot", ("s",))])
    assert learned(entity_store, written) is None
    assert entity_store.absent("Shot", ("s",)) is None


def test_what_was_written_twice_is_known_only_where_the_answer_is_of_one_moment() -> None:
    short = {"__entity_type__": "Task", "id": "t"}
    later = {**CREATED, "name": "y"}
    for first, second, name in ((later, short, "y"), (later, later, "y"), (CREATED, later, None)):
        written = WriteObservations([wrote(first, {}, True), wrote(second, {}, True)])
        found = learned(EntityStore(10**6), written)
        assert (found and found["name"]) == name
