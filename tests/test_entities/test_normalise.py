"""What is known of entities after one answer; the other way round in `test_round_trip`."""

from __future__ import annotations

from typing import Any

import orjson
import pytest
from hypothesis import given, settings

from ftrack_proxy.entities.entity_store import EntityRef
from ftrack_proxy.entities.normalise import NormalisedAnswer, NotNormalisable, normalise
from tests.test_entities.production import (
    CATALOGUE,
    TASKS,
    Production,
    Tree,
    answer,
    decoded,
    productions,
    trees,
)


def taken_apart(rows: list[Any], tree: Tree) -> NormalisedAnswer:
    return normalise(rows, tree, CATALOGUE)


@settings(deadline=None)
@given(productions(), trees())
def test_all_that_an_answer_says_is_found(production: Production, tree: Tree) -> None:
    rows = answer(production, TASKS, tree, normalised=True)
    taken = taken_apart(rows, tree)
    _, entities = decoded(rows)
    assert {(told.type_name, *ref.key) for ref, told in taken.entities.items()} == entities.keys()
    assert [ref.key for ref in taken.rows] == [(name,) for name in TASKS]
    for ref, told in taken.entities.items():
        said = entities[told.type_name, *ref.key]
        assert said.keys() == {"__entity_type__", *told.values}
        plain = {name: value for name, value in said.items() if value is None or isinstance(value, (str, int, float))}
        del plain["__entity_type__"]
        assert {name: told.values[name] for name in plain} == plain


@settings(deadline=None)
@given(productions(), trees())
def test_places_are_lists_of_different_entities(production: Production, tree: Tree) -> None:
    taken = taken_apart(answer(production, TASKS, tree, normalised=True), tree)
    assert taken.places[0] == taken.rows
    for place in taken.places:
        assert len(set(place)) == len(place) > 1
        assert taken.entities.keys() >= set(place)


def test_occurrences_are_put_together() -> None:
    status = {"__entity_type__": "Status", "id": "d"}
    rows = [
        {"__entity_type__": "Task", "id": "a", "status": status},
        {"__entity_type__": "Task", "id": "b", "status": {**status, "name": "Done"}},
        {"__entity_type__": "Task", "id": "a", "bid": 3},
    ]
    taken = taken_apart(rows, {"status": {"name": {}}, "bid": {}})
    assert taken.rows == (EntityRef("Context", ("a",)), EntityRef("Context", ("b",)), EntityRef("Context", ("a",)))
    found = taken.entities[EntityRef("Status", ("d",))]
    assert (found.values, found.asked) == ({"id": "d", "name": "Done"}, {"name"})
    assert taken.entities[taken.rows[0]].values["bid"] == 3
    assert taken.places == [(EntityRef("Context", ("a",)), EntityRef("Context", ("b",)))]


def test_values_with_an_inside_are_kept_as_they_are() -> None:
    inside: dict[str, Any] = {
        "link": [{"type": "Task", "id": "a", "name": "x"}],
        "end_date": {"__type__": "datetime", "value": "2031-05-04T10:12:09"},
        "custom": [1, [2], {}],
    }
    (told,) = taken_apart([{"__entity_type__": "Task", "id": "a", **inside}], {}).entities.values()
    assert orjson.loads(orjson.dumps(told.values)) == {"id": "a", **inside}


def test_nothing_in_a_collection_is_a_collection() -> None:
    row = {"__entity_type__": "Task", "id": "a", "children": [], "link": [], "unheard_of": []}
    (told,) = taken_apart([row], {"children": {}, "link": {}, "unheard_of": {}}).entities.values()
    assert told.values == {"id": "a", "children": (), "link": [], "unheard_of": []}


@pytest.mark.parametrize(
    "row",
    [
        None,
        "a",
        {"count": 3},
        {"__entity_type__": "Spaceship", "id": "a"},
        {"__entity_type__": 3, "id": "a"},
        {"__entity_type__": ["Task"], "id": "a"},
        {"__entity_type__": "Task"},
        {"__entity_type__": "Task", "id": None},
        {"__entity_type__": "Task", "id": 3},
        {"__entity_type__": "Task", "id": ["a"]},
        {"__entity_type__": "Task", "id": {"value": "a"}},
        {"__entity_type__": "Metadata", "parent_id": "a"},
        {"__entity_type__": "Task", "id": "a", "status": {"__entity_type__": "Status"}},
        {"__entity_type__": "Task", "id": "a", "children": [{"__entity_type__": "Task"}]},
        {"__entity_type__": "Task", "id": "a", "children": [{"__entity_type__": "Task", "id": "b"}, None]},
        {"__entity_type__": "Task", "id": "a", "parent": {"__entity_type__": "Shot", "id": "a"}},
        {"__entity_type__": "Task", "id": "a", "bid": 1, "parent": {"__entity_type__": "Task", "id": "a", "bid": 2}},
    ],
)  # fmt: skip
def test_what_cannot_be_identified_is_not_taken_apart(row: Any) -> None:
    with pytest.raises(NotNormalisable):
        taken_apart([row], {})
