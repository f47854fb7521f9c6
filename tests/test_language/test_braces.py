"""Projections with braces, against a writer that knows what they stand for."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.language.braces import expand_braces, expand_projections
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import NotUnderstood, parse

BLANKS = st.sampled_from(["", " ", "\n  ", "\t"])
STEMS = st.lists(st.sampled_from(["a", "name", "parent[Shot]", "_link"]), min_size=1, max_size=2)


@dataclass(frozen=True)
class Short:
    """Projections in short writing, and the paths that they stand for."""

    text: str
    paths: tuple[str, ...]


@st.composite
def _braced(draw: st.DrawFn, inner: st.SearchStrategy[Short]) -> Short:
    parts = draw(st.lists(inner, min_size=1, max_size=3))
    blanks = draw(st.lists(BLANKS, min_size=2 * len(parts), max_size=2 * len(parts)))
    listed = ",".join(
        before + part.text + after for part, before, after in zip(parts, blanks[::2], blanks[1::2], strict=True)
    )
    paths = tuple(path for part in parts for path in part.paths)
    stem = ".".join(draw(STEMS)) + "." if draw(st.booleans()) else ""
    tail = draw(st.none() | inner)
    text = f"{stem}{{{listed}}}"
    if tail is None:
        return Short(text, tuple(stem + path for path in paths))
    return Short(f"{text}.{tail.text}", tuple(f"{stem}{path}.{end}" for path in paths for end in tail.paths))


def _plain(names: list[str]) -> Short:
    path = ".".join(names)
    return Short(path, (path,))


SHORT = st.recursive(STEMS.map(_plain), _braced, max_leaves=8)
OTHERS = ["", " where name is x", ' where name is "{a,b}"', " where name is '}{' limit 3", "\norder by name"]


@given(st.lists(SHORT, min_size=1, max_size=3), st.sampled_from(OTHERS))
def test_braces_stand_for_what_is_in_them(shorts: list[Short], after: str) -> None:
    text = f"select {', '.join(short.text for short in shorts)} from Task{after}"
    paths = ", ".join(path for short in shorts for path in short.paths)
    expanded = expand_braces(text)
    assert canonical(parse(expanded)) == canonical(parse(f"select {paths} from Task{after}"))
    assert expanded.endswith(f" from Task{after}")
    assert expand_braces(expanded) == expanded
    if "{" not in text:
        assert expanded == text


@pytest.mark.parametrize(
    ("short", "paths"),
    [
        ("name, parent.{name,type.name}", ["name", "parent.name", "parent.type.name"]),
        ("parent.{id, type.{id, sort}, bid}", ["parent.id", "parent.type.id", "parent.type.sort", "parent.bid"]),
        ("{status,type}.name", ["status.name", "type.name"]),
        ("{status,type}.{id,name}", ["status.id", "status.name", "type.id", "type.name"]),
        ("parent[Shot].{id,children[Task].{name}}", ["parent[Shot].id", "parent[Shot].children[Task].name"]),
        ("{from,to}.name", ["from.name", "to.name"]),
        ("{{name}}", ["name"]),
        ("name, {name,name}", ["name"]),
    ],
)  # fmt: skip
def test_written_out(short: str, paths: list[str]) -> None:
    assert expand_projections(short) == paths


@pytest.mark.parametrize(
    "projections",
    [
        "parent.{name", "parent.{name}}", "parent.name}", "parent{name}", "parent.{}", "parent.{name,}", "{name},",
        "{name} status", "{a}b", "{a}{b}", "{a.{b}", "", "count({id,name})", "parent.{name,,id}", "{a}.", "(name)",
    ],
)  # fmt: skip
def test_what_cannot_be_read_stays_as_it_is(projections: str) -> None:
    with pytest.raises(ValueError):
        expand_projections(projections)
    text = f"select {projections} from Task where name is '{{'"
    assert expand_braces(text) == text


@pytest.mark.parametrize(
    "text",
    [
        'Task where name is "{a,b}"',
        "select {name,id} of Task",
        "selected {name,id} from Task",
        "select{name,id} from Task",
        "Task where id in (select {id} from Task)",
        "select name from Task where note is 'select {a,b} from T'",
        'select count(id) from Task where name is "{"',
    ],
)
def test_only_the_projections_are_looked_at(text: str) -> None:
    assert expand_braces(text) == text


def test_keywords_in_any_case() -> None:
    assert expand_braces("\n SELECT parent.{id,name}\nFROM Task") == "\n SELECT parent.id, parent.name\nFROM Task"


@pytest.mark.parametrize(
    "projections",
    [
        "{" * 25 + "a" + "}" * 25,
        ".".join(["{a,b}"] * 15),
        ".".join(["{" + ",".join(f"a{number}" for number in range(900)) + "}"] * 15),
        ",".join(f"a{number}" for number in range(1_001)),
    ],
)
def test_neither_depth_nor_number_is_without_bounds(projections: str) -> None:
    with pytest.raises(ValueError, match="too"):
        expand_projections(projections)


@given(st.text(alphabet="ab.,{}[] \n\"'(", max_size=30))
def test_any_text_stays_or_loses_its_braces(projections: str) -> None:
    text = f"select {projections} from T"
    expanded = expand_braces(text)
    assert expanded == text or "{" not in expanded[: expanded.index(" from T")]
    try:
        parse(text)
    except NotUnderstood:
        return
    assert parse(expanded) == parse(text)
