from __future__ import annotations

from contextlib import suppress
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import MAXIMUM_DEPTH, NotUnderstood, is_volatile, parse
from ftrack_proxy.language.syntax import (
    Aggregate,
    And,
    Comparison,
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
from tests.steps import calls_of
from tests.test_language.test_forms import FORMS


def path(text: str) -> Path:
    return Path(tuple(Step(name) for name in text.split(".")))


def comparison(name: str, value: str, *, quoted: bool = False) -> Comparison:
    return Comparison(path(name), "is", Text(value, quoted))


def test_a_bare_type_has_no_select_clause() -> None:
    assert parse("Project") == Query("Project")


def test_all_clauses() -> None:
    query = parse('SELECT id, status.name FROM Task WHERE name IS "a" ORDER BY name DESC, id LIMIT 5 OFFSET 2')
    assert query == Query(
        "Task",
        projections=(path("id"), path("status.name")),
        criteria=comparison("name", "a", quoted=True),
        order=(Order(path("name"), True), Order(path("id"))),
        offset=2,
        limit=5,
    )


def test_positions_point_into_the_text_and_do_not_make_a_difference() -> None:
    one = parse("Task where name is x")
    two = parse("  Task   where   name = x  ")
    assert one == two
    assert hash(one) == hash(two)
    assert two.position == 2
    assert isinstance(two.criteria, Comparison)
    assert two.criteria.position == 17
    assert two.criteria.value.position == 24


def test_order_may_follow_the_window() -> None:
    assert parse("User limit 1 offset 2 order by name") == parse("User order by name offset 2 limit 1")


def test_and_binds_tighter_than_or() -> None:
    a, b, c = comparison("a", "1"), comparison("b", "2"), comparison("c", "3")
    assert parse("T where a is 1 or b is 2 and c is 3").criteria == Or((a, And((b, c))))
    assert parse("T where (a is 1 or b is 2) and c is 3").criteria == And((Or((a, b)), c))
    assert parse("T where not a is 1 and b is 2").criteria == And((Not(a), b))
    assert parse("T where not not a is 1").criteria == Not(Not(a))


@pytest.mark.parametrize(
    ("sign", "operator"),
    [
        ("=", "is"),
        ("!=", "is_not"),
        (">", ">"),
        ("after", ">"),
        ("greater_than", ">"),
        ("<", "<"),
        ("before", "<"),
        ("less_than", "<"),
        (">=", ">="),
        ("<=", "<="),
        ("like", "like"),
        ("NOT_LIKE", "not_like"),
    ],
)
def test_operators_have_one_spelling_each(sign: str, operator: str) -> None:
    criteria = parse(f"T where a {sign} 3").criteria
    assert isinstance(criteria, Comparison)
    assert criteria.operator == operator


def test_keywords_are_attributes_and_values_by_position() -> None:
    query = parse("select from, to, group, order from T where group is where and in in (and, or) group by limit")
    assert query.projections == (path("from"), path("to"), path("group"), path("order"))
    assert query.criteria == And(
        (comparison("group", "where"), InClause(path("in"), False, (Text("and", False), Text("or", False))))
    )
    assert query.group_by == (path("limit"),)
    assert parse("T where a in (select, b)").criteria == InClause(
        path("a"), False, (Text("select", False), Text("b", False))
    )
    assert parse("T where a in (select)").criteria == InClause(path("a"), False, (Text("select", False),))
    assert parse("T order by order desc").order == (Order(path("order"), True),)


def test_words_of_the_tail_inside_quotes_stay_there() -> None:
    query = parse('T where a is "x limit 5" and b is " where order by (" limit 2')
    assert query.limit == 2
    assert query.criteria == And(
        (comparison("a", "x limit 5", quoted=True), comparison("b", " where order by (", quoted=True))
    )


def test_casts() -> None:
    query = parse("select a[Shot].b.c[Task].d from T where e.f[Folder] has (g is 1)")
    assert query.projections == (Path((Step("a", "Shot"), Step("b"), Step("c", "Task"), Step("d"))),)
    assert str(query.projections[0]) == "a[Shot].b.c[Task].d"
    assert query.criteria == Quantified(Path((Step("e"), Step("f", "Folder"))), "has", comparison("g", "1"))


def test_quantifiers_may_be_empty() -> None:
    assert parse("T where a any ( )").criteria == Quantified(path("a"), "any")
    assert parse("T where a.b has(c any())").criteria == Quantified(path("a.b"), "has", Quantified(path("c"), "any"))


def test_subqueries() -> None:
    query = parse("T where a not_in (select b from S where c is 1 order by d limit 2) and e is 3")
    inner = Query("S", (path("b"),), comparison("c", "1"), (), (Order(path("d")),), None, 2)
    assert query.criteria == And((InClause(path("a"), True, (), inner), comparison("e", "3")))


@pytest.mark.parametrize("words", ["not in", "NOT  In", "not\n\tin"])
def test_not_in_may_be_two_words(words: str) -> None:
    assert parse(f"T where a {words} (b, c)") == parse("T where a not_in (b, c)")
    assert parse(f"T where a {words}(select b from S)") == parse("T where a not_in (select b from S)")
    assert parse(f"T where not a.in {words} (in)") == parse("T where not a.in not_in (in)")


def test_aggregates() -> None:
    query = parse("select COUNT( id ), max(bid), count from Task group by project_id, status.name")
    assert query.projections == (
        Aggregate("count", path("id")),
        Aggregate("max", path("bid")),
        path("count"),
    )
    assert query.group_by == (path("project_id"), path("status.name"))


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (r'"a\"b"', 'a"b'),
        (r"'a\'b'", "a'b"),
        (r'"a\%b"', r"a\%b"),
        (r'"c:\\dir\file"', r"c:\\dir\file"),
        ('"it\'s"', "it's"),
        ("''", ""),
        ('"a\nb"', "a\nb"),
    ],
)
def test_only_the_own_quote_is_unescaped(written: str, value: str) -> None:
    criteria = parse(f"T where a is {written}").criteria
    assert isinstance(criteria, Comparison)
    assert criteria.value == Text(value, True)


def test_null_is_unquoted() -> None:
    assert Text("none", False).is_null
    assert Text("None", False).is_null
    assert not Text("none", True).is_null


@pytest.mark.parametrize(
    "expression",
    [
        "",
        "   ",
        "where a is b",
        "select from T",
        "select a, from T",
        "select a T",
        "select a from",
        "select count(a from T",
        "T where",
        "T where a",
        "T where a is",
        "T where a is not b",
        "T where a is not",
        "T where a b c",
        "T where a ( b )",
        'T where a "b"',
        "T where (a is b",
        "T where a is b)",
        "T where a is b or",
        "T where a in b",
        "T where a not in b",
        "T where a not in ()",
        "T where not in (b)",
        "T where a not (b)",
        "T where a not not in (b)",
        "T where a not 'in' (b)",
        "T where a not not_in (b)",
        "T where a not like b",
        "T where a not is b",
        "T where a not any (b is c)",
        "T where a in ()",
        "T where a in (b,)",
        "T where a in (b c)",
        "T where a in (select b from S",
        "T where a in (select b, c from S)",
        "T where a in (S where b is c)",
        "T where a has b",
        "T where a has (b is c",
        "T where a..b is c",
        "T where .a is c",
        "T where a[B is c",
        "T where a[].b is c",
        "T where a[B]. is c",
        "T where a[B]b is c",
        "T where 'a' is c",
        'T where a is "b',
        "T where a is O'Brien",
        r'T where a is "b\\"',
        r'T where a is "b\\\"c"',
        r"""T where a is "b\'c" """,
        r"""T where a is 'b\"c' """,
        "T where a is b;c",
        "T where a is b! = c",
        "T limit",
        "T limit x",
        "T limit -1",
        "T limit 1 limit 2",
        "T offset 1 offset 2",
        "T limit 9999999999999999999",
        "T limit \u0663",
        "T order by",
        "T order name",
        "T order by name order by name",
        "T group name",
        "T limit 1 where a is b",
        "T\u00a0where a is b",
        "T-1",
        "select * from T",
        "T where a is b c is d",
        "T where a is {b}",
        "T where a between 1 and 2",
    ],
)
def test_what_is_not_in_the_grammar_is_not_understood(expression: str) -> None:
    with pytest.raises(NotUnderstood) as caught:
        parse(expression)
    assert 0 <= caught.value.position <= len(expression)
    assert caught.value.problem
    assert caught.value.problem in str(caught.value)


@pytest.mark.parametrize(
    ("opening", "closing"),
    [("(", ")"), ("not ", ""), ("x any (", ")"), ("not (", ")"), ("x in (select y from T where ", ")")],
)
def test_nesting_is_bounded(opening: str, closing: str) -> None:
    def nested(depth: int) -> str:
        return "T where " + opening * depth + "a is b" + closing * depth

    parse(nested(25))
    for depth in (MAXIMUM_DEPTH + 2, 5000):
        with pytest.raises(NotUnderstood, match="deeply"):
            parse(nested(depth))


def test_the_deepest_tree_can_be_compared_hashed_and_written() -> None:
    text = "T where " + "(not x any (" * 20 + "a is b" + "))" * 20
    assert hash(parse(text)) == hash(parse(text))
    assert parse(text) == parse(text)
    assert canonical(parse(canonical(parse(text)))) == canonical(parse(text))


def test_long_chains_and_lists_take_linear_time() -> None:
    key = "8f1a3c2e-0000-4111-8222-333344445555"

    def listed(count: int) -> str:
        return f"select name from Task where id in ({','.join([key] * count)}) offset 0 limit 500"

    def chained(count: int) -> str:
        return "Task where " + " or ".join([f"id is {key}"] * count)

    def unended(count: int) -> str:
        return 'Task where name is "' + "\\a" * count

    for text, size in ((listed, 15_000), (chained, 10_000), (unended, 200_000)):
        short, long = (calls_of(partial(_tried, text(count))) for count in (size // 4, size))
        assert long < 4.1 * short, text
    query = parse(listed(15_000))
    assert isinstance(query.criteria, InClause)
    assert len(query.criteria.values) == 15000


def _tried(text: str) -> None:
    with suppress(NotUnderstood):
        parse(text)


@pytest.mark.parametrize(
    "word",
    ["CURRENT_USER_ID", "CURRENT_USERNAME", "THIS_WEEK", "LAST_7_DAYS", "TODAY", "now", "this_week", "ME", "STORAGE"],
)
def test_words_that_may_be_variables(word: str) -> None:
    assert is_volatile(word)
    assert parse(f"T where a is {word}").volatile
    assert parse(f"T where a in (x, {word})").volatile
    assert not parse(f'T where a is "{word}"').volatile


@pytest.mark.parametrize(
    "word",
    ["DONE", "NOT_STARTED", "NONE", "TRUE", "True", "none", "SH010", "A", "main", "3", "London", "AB-12", "thing"],
)
def test_words_that_are_plain_values(word: str) -> None:
    assert not is_volatile(word)


def test_volatile_words_below_and_after_a_subquery_count() -> None:
    inner = parse("T where a in (select b from S where c is THIS_WEEK)")
    assert inner.volatile
    assert isinstance(inner.criteria, InClause)
    assert inner.criteria.subquery is not None
    assert inner.criteria.subquery.volatile
    outer = parse("T where d is THIS_WEEK and a in (select b from S where c is x)")
    assert outer.volatile
    assert isinstance(outer.criteria, And)
    membership = outer.criteria.terms[1]
    assert isinstance(membership, InClause)
    assert membership.subquery is not None
    assert not membership.subquery.volatile


PIECES = st.sampled_from(
    [
        *"()[],=<>\"'\\. \n",
        "!=",
        ">=",
        " select ",
        " from ",
        " where ",
        " and ",
        " or ",
        " not ",
        " in ",
        " not in (",
        " is ",
        " any (",
        " has ()",
        " order by ",
        " group by ",
        " limit ",
        " offset ",
        "count(",
        " a.b ",
        " Task ",
        '"x y"',
        " 12 ",
        " desc ",
    ]
)


def parsed(expression: str) -> Query | None:
    """The query, or None if it is not understood; a problem lies inside the text."""
    try:
        return parse(expression)
    except NotUnderstood as problem:
        position = problem.position
    assert 0 <= position <= len(expression)
    return None


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.text(max_size=80), st.lists(PIECES, max_size=40).map("".join)))
def test_no_text_raises_anything_else(text: str) -> None:
    for expression in (text, f"Task where {text}", f"select a from Task where b is 1 {text}"):
        query = parsed(expression)
        if query is not None:
            written = canonical(query)
            assert canonical(parse(written)) == written


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(FORMS), st.data())
def test_damaged_real_forms_raise_nothing_else(form: tuple[str, str], data: st.DataObject) -> None:
    expression = form[1]
    at = data.draw(st.integers(0, len(expression)))
    cut = data.draw(st.integers(0, 6))
    damaged = expression[:at] + data.draw(st.text(max_size=3)) + expression[at + cut :]
    parsed(damaged)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_characters="\\"), max_size=20))
def test_any_value_survives_its_canonical_form(value: str) -> None:
    quoted = '"' + value.replace('"', '\\"') + '"'
    query = parse(f"T where a is {quoted}")
    assert query.criteria == comparison("a", value, quoted=True)
    assert parse(canonical(query)) == query
