"""Which observations an answer is made of; how it is written is told by `test_round_trip`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from ftrack_proxy.entities.denormalise import Denormaliser, MissingValue
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore, Observation, Validity
from tests.test_entities.production import CATALOGUE, validity

TASK, STATUS = EntityRef("Context", ("t",)), EntityRef("Status", ("d",))
NAME = {"name": {}}


def knowing(*told: tuple[int, Mapping[str, Any]], type_name: str = "Task") -> tuple[EntityStore, list[Validity]]:
    entity_store, sources = EntityStore(10**6), []
    for at, values in told:
        sources.append(validity(at))
        entity_store.observe(TASK, sources[-1], type_name, {"id": "t", **values}, frozenset(values))
    return entity_store, sources


def assembly_of(entity_store: EntityStore, oldest: int = 0) -> Denormaliser:
    return Denormaliser(entity_store, CATALOGUE, lambda validity: validity.began.seq >= oldest)


def names(assembly: Denormaliser) -> list[Any]:
    return [row["name"] for row in assembly.assembled([(TASK, NAME)]).rows]


def test_the_latest_that_tells_enough_is_used() -> None:
    entity_store, sources = knowing(
        (1, {"name": "a", "bid": 1}), (2, {"name": "b", "sort": 1}), (3, {"description": "c"})
    )
    for tree, used in (({"bid": {}}, 0), (NAME, 1), ({"description": {}}, 2)):
        assembly = assembly_of(entity_store)
        assembly.gather(TASK, tree)
        assert assembly.used[TASK].validity is sources[used]
    assembly = assembly_of(entity_store)
    with pytest.raises(MissingValue):
        assembly.gather(TASK, {"bid": {}, "sort": {}})
    assert assembly.used == {}


def test_what_is_not_usable_is_not_used() -> None:
    entity_store, _ = knowing((1, {"name": "a"}))
    assembly_of(entity_store, oldest=1).gather(TASK, NAME)
    with pytest.raises(MissingValue):
        assembly_of(entity_store, oldest=2).gather(TASK, NAME)


def test_one_moment_is_preferred_to_the_latest() -> None:
    entity_store, sources = knowing((1, {"name": "a", "bid": 1}), (2, {"name": "b"}))
    assembly = assembly_of(entity_store)
    assembly.gather(TASK, NAME, prefer=sources[0])
    assert names(assembly) == ["a"]
    assembly = assembly_of(entity_store, oldest=2)
    assembly.gather(TASK, NAME, prefer=sources[0])
    assert names(assembly) == ["b"]


def test_what_a_row_refers_to_is_of_its_moment_if_it_can_be() -> None:
    entity_store, sources = knowing((1, {"name": "a", "status": STATUS}))
    for known_from, values in ((sources[0], {"name": "a", "sort": 1}), (validity(2), {"name": "b"})):
        entity_store.observe(STATUS, known_from, "Status", {"id": "d", **values}, frozenset())
    assembly = assembly_of(entity_store)
    assembly.gather(TASK, {"status": NAME})
    assert assembly.used[STATUS].validity is sources[0]


def test_an_entity_changes_its_moment_in_all_places_or_in_none() -> None:
    """The row needs more of an entity than the place where it was met first."""
    entity_store, _ = knowing((1, {"name": "a", "bid": 1}), (2, {"name": "b", "parent": None}))
    parent = EntityRef("Context", ("s",))
    entity_store.observe(parent, validity(2), "Shot", {"id": "s", "children": (TASK,)}, frozenset())
    assembly = assembly_of(entity_store)
    assembly.gather(parent, {"children": NAME})
    assert assembly.used[TASK].validity.began.seq == 2
    assembly.gather(TASK, {"bid": {}})
    rows = assembly.assembled([(parent, {"children": NAME}), (TASK, {"bid": {}})]).rows
    child = rows[0]["children"][0]
    assert (child["name"], child["bid"]) == ("a", 1)


def test_the_last_word() -> None:
    entity_store, _ = knowing((1, {"name": "a", "status": STATUS}))
    entity_store.observe(STATUS, validity(1), "Status", {"id": "d"}, frozenset())
    asked: list[Mapping[EntityRef, Observation]] = []

    def accept(used: Mapping[EntityRef, Observation]) -> bool:
        asked.append(used)
        return len(asked) > 1

    assembly = assembly_of(entity_store)
    with pytest.raises(MissingValue):
        assembly.gather(TASK, {"status": {}}, accept=accept)
    assert assembly.used == {}
    assembly.gather(TASK, {"status": {}}, accept=accept)
    assert asked[-1].keys() == {TASK, STATUS} == assembly.used.keys()


def test_rows_that_were_not_gathered_are_not_written() -> None:
    entity_store, _ = knowing((1, {"name": "a"}))
    with pytest.raises(MissingValue):
        assembly_of(entity_store).assembled([(TASK, NAME)])


def test_what_another_schema_called_a_type_is_not_used() -> None:
    entity_store, _ = knowing((1, {"name": "a"}), type_name="Spaceship")
    with pytest.raises(MissingValue):
        assembly_of(entity_store).gather(TASK, NAME)
