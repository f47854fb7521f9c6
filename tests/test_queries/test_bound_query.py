"""What a bound query says of its rows: which it names, or which list it looks at."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.queries.projection_tree import projections_of
from ftrack_proxy.queries.row_keys import query_for_rows
from tests.test_entities.production import CATALOGUE, Tree, showing, trees
from tests.test_judging.cases import bind, bound


def test_a_list_has_one_name_whatever_is_shown_of_it() -> None:
    names = {
        showing(tree, f"Task where name is x and bid > 3 order by name{rest}").list_name
        for tree in ({"name": {}}, {"parent": {"name": {}}})
        for rest in ("", " limit 3", " offset 2 limit 5")
    }
    assert len(names) == 1
    assert names == {showing({}, "Task where bid > 3 and name = x order by name").list_name}
    assert names != {showing({}, "Task where name is x and bid > 3").list_name}
    assert names != {showing({}, "Shot where name is x and bid > 3 order by name").list_name}


@pytest.mark.parametrize(
    ("rest", "keys"),
    [
        ("Task where id in (a, b)", ["a", "b"]),
        ("Task where id is a order by name", ["a"]),
        ("Task where id in (a, b) order by name", None),
        ("Task where id in (a, b) limit 2", ["a", "b"]),
        ("Task where id in (a, b) limit 1", None),
        ("Task where id in (a, b) offset 1", None),
        ("Task where name is a", None),
        ("Task", None),
        (f"Task where id in ({', '.join(f'a{n}' for n in range(1_001))})", None),
    ],
)
def test_rows_that_a_query_names(rest: str, keys: list[str] | None) -> None:
    asked = showing({}, rest)
    assert asked.row_keys == (None if keys is None else tuple((key,) for key in keys))
    assert bool(asked.list_name) == (keys is None)
    assert asked.shape.key_space == "Context"


@pytest.mark.parametrize("expression", ["select count(id) from Task", "select name from Task group by name"])
def test_what_no_entities_answer(expression: str) -> None:
    found = bound(expression)
    assert (found.tree, found.row_keys, found.list_name) == (None, None, "")


@given(trees(), st.lists(st.sampled_from("abc"), min_size=1, unique=True))
def test_a_question_for_ids_names_them(tree: Tree, identities: list[str]) -> None:
    found = bind(canonical(query_for_rows("Task", "id", identities, tree)), CATALOGUE)
    assert found.tree is not None
    assert {key for (key,) in found.row_keys or ()} == set(identities)
    assert projections_of(found.tree) == projections_of(showing(tree or {"id": {}}).tree or {})
