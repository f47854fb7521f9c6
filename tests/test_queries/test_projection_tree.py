"""What a query shows, as a tree, and back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.language.parser import parse
from ftrack_proxy.language.syntax import Path
from ftrack_proxy.queries.projection_tree import Tree, covers, paths_of, projections_of, united
from tests.test_entities.production import CATALOGUE, narrower, trees
from tests.test_judging.cases import bind


def shown(expression: str) -> Tree | None:
    return bind(expression, CATALOGUE).tree


@pytest.mark.parametrize(
    ("expression", "tree"),
    [
        ("select name from Task", {"name": {}}),
        ("select name, status.name, status from Task", {"name": {}, "status": {"name": {}}}),
        ("select status, status.name from Task", {"status": {"name": {}}}),
        ("Task", {"context_type": {}, "id": {}, "name": {}}),
        ("select metadata from Task", {"metadata": {"key": {}, "value": {}}}),
        ("select metadata.value from Task", {"metadata": {"value": {}}}),
        ("select children.status.name from Project", {"children": {"status": {"name": {}}}}),
        ("select children.full_name from Task", {"children": {"full_name": {}}}),
        ("select bid from Context", {"bid": {}}),
        ("select thumbnail_url from Task", {"thumbnail_url": {}}),
    ],
)
def test_trees(expression: str, tree: Tree) -> None:
    assert shown(expression) == tree


@pytest.mark.parametrize(
    "expression",
    [
        "select count(id) from Task",
        "select name, max(bid) from Task",
        "select name from Task group by name",
        "select parent[Shot].name from Task",
        "select thumbnail_url.url from Task",
        "select component_locations.url.value from Component",
        "select custom_attribute_links.to_id from Task",
        "select custom_attribute_links from Task",
        "select parent.custom_attribute_links_from.from_id from Task",
        "select to_id from ContextCustomAttributeLink",
        "select category.name from Note",
        "select category from Note",
        "select note_label_links.label.name from Note",
        "select name from NoteLabel where id is x",
        "select name from NoteCategory",
    ],
)
def test_what_is_not_made_of_entities(expression: str) -> None:
    assert shown(expression) is None


@given(trees())
def test_a_tree_and_its_projections_are_the_same(tree: Tree) -> None:
    paths = paths_of(tree)
    assert paths == sorted(set(paths))
    if paths:
        query = parse(f"select {', '.join(paths)} from Task")
        assert query.projections == projections_of(tree)
        found = shown(f"select {', '.join(paths)} from Task")
        assert found is not None
        assert covers(found, tree)
        assert all(isinstance(path, Path) for path in query.projections)
    else:
        assert tree == {}


@given(st.lists(trees(), max_size=3))
def test_together_trees_show_what_each_does_and_no_more(several: list[Tree]) -> None:
    together = united(several)
    assert all(covers(together, tree) for tree in several)
    for path in _all_paths(together):
        assert any(path in _all_paths(tree) for tree in several)
    assert united([together, *several]) == together
    assert united(reversed(several)) == together


@given(st.data(), trees())
def test_a_tree_covers_its_parts(data: st.DataObject, tree: Tree) -> None:
    part = data.draw(narrower(tree))
    assert covers(tree, part)
    assert covers(part, tree) == (part == tree)


def _all_paths(tree: Tree) -> set[tuple[str, ...]]:
    return {(name, *rest) for name, below in tree.items() for rest in ((), *_all_paths(below))}
