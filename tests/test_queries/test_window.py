"""Windows against slices."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.entities.entity_store import EntityRef, ListSegment
from ftrack_proxy.language.parser import parse
from ftrack_proxy.protocol.responses import query_entry
from ftrack_proxy.queries.window import window_of
from tests.test_entities.production import validity

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
    asked = parse(f"Task{window(offset, limit)}")
    first, last = offset or 0, total if limit is None else (offset or 0) + limit
    expected = whole[first:last]
    segment = ListSegment(begin, tuple(EntityRef("Context", (str(row),)) for row in known), ended, validity(1))
    try:
        rows, following = window_of(asked, known, offset=begin, ended=ended)
    except LookupError:
        assert not segment.covers(asked)
        assert first < begin or (not ended and last > begin + count) or (limit is None and not ended) or first > total
        return
    assert segment.covers(asked)
    assert [ref.key for ref in segment.window(asked)[0]] == [(str(row),) for row in rows]
    assert tuple(rows) == expected
    more = bool(limit) and last < total
    assert following == (last if more else None)


@given(st.lists(st.integers(), max_size=10), st.integers(1, 4))
def test_pages_together_are_the_list(rows: list[int], limit: int) -> None:
    """As clients page: from each page to the offset that it names."""
    found: list[int] = []
    offset: int | None = 0
    while offset is not None:
        page, offset = window_of(parse(f"Task offset {offset} limit {limit}"), rows, offset=0, ended=True)
        entry = query_entry(page, offset)
        found += entry["data"]
        assert entry["metadata"]["next"]["offset"] == offset
    assert found == rows


def test_a_full_page_of_an_open_list_has_a_next() -> None:
    asked = parse("Task limit 2")
    assert window_of(asked, "ab", offset=0, ended=False) == ("ab", 2)
    assert window_of(asked, "ab", offset=0, ended=True) == ("ab", None)
    assert window_of(asked, "abc", offset=0, ended=False) == ("ab", 2)
