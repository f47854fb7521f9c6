"""Queries for one list each, asked as one for many: the parts are what each would have answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.entities.entity_store import EntityRef
from ftrack_proxy.entities.normalise import NormalisedAnswer, normalise
from ftrack_proxy.entities.sibling_queries import NotSplittable, NPlusOnePattern, patterns_of
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import parse
from ftrack_proxy.queries.bound_query import list_name
from tests.test_entities.production import CATALOGUE, CONTEXTS, STATUSES, TASKS, Production, answer, productions
from tests.test_judging.cases import bind


def walks(expression: str) -> list[NPlusOnePattern]:
    return list(patterns_of(bind(expression, CATALOGUE)))


def walk(expression: str) -> NPlusOnePattern:
    (found,) = walks(expression)
    return found


@pytest.mark.parametrize(
    ("expression", "families"),
    [
        ("Task where parent_id is s1", {"Context"}),
        ("Task where parent.id is s1", {"Context"}),
        ("Task where status_id is s1 and name is x", {"Status"}),
        ("Task where project.id is s1 order by name limit 100", {"Context"}),
        ("AssetVersion where asset.parent.id is s1", {"Context"}),
        ("AssetVersion where asset.context_id is s1", {"Context"}),
        ("Task where parent.id is s1 and name in (a, b) and bid > 3", {"Context"}),
    ],
)
def test_an_id_that_rows_refer_to(expression: str, families: set[str]) -> None:
    one, two = ("8f1a3c2e-0000-4111-8222-333344445555", "8f1a3c2e-0000-4111-8222-333344446666")
    found, other = walk(expression.replace("s1", one)), walk(expression.replace("s1", f"'{two}'"))
    assert {ref.family for ref in found.refs} == families
    assert {ref.key for ref in found.refs} == {(one,)}
    assert other.shape == found.shape
    assert found.at(two) == other.query
    assert found.list_name(two) == list_name(other.query)
    assert found.list_name(one) == list_name(found.query)


@pytest.mark.parametrize(
    "expression",
    [
        "Task",
        "Task where name is s1",
        "Task where id is s1",
        "Task where parent_id in (s1, s2)",
        "Task where parent_id is_not s1",
        "Task where parent_id is none",
        "Task where parent_id is S1",
        "Task where parent_id is s1 or parent_id is s2",
        "Task where not parent_id is s1",
        "Task where parent_id is s1 order by name limit 99",
        "Task where parent_id is s1 offset 1",
        "Task where children.id is s1",
        "Task where children.parent_id is s1",
        "Task where parent is s1",
        "Task where parent[Shot].id is s1",
        "Task where parent.name is s1",
        "Asset where latest_version.id is s1",
        "Metadata where parent_id is s1",
        "Recipient where note_id is s1",
        "NoteComponent where note.user_id is s1",
    ],
)
def test_what_is_no_walk(expression: str) -> None:
    assert walks(expression) == []


@pytest.mark.parametrize(
    ("window", "rows", "fits"),
    [("", 500, True), (" limit 100", 500, True), (" limit 2", 2, True), (" limit 2", 3, False), (" limit 1", 0, True)],
)
def test_a_short_window_fits_what_it_does_not_cut(window: str, rows: int, fits: bool) -> None:
    (found,) = walks(f"Task where parent_id is s1{window}")
    assert found.fits([EntityRef("Context", (str(number),)) for number in range(rows)]) is fits


def test_there_may_be_several_ways_to_walk() -> None:
    expression = "Task where parent.id is s1 and status_id is d1"
    shapes = {found.shape for found in walks(expression)}
    assert len(shapes) == 2
    assert {ref.family for found in walks(expression) for ref in found.refs} == {"Context", "Status"}


def asked_for_all(found: NPlusOnePattern, identities: Sequence[str], rows: list[Any]) -> NormalisedAnswer:
    """Take apart an answer to the question for all of them."""
    bound = bind(canonical(found.for_all(identities, (), 1000)), CATALOGUE)
    assert bound.query.limit == 1000
    assert bound.tree is not None
    return normalise(rows, bound.tree, CATALOGUE)


@settings(deadline=None)
@given(productions(), st.permutations(CONTEXTS))
def test_parts_are_what_each_query_would_have_answered(production: Production, order: list[str]) -> None:
    found = walk("select name from Context where parent.id is t1 order by name")
    identities = [name for name in CONTEXTS if name != "p1"]
    rows = [name for name in order if production[name].one.get("parent") in identities]
    taken = asked_for_all(
        found, identities, answer(production, rows, {"name": {}, "parent": {"id": {}}}, normalised=True)
    )
    parts = found.split(taken, identities)
    assert list(parts) == identities
    for identity, part in parts.items():
        expected = [name for name in rows if production[name].one["parent"] == identity]
        assert part == tuple(EntityRef("Context", (name,)) for name in expected)


@settings(deadline=None)
@given(productions(), st.sets(st.sampled_from(STATUSES), min_size=1))
def test_a_row_of_none_of_them_splits_nothing(production: Production, identities: set[str]) -> None:
    found = walk("select name from Task where status.id is d1")
    rows = TASKS
    statuses = {production[name].one["status"] for name in rows}
    taken = asked_for_all(
        found, sorted(identities), answer(production, rows, {"name": {}, "status": {"id": {}}}, normalised=True)
    )
    if statuses <= identities:
        assert sum(map(len, found.split(taken, sorted(identities)).values())) == len(rows)
    else:
        with pytest.raises(NotSplittable):
            found.split(taken, sorted(identities))


SHOT = {"__entity_type__": "Shot", "id": "s1"}


def task(name: str, **values: Any) -> dict[str, Any]:
    return {"__entity_type__": "Task", "id": name, **values}


@pytest.mark.parametrize(
    "rows",
    [
        [task("t1")],
        [task("t1", parent=None)],
        [task("t1", parent=[])],
        [task("t1", parent=SHOT), task("t2", parent=SHOT), task("t1", parent=SHOT)],
    ],
)
def test_what_does_not_show_where_it_belongs_is_not_split(rows: list[Any]) -> None:
    found = walk("Task where parent.id is s1")
    with pytest.raises(NotSplittable):
        found.split(asked_for_all(found, ["s1"], rows), ["s1"])


def test_a_path_that_ends_early_or_goes_on_shows_nothing() -> None:
    found = walk("AssetVersion where asset.parent.id is s1")
    version = {"__entity_type__": "AssetVersion", "id": "v", "asset": {"__entity_type__": "Asset", "id": "a"}}
    with pytest.raises(NotSplittable):
        found.split(asked_for_all(found, ["s1"], [version]), ["s1"])
    found = walk("Task where parent_id is s1")
    with pytest.raises(NotSplittable):
        found.split(asked_for_all(found, ["s1"], [task("t1", parent_id=SHOT)]), ["s1"])


def test_the_question_for_all_asks_for_what_splits_it() -> None:
    found = walk("select name from Task where name is x and status_id is d1 order by name")
    text = canonical(found.for_all(["d1", "d2"], parse("select bid from Task").projections, 7))  # type: ignore[arg-type]
    assert text == (
        'select bid, status_id from Task where name is x and status_id in ("d1", "d2") order by name asc limit 7'
    )
