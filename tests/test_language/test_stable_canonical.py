"""One form for all spellings: writing a query and reading it again changes nothing, whatever the query."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import parse
from ftrack_proxy.language.syntax import (
    And,
    Comparison,
    Criteria,
    InClause,
    Not,
    Or,
    Order,
    Path,
    Quantified,
    Query,
    Step,
    Text,
)

PATHS = st.builds(
    Path,
    st.lists(
        st.builds(Step, st.sampled_from(["a", "b", "from", "order"]), st.sampled_from([None, None, "Shot"])),
        min_size=1,
        max_size=3,
    ).map(tuple),
)
VALUES = st.builds(Text, st.sampled_from(["x", "none", 'say "x"', "a b", "%{y}", "it's", r"C:\dir"]), st.just(True)) | (
    st.builds(Text, st.sampled_from(["x", "none", "3", "8f1a3c2e-0000-4111-8222-333344445555"]), st.just(False))
)
OPERATORS = st.sampled_from(["is", "is_not", ">", "<", ">=", "<=", "like", "not_like"])


def _nested(inner: st.SearchStrategy[Criteria]) -> st.SearchStrategy[Criteria]:
    terms = st.lists(inner, min_size=2, max_size=3).map(tuple)
    queries = st.builds(Query, st.just("T"), st.tuples(PATHS), st.none() | inner)
    return st.one_of(
        st.builds(And, terms),
        st.builds(Or, terms),
        st.builds(Not, inner),
        st.builds(Quantified, PATHS, st.sampled_from(["has", "any"]), st.none() | inner),
        st.builds(lambda path, negated, query: InClause(path, negated, (), query), PATHS, st.booleans(), queries),
    )


LEAVES: st.SearchStrategy[Criteria] = st.builds(Comparison, PATHS, OPERATORS, VALUES) | st.builds(
    InClause, PATHS, st.booleans(), st.lists(VALUES, min_size=1, max_size=3).map(tuple)
)
CRITERIA = st.recursive(LEAVES, _nested, max_leaves=8)
QUERIES = st.builds(
    Query,
    st.just("Task"),
    st.lists(PATHS, max_size=3).map(tuple),
    st.none() | CRITERIA,
    order=st.lists(st.builds(Order, PATHS, st.booleans()), max_size=2).map(tuple),
    offset=st.none() | st.integers(0, 9),
    limit=st.none() | st.integers(0, 9),
)


@given(QUERIES)
def test_writing_and_reading_changes_nothing(query: Query) -> None:
    text = canonical(query)
    assert canonical(parse(text)) == text


@given(QUERIES, st.sampled_from(["not in", "NOT IN", "Not  in", "not\nin"]))
def test_not_in_as_two_words_is_the_same_query(query: Query, words: str) -> None:
    text = canonical(query)
    assert canonical(parse(text.replace("not_in", words))) == text


@given(st.lists(LEAVES, min_size=3, max_size=3), st.permutations(range(3)), st.sampled_from([And, Or]))
def test_neither_order_nor_nesting_of_what_is_joined_matters(
    terms: list[Criteria], order: list[int], kind: type[And] | type[Or]
) -> None:
    first, second, third = (terms[index] for index in order)
    flat = canonical(Query("T", criteria=kind(tuple(terms))))
    assert canonical(Query("T", criteria=kind((kind((first, second)), third)))) == flat
    assert canonical(Query("T", criteria=kind((third, kind((second, first)))))) == flat
    assert canonical(Query("T", criteria=kind((kind((kind((first, second)), third)), second)))) == flat
