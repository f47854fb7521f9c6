from __future__ import annotations

import pytest

from ftrack_proxy.language.parser import parse
from ftrack_proxy.language.shape import shape_of


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("T where a is 1", 'T where a is "x"'),
        ("T where a is none", "T where a is x"),
        ("T where a in (x)", "T where a in (x, y, z)"),
        ("T where not a.b any (c like 'x%' or d > 2)", "T where not a.b any (c like 'y' or d > 30)"),
        ("T where a in (select b from S where c is 1 limit 2)", "T where a in (select b from S where c is 2)"),
        ("select a from T limit 1", "select a from T offset 5 limit 10"),
        ("T where a has ()", "T where a has ()"),
    ],
)
def test_values_and_windows_do_not_matter(one: str, other: str) -> None:
    assert shape_of(parse(one)) == shape_of(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("select a from T", "select b from T"),
        ("T where a is 1", "T where b is 1"),
        ("T where a is 1", "T where a is_not 1"),
        ("T where a in (1)", "T where a not_in (1)"),
        ("T where a in (b)", "T where a in (select b from S)"),
        ("T where a is 1 and b is 2", "T where a is 1 or b is 2"),
        ("T where a is 1 order by b", "T where a is 1 order by b desc"),
        ("select count(a) from T group by b", "select count(a) from T group by c"),
        ("T where a is x", "T where a is CURRENT_USER_ID"),
        ("T where a has ()", "T where a any ()"),
        ("T where a has (b is 1)", "T where a has ()"),
    ],
)
def test_everything_else_does(one: str, other: str) -> None:
    assert shape_of(parse(one)) != shape_of(parse(other))
