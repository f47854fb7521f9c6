from __future__ import annotations

import pytest

from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import parse

U = "8f1a3c2e-0000-4111-8222-333344445555"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select b, a, b from T", "SELECT a,b FROM T"),
        ("T where a=1", "T  where\n a is 1"),
        ("T where a in (y, x, x)", "T where a in (x,y)"),
        ("T where a not in (y, x)", "T where a not_in (x,y)"),
        ("T where b is 1 and a not in (select c from S)", "T where a not_in (select c from S) and b = 1"),
        (f"T where id is {U}", f"T where id = '{U}'"),
        ("T where (a is 1 and b is 2) and c is 3", "T where a is 1 and (b is 2 and c is 3)"),
        ("T where (a is 1)", "T where a is 1"),
        ("T limit 5 offset 2", "T offset 2 limit 5"),
        ("T order by a ascending", "T order by a"),
    ],
)
def test_spellings_of_one_query_have_one_form(one: str, other: str) -> None:
    assert canonical(parse(one)) == canonical(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("T where a is none", 'T where a is "none"'),
        ("T where a is 1 and (b is 2 or c is 3)", "T where a is 1 and b is 2 or c is 3"),
        ("T where not (a is 1 and b is 2)", "T where not a is 1 and b is 2"),
        ("T where a has (b is 1)", "T where a any (b is 1)"),
        ("T where a in (b)", "T where a not_in (b)"),
        ("T order by a", "T order by a desc"),
        ("T limit 1", "T"),
        ("select count(a) from T group by b", "select a from T group by b"),
    ],
)
def test_different_queries_have_different_forms(one: str, other: str) -> None:
    assert canonical(parse(one)) != canonical(parse(other))


def test_the_window_is_not_part_of_the_identity() -> None:
    assert canonical(parse("T where a is 1 offset 5 limit 2"), window=False) == "T where a is 1"
    text = "T where a in (select b from S limit 1) limit 2"
    assert canonical(parse(text), window=False) == "T where a in (select b from S limit 1)"
