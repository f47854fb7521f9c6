"""Looking a value up in a long list gives the same truth as comparing it with each value."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.changes.change import UNKNOWN
from ftrack_proxy.judging.evaluate import evaluate
from ftrack_proxy.judging.row_facts import RowFacts
from ftrack_proxy.language.parser import parse
from ftrack_proxy.language.syntax import And, Comparison, Criteria, InClause, Not, Or, Path, Step, Text
from ftrack_proxy.queries.value_sets import ListedValues, Undecided, prepared
from tests.test_judging.cases import catalogue

TYPES = frozenset({"Task"})
PROJECT = ("P1", "Context")

TEXTS = st.sampled_from(
    ["", "a", "A", " a", "a ", "b", "ä", "7", "07", "7.0", "7.00001", "1e3", "1000", "true", "True", "0", "False",
     "x\\y", "1_0", "inf", "none", "S1", "s1", "P1", "p1", "Q1", "-1.5", "999999.5", "1000000"]
)  # fmt: skip
VALUES = st.builds(Text, TEXTS, st.booleans())
# Text, number, boolean, a key by which an entity stands below another, a date, ids above.
PATHS = st.sampled_from(
    ["name", "bid", "is_open", "parent_id", "id", "start_date", "parent.id", "ancestors.id", "type"]
)
KNOWN = st.one_of(st.none(), st.just(UNKNOWN), st.just(""), TEXTS, st.integers(-2, 8), st.floats(), st.booleans())
PLACES = st.sampled_from([(), (("S1", "Context"), PROJECT), (("ä", "Context"), ("Q1", "Context"), PROJECT)])


@st.composite
def facts(draw: st.DrawFn) -> RowFacts:
    values: dict[str, Any] = {}
    for name in ("name", "bid", "is_open", "start_date", "type"):
        known = draw(KNOWN)
        if known is not UNKNOWN:
            values[name] = known
    return RowFacts("Context", draw(st.sampled_from([None, "a", "S1"])), values, draw(PLACES))


def path(text: str) -> Path:
    return Path(tuple(map(Step, text.split("."))))


def each(compared: Path, values: list[Text], *, negated: bool) -> Criteria:
    """One comparison for each value."""
    if negated:
        return And(tuple(Comparison(compared, "is_not", value) for value in values))
    return Or(tuple(Comparison(compared, "is", value) for value in values))


def one_by_one(criteria: Criteria, known: RowFacts, *, inverted: bool) -> object:
    """Evaluated as it is written: lists of comparisons are not joined unless they are prepared."""
    return evaluate(criteria, known, TYPES, catalogue(), inverted=inverted)


@settings(deadline=None, max_examples=600)
@given(PATHS, st.lists(VALUES, min_size=1, max_size=5), facts(), st.booleans(), st.booleans())
def test_looking_up_is_comparing_with_each(
    name: str, values: list[Text], known: RowFacts, negated: bool, inverted: bool
) -> None:
    compared = path(name)
    listed = prepared(InClause(compared, negated, tuple(values)))
    assert isinstance(listed, Undecided if any(value.is_null for value in values) else ListedValues)
    found = evaluate(listed, known, TYPES, catalogue(), inverted=inverted)
    written_out = each(compared, values, negated=negated)
    if not any(value.is_null for value in values):
        assert found is one_by_one(written_out, known, inverted=inverted)
    joined = prepared(written_out)
    assert evaluate(joined, known, TYPES, catalogue(), inverted=inverted) is one_by_one(
        written_out, known, inverted=inverted
    )
    assert evaluate(prepared(Not(written_out)), known, TYPES, catalogue()) is one_by_one(
        Not(written_out), known, inverted=False
    )


def test_chains_of_one_path_are_one_list() -> None:
    query = parse("select id from Task where name is a or bid is 3 or name is b or (parent_id is x and name is c)")
    assert query.criteria is not None
    found = prepared(query.criteria)
    lists = [term for term in getattr(found, "terms", ()) if isinstance(term, ListedValues)]
    assert [str(one.path) for one in lists] == ["name"]
    only = parse("select id from Task where name is_not a and name is_not b").criteria
    assert only is not None
    assert isinstance(prepared(only), ListedValues)


def test_ancestors_in_a_list_are_looked_up() -> None:
    for text in ('ancestors any (id in ("S1", "S2"))', 'ancestors.id in ("S1", "S2")'):
        criteria = parse(f"select id from Task where {text}").criteria
        assert criteria is not None
        below, elsewhere = (RowFacts("Context", "T", {}, ((above, "Context"), PROJECT)) for above in ("S2", "S3"))
        assert isinstance(prepared(criteria), ListedValues)
        assert evaluate(prepared(criteria), below, TYPES, catalogue()).value == "true"
        assert evaluate(prepared(criteria), elsewhere, TYPES, catalogue()).value == "false"
