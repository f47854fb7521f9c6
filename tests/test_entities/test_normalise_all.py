"""An answer to several queries: nothing counts as known that it does not show, however ftrack shortens."""

from __future__ import annotations

from typing import Any

import pytest

from ftrack_proxy.entities.entity_store import EntityRef
from ftrack_proxy.entities.normalise import NormalisedAnswer, NotNormalisable, normalise, normalise_all
from tests.test_judging.cases import bind, catalogue

CATALOGUE = catalogue()
NAMES = bind("select name from Task", CATALOGUE).tree
STATUSES = bind("select status.name, status.sort from Task", CATALOGUE).tree
SORTS = bind("select sort from Status", CATALOGUE).tree
TASK = {"__entity_type__": "Task", "id": "t"}
STATUS = {"__entity_type__": "Status", "id": "s"}


def taken(*parts: tuple[list[Any], Any]) -> list[NormalisedAnswer]:
    return normalise_all([(rows, tree or {}) for rows, tree in parts], CATALOGUE)


def told(parts: list[NormalisedAnswer], entity_type: str) -> tuple[dict[str, Any], set[str]]:
    """What is told of the only entity of a type: its values without the key, and what was asked for."""
    (found,) = [one for one in parts[0].entities.values() if one.type_name == entity_type]
    return {name: value for name, value in found.values.items() if name != "id"}, found.asked


def test_all_that_was_named_at_the_first_occurrence() -> None:
    whole = {**TASK, "name": "a", "status": {**STATUS, "name": "open", "sort": 1}}
    parts = taken(([whole], NAMES), ([TASK], STATUSES), ([STATUS], SORTS))
    assert [part.rows for part in parts] == [
        (EntityRef("Context", ("t",)),),
        (EntityRef("Context", ("t",)),),
        (EntityRef("Status", ("s",)),),
    ]
    values, asked = told(parts, "Task")
    assert (values["name"], asked) == ("a", {"name", "status"})
    assert told(parts, "Status") == ({"name": "open", "sort": 1}, {"name", "sort"})


def test_at_each_occurrence_what_had_not_been_said() -> None:
    parts = taken(
        ([{**TASK, "name": "a"}], NAMES), ([{**TASK, "status": {**STATUS, "name": "open", "sort": 1}}], STATUSES)
    )
    values, _ = told(parts, "Task")
    assert values == {"name": "a", "status": EntityRef("Status", ("s",))}


def test_what_was_left_out_is_asked_for_and_not_there() -> None:
    parts = taken(([{**TASK, "name": "a"}], NAMES), ([TASK], STATUSES))
    values, asked = told(parts, "Task")
    assert (values, asked) == ({"name": "a"}, {"name", "status"})


def test_parts_have_rows_and_places_of_their_own() -> None:
    other = {"__entity_type__": "Task", "id": "u", "name": "b"}
    first, second = taken(([{**TASK, "name": "a"}, other], NAMES), ([other], NAMES))
    assert [len(place) for place in first.places] == [2]
    assert (second.places, second.rows) == ([], (EntityRef("Context", ("u",)),))
    # The entities are told once.
    assert len(first.entities) == 2
    assert second.entities == {}


@pytest.mark.parametrize(
    "again",
    [
        {**TASK, "name": "b"},
        {**TASK, "status": {**STATUS, "id": "other"}},
        {**TASK, "status": None},
        {**TASK, "parent": {"__entity_type__": "Nothing", "id": "x"}},
    ],
)
def test_two_moments_of_an_entity_tell_nothing(again: dict[str, Any]) -> None:
    whole = {**TASK, "name": "a", "status": {**STATUS, "name": "open", "sort": 1}}
    with pytest.raises(NotNormalisable):
        taken(([whole], NAMES), ([again], STATUSES))


def test_a_part_alone_is_an_answer() -> None:
    whole = {**TASK, "name": "a"}
    assert taken(([whole], NAMES))[0].rows == normalise([whole], NAMES or {}, CATALOGUE).rows
