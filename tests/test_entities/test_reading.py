"""Windows against slices, and what a query is read as."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.entities.entity_store import EntityRef, ListSegment
from ftrack_proxy.entities.reading import by_id, document, listing_covers, reading_of, window_of
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import parse
from ftrack_proxy.queries.projection_tree import projections_of, tree_of
from tests.test_entities.production import CATALOGUE, Tree, reading, source, trees

NUMBERS = st.integers(0, 8)


def window(offset: int | None, limit: int | None) -> str:
    return (f" offset {offset}" if offset is not None else "") + (f" limit {limit}" if limit is not None else "")


@given(st.integers(0, 12), NUMBERS, NUMBERS, st.none() | NUMBERS, st.none() | NUMBERS)
def test_a_window_is_cut_as_ftrack_cuts_it_or_not_at_all(
    total: int, begin: int, count: int, offset: int | None, limit: int | None
) -> None:
    whole = tuple(range(total))
    known = whole[begin : begin + count]
    ended = begin + count >= total
    asked = reading({}, f"Task{window(offset, limit)}")
    first, last = offset or 0, total if limit is None else (offset or 0) + limit
    expected = whole[first:last]
    listing = ListSegment(begin, tuple(EntityRef("Context", (str(row),)) for row in known), ended, source(1))
    try:
        rows, following = window_of(asked, known, offset=begin, ended=ended)
    except LookupError:
        assert not listing_covers(asked, listing)
        assert first < begin or (not ended and last > begin + count) or (limit is None and not ended) or first > total
        return
    assert listing_covers(asked, listing)
    assert tuple(rows) == expected
    more = bool(limit) and last < total
    assert following == (last if more else None)


@given(st.lists(st.integers(), max_size=10), st.integers(1, 4))
def test_pages_together_are_the_list(rows: list[int], limit: int) -> None:
    """As clients page: from each page to the offset that it names."""
    found: list[int] = []
    offset: int | None = 0
    while offset is not None:
        page, offset = window_of(reading({}, f"Task offset {offset} limit {limit}"), rows, offset=0, ended=True)
        entry = document(page, offset)
        found += entry["data"]
        assert entry["metadata"]["next"]["offset"] == offset
    assert found == rows


def test_a_full_page_of_an_open_list_has_a_next() -> None:
    asked = reading({}, "Task limit 2")
    assert window_of(asked, "ab", offset=0, ended=False) == ("ab", 2)
    assert window_of(asked, "ab", offset=0, ended=True) == ("ab", None)
    assert window_of(asked, "abc", offset=0, ended=False) == ("ab", 2)


def test_a_list_has_one_name_whatever_is_shown_of_it() -> None:
    names = {
        reading(tree, f"Task where name is x and bid > 3 order by name{rest}").name
        for tree in ({"name": {}}, {"parent": {"name": {}}})
        for rest in ("", " limit 3", " offset 2 limit 5")
    }
    assert len(names) == 1
    assert names == {reading({}, "Task where bid > 3 and name = x order by name").name}
    assert names != {reading({}, "Task where name is x and bid > 3").name}
    assert names != {reading({}, "Shot where name is x and bid > 3 order by name").name}


@pytest.mark.parametrize(
    ("rest", "keys"),
    [
        ("Task where id in (a, b)", ["a", "b"]),
        ("Task where id is a order by name", ["a"]),
        ("Task where id in (a, b) order by name", None),
        ("Task where name is a", None),
        ("Task", None),
    ],
)
def test_rows_that_a_query_names(rest: str, keys: list[str] | None) -> None:
    asked = reading({}, rest)
    assert asked.keys == (None if keys is None else tuple((key,) for key in keys))
    assert asked.refs() == [EntityRef("Context", (key,)) for key in keys or ()]
    assert reading({}, f"{rest} offset 3").offset == 3
    assert asked.offset == 0


@pytest.mark.parametrize("expression", ["select count(id) from Task", "select name from Task group by name"])
def test_what_no_entities_answer(expression: str) -> None:
    assert tree_of(parse(expression), CATALOGUE) is None


@given(trees(), st.lists(st.sampled_from("abc"), min_size=1, unique=True))
def test_a_question_for_ids_is_read_as_one(tree: Tree, identities: list[str]) -> None:
    query = parse(canonical(by_id("Task", "id", identities, tree)))
    shown = tree_of(query, CATALOGUE)
    assert shown is not None
    found = reading_of(query, shown, CATALOGUE)
    assert {key for (key,) in found.keys or ()} == set(identities)
    assert projections_of(found.tree) == projections_of(reading_of_tree(tree))


def reading_of_tree(tree: Tree) -> Tree:
    return reading(tree or {"id": {}}).tree
