"""What an answer becomes: entities, lists, groups, and rows that are known not to be there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.entities.ingest import has_ended
from ftrack_proxy.entities.normalise import normalise
from ftrack_proxy.queries.bound_query import BoundQuery
from tests.test_entities.production import CATALOGUE, entry, ingest, showing, validity


def learned(asked: BoundQuery, rows: Sequence[Any], following: int | None = None) -> EntityStore:
    entity_store = EntityStore(10**6)
    taken = normalise(rows, asked.tree, CATALOGUE)
    ingest(entity_store, asked, entry(rows, following), taken, validity(1), CATALOGUE)
    return entity_store


def rows_of(*names: str, type_name: str = "Task") -> list[dict[str, Any]]:
    return [{"__entity_type__": type_name, "id": name, "name": f"name of {name}"} for name in names]


def refs(*names: str) -> tuple[EntityRef, ...]:
    return tuple(EntityRef("Context", (name,)) for name in names)


def absent(entity_store: EntityStore, *names: str, type_name: str = "Task") -> list[str]:
    return [name for name in names if entity_store.absent(type_name, (name,))]


@pytest.mark.parametrize(
    ("window", "count", "following", "ended"),
    [
        ("", 3, None, True),
        ("limit 5", 3, None, True),
        ("limit 3", 3, None, True),
        ("limit 3", 3, 3, False),
        ("limit 5", 3, 5, False),
        ("limit 0", 0, None, False),
        ("offset 4 limit 3", 0, None, True),
    ],
)
def test_where_a_list_ends(window: str, count: int, following: int | None, ended: bool) -> None:
    rows = rows_of(*"abc"[:count])
    assert has_ended(showing({}, f"Task {window}").query, entry(rows, following)) is ended


@pytest.mark.parametrize("metadata", [None, {}, {"next": None}, 3])
def test_a_full_page_that_says_nothing_may_not_be_the_last(metadata: Any) -> None:
    assert not has_ended(showing({}, "Task limit 1").query, {"data": rows_of("a"), "metadata": metadata})
    assert has_ended(showing({}, "Task limit 2").query, {"data": rows_of("a"), "metadata": metadata})
    assert has_ended(showing({}).query, {"data": rows_of("a")})


def test_a_page_without_rows_by_wish_is_not_an_empty_list() -> None:
    asked = showing({}, "Task where name is x limit 0")
    entity_store = learned(asked, [])
    whole = showing({}, "Task where name is x")
    assert not any(listing.covers(whole.query) for listing in entity_store.listings(whole.list_name))
    named = showing({}, "Task where id is a limit 0")
    assert not absent(learned(named, []), "a")


def test_a_list_is_known_by_its_name_and_window() -> None:
    asked = showing({"name": {}}, "Task where name is x offset 2 limit 2")
    (listing,) = learned(asked, rows_of("a", "b"), 4).listings(asked.list_name)
    assert (listing.offset, listing.rows, listing.ended) == (2, refs("a", "b"), False)
    assert asked.list_name == showing({"bid": {}}, "Task where name is x").list_name != showing({}, "Task").list_name


def test_a_list_with_a_row_twice_is_no_list() -> None:
    """It would be cut and counted wrongly: the entities are known all the same."""
    asked = showing({"name": {}})
    entity_store = learned(asked, rows_of("a", "b", "a"))
    assert entity_store.listings(asked.list_name) == ()
    assert len(entity_store) == 2


@pytest.mark.parametrize(
    ("rest", "came", "following", "lacked"),
    [
        ("Task where id in (a, b, c)", "b", None, ["a", "c"]),
        ("Task where id in (a, b, c)", "", None, ["a", "b", "c"]),
        ("Task where id in (a, b, c) limit 5", "b", None, ["a", "c"]),
        ("Task where id in (a, b, c) limit 1", "b", 1, []),
        ("Task where id in (a, b, c) offset 1", "b", None, []),
        ("Task where id in (a, b, c)", "bd", None, []),
        ("Task where id in (a, b, c)", "bb", None, []),
        ("Task where id in (a, b) and name is x", "b", None, []),
        ("Task where id in (a, b) order by name", "b", None, []),
    ],
)
def test_what_was_named_and_did_not_come_is_not_there(
    rest: str, came: str, following: int | None, lacked: list[str]
) -> None:
    assert absent(learned(showing({}, rest), rows_of(*came), following), "a", "b", "c", "d") == lacked


def test_what_is_no_task_may_be_a_shot() -> None:
    entity_store = learned(showing({}, "Task where id is a"), [])
    assert absent(entity_store, "a")
    assert not absent(entity_store, "a", type_name="Shot")


def test_what_a_type_does_not_have_need_not_be_asked_for_again() -> None:
    asked = showing({"name": {}, "bid": {}}, "Context")
    entity_store = learned(asked, [{"__entity_type__": "Project", "id": "p", "name": "x"}])
    known = entity_store.known(EntityRef("Context", ("p",)))
    assert known is not None
    (observation,) = known.observations
    assert observation.layout.tells(frozenset({"name", "bid", "context_type"}))
    assert not observation.layout.tells(frozenset({"full_name"}))
    assert "bid" not in observation.layout.places


def test_who_stood_together_is_a_group() -> None:
    below = [{"__entity_type__": "Status", "id": name} for name in ("d1", "d2", "d1")]
    rows = [{**row, "status": status} for row, status in zip(rows_of("a", "b", "c"), below, strict=True)]
    entity_store = learned(showing({"status": {}}), rows)
    for ref in refs("a", "b", "c"):
        known = entity_store.known(ref)
        assert known is not None
        assert [group.members for group in known.groups] == [refs("a", "b", "c")]
    status = entity_store.known(EntityRef("Status", ("d1",)))
    assert status is not None
    assert [group.members for group in status.groups] == [(EntityRef("Status", ("d1",)), EntityRef("Status", ("d2",)))]
