"""Answers are taken apart, and put together again: the same, a part of it, of two moments."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.entities.denormalise import Denormaliser, MissingValue
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.entities.normalise import normalise
from ftrack_proxy.queries.bound_query import BoundQuery
from tests.test_entities.production import (
    CATALOGUE,
    TASKS,
    Production,
    Tree,
    answer,
    decoded,
    encoded,
    entry,
    ingest,
    narrower,
    productions,
    showing,
    trees,
    validity,
)

pytestmark = pytest.mark.required("G7.2", "G7.4")

ROWS = st.lists(st.sampled_from(TASKS), min_size=1, max_size=3, unique=True)


def take_in(
    entity_store: EntityStore,
    production: Production,
    rows: Sequence[str],
    asked: BoundQuery,
    moment: int,
    *,
    normalised: bool,
) -> list[Any]:
    """Let an answer be known; returns its rows."""
    written = answer(production, rows, asked.tree, normalised=normalised)
    taken = normalise(written, asked.tree, CATALOGUE)
    ingest(entity_store, asked, entry(written), taken, validity(moment), CATALOGUE)
    return written


def assembled(entity_store: EntityStore, rows: Sequence[str], tree: Tree, *, normalised: bool) -> list[Any]:
    """Rows put together from what is known."""
    assembly = Denormaliser(entity_store, CATALOGUE, lambda _: True, normalised)
    refs = [EntityRef("Context", (row,)) for row in rows]
    for ref in refs:
        assembly.gather(ref, tree)
    return encoded(assembly.assembled([(ref, tree) for ref in refs]).rows)


@settings(deadline=None)
@given(productions(), ROWS, trees(), st.booleans())
def test_what_is_put_together_is_what_was_taken_apart(
    production: Production, rows: list[str], tree: Tree, normalised: bool
) -> None:
    entity_store, asked = EntityStore(10**6), showing(tree)
    written = take_in(entity_store, production, rows, asked, 1, normalised=normalised)
    try:
        again = assembled(entity_store, rows, asked.tree, normalised=normalised)
    except MissingValue:
        assert not normalised
        return
    assert decoded(again) == decoded(written)
    if not normalised:
        assert again == written


@settings(deadline=None)
@given(st.data(), productions(), ROWS, trees(), st.booleans())
def test_a_part_of_an_answer_is_what_ftrack_would_answer(
    data: st.DataObject, production: Production, rows: list[str], tree: Tree, normalised: bool
) -> None:
    entity_store, asked = EntityStore(10**6), showing(tree)
    take_in(entity_store, production, rows, asked, 1, normalised=normalised)
    part = showing(data.draw(narrower(tree)))
    fewer = data.draw(st.lists(st.sampled_from(rows), min_size=1, unique=True))
    try:
        found = assembled(entity_store, fewer, part.tree, normalised=normalised)
    except MissingValue:
        assert not normalised
        return
    assert decoded(found) == decoded(answer(production, fewer, part.tree, normalised=normalised))


@settings(deadline=None)
@given(productions(), st.lists(st.tuples(ROWS, trees()), max_size=2), ROWS, trees(), st.booleans())
def test_whatever_is_answered_is_what_ftrack_would_answer(
    production: Production, told: list[tuple[list[str], Tree]], rows: list[str], tree: Tree, normalised: bool
) -> None:
    entity_store = EntityStore(10**6)
    for moment, (told_of, shown) in enumerate(told):
        take_in(entity_store, production, told_of, showing(shown), moment, normalised=normalised)
    asked = showing(tree)
    try:
        found = assembled(entity_store, rows, asked.tree, normalised=normalised)
    except MissingValue:
        return
    assert decoded(found) == decoded(answer(production, rows, asked.tree, normalised=normalised))


def test_what_an_answer_left_out_is_not_known() -> None:
    """Without normalising an entity is short below itself: what was asked of it there did not come."""
    entity_store = EntityStore(10**6)
    task = {"__entity_type__": "Task", "id": "t1"}
    shot = {"__entity_type__": "Shot", "id": "s1"}
    row = {**task, "parent": {**shot, "children": [task]}}
    asked = showing({"parent": {"children": {"name": {}}}})
    ingest(entity_store, asked, entry([row]), normalise([row], asked.tree, CATALOGUE), validity(1), CATALOGUE)
    assert assembled(entity_store, ["t1"], {"parent": {"children": {}}}, normalised=False) == [row]
    with pytest.raises(MissingValue):
        assembled(entity_store, ["t1"], {"name": {}}, normalised=False)


@settings(deadline=None)
@given(productions(), ROWS, trees())
def test_an_entity_is_written_in_full_where_it_occurs_first(
    production: Production, rows: list[str], tree: Tree
) -> None:
    entity_store, asked = EntityStore(10**6), showing(tree)
    take_in(entity_store, production, rows, asked, 1, normalised=True)
    seen: set[Any] = set()

    def check(entity: dict[str, Any]) -> None:
        key = CATALOGUE.types[entity["__entity_type__"]].primary_key
        identity = tuple(entity[name] for name in key)
        if identity in seen:
            assert entity.keys() == {"__entity_type__", *key}
        seen.add(identity)
        for value in entity.values():
            for inner in value if isinstance(value, list) else [value]:
                if isinstance(inner, dict) and "__entity_type__" in inner:
                    check(inner)

    for row in assembled(entity_store, rows, asked.tree, normalised=True):
        check(row)


@settings(deadline=None, max_examples=50)
@given(st.data(), ROWS, st.booleans())
def test_an_entity_in_an_answer_is_of_one_moment(data: st.DataObject, rows: list[str], normalised: bool) -> None:
    entity_store = EntityStore(10**6)
    moments = (1, 2, 3)
    given_trees = {}
    made = {moment: data.draw(productions(moment)) for moment in moments}
    for moment in moments:
        told = data.draw(ROWS)
        given_trees[moment] = data.draw(trees())
        take_in(entity_store, made[moment], told, showing(given_trees[moment]), moment, normalised=normalised)
    asked = showing(data.draw(st.sampled_from(moments).flatmap(lambda moment: narrower(given_trees[moment]))))
    try:
        found = assembled(entity_store, rows, asked.tree, normalised=normalised)
    except MissingValue:
        return
    _, entities = decoded(found)
    for identity, values in entities.items():
        assert any(_is_of(made[moment], identity, values) for moment in moments)


def _is_of(production: Production, identity: Any, values: dict[str, Any]) -> bool:
    """True if at one moment all this was so."""
    (called,) = [name for name, entity in production.items() if entity.key == identity[1:]]
    tree = {name: {} for name in values.keys() - {"__entity_type__"}}
    _, entities = decoded(answer(production, [called], tree, normalised=False))
    return all(entities[identity][attribute] == value for attribute, value in values.items())


def test_nothing_is_known_of_what_was_not_told() -> None:
    entity_store = EntityStore(10**6)
    asked = showing({"name": {}})
    with pytest.raises(MissingValue):
        assembled(entity_store, ["t1"], asked.tree, normalised=True)
