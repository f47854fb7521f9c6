"""Which rows a query names, in any spelling; anything else names none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.language.parser import parse
from ftrack_proxy.language.syntax import Text
from ftrack_proxy.queries.row_keys import Key, is_plain_id, row_keys
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.loader import load_catalogue
from tests.test_entities.production import CATALOGUE
from tests.test_schema.documents import schema


def keys(expression: str, catalogue: Catalogue = CATALOGUE) -> tuple[Key, ...] | None:
    return row_keys(parse(expression), catalogue)


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("id is a", "a"),
        ("id = 'a'", "a"),
        ('id in ("b", "a", "b")', "ba"),
        ("id is b or id is a", "ba"),
        ("id is b or id in (c, a) or id is b", "bca"),
        ("(id is b or (id is a))", "ba"),
    ],
)
def test_spellings_of_ids(criteria: str, found: str) -> None:
    assert keys(f"Task where {criteria}") == tuple((key,) for key in found)


@pytest.mark.parametrize(
    "criteria",
    [
        "name is a", "id is_not a", "id like 'a%'", "id in (A, b)", "id is A", "id is none", "id in (none)", "id is ''",
        "id not_in (a)", "not id is a", "id in (select context_id from Timelog)", "id is a and name is b",
        "id is a and id is b", "id is a or name is b", "parent.id is a", "parent.id in (a)", "id[Task] is a",
        "id in (a, 'b ')", "id is '\u00e9'", f"id is {'a' * 65}", "children any (id is a)", "id has ()",
        "name in (a)", "(id is a or id is b) and id is a",
    ],
)  # fmt: skip
def test_what_names_no_rows(criteria: str) -> None:
    assert keys(f"Task where {criteria}") is None


def test_a_query_without_criteria_names_no_rows() -> None:
    assert keys("Task") is None


@pytest.mark.parametrize(
    ("criteria", "found"),
    [
        ("parent_id is p and key is k", (("p", "k"),)),
        ("key is k and parent_id is p", (("p", "k"),)),
        ("(key is k and parent_id is p) or (parent_id is q and key is k)", (("p", "k"), ("q", "k"))),
        ("parent_id is p", None),
        ("parent_id is p and key in (k)", None),
        ("parent_id is p and key is k and value is v", None),
        ("parent_id is p and parent_id is p", None),
        ("parent_id in (p)", None),
        ("parent_id is p or (parent_id is p and key is k)", None),
        ("parent_id is p and not key is k", None),
    ],
)
def test_a_key_of_several_parts_is_named_in_full(criteria: str, found: tuple[Key, ...] | None) -> None:
    assert keys(f"Metadata where {criteria}") == found


def test_rows_without_a_key_cannot_be_named() -> None:
    catalogue = load_catalogue([schema("Log", "id text", key="")])
    assert keys("Log where id is a", catalogue) is None


@given(st.text(max_size=70), st.booleans())
def test_a_plain_id_is_compared_as_it_is_written(value: str, quoted: bool) -> None:
    """However a database compares: nothing in it has another case, an accent, or blanks around it."""
    if is_plain_id(Text(value, quoted)):
        assert value == value.casefold() == value.strip()
        assert value.isascii()
        assert 0 < len(value) < 65
        assert "%" not in value
