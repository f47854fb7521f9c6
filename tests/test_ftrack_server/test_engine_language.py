"""Every form of expression that public programs send, and those that are wrong."""

from __future__ import annotations

from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ftrack_server.language import Literal, ParseError, Select, Some, Step, Test, parse
from tests.steps import calls_of

from .engine_stage import Stage
from .forms import FOREIGN, FORMS


@pytest.mark.parametrize("expression", [*FORMS, *FOREIGN])
def test_form_is_understood(expression: str) -> None:
    assert parse(expression).entity_type


@pytest.mark.parametrize("expression", FORMS)
def test_form_is_answered(expression: str, shared: Stage) -> None:
    assert isinstance(shared.ask(expression), list)


@pytest.mark.parametrize("expression", FOREIGN)
def test_what_the_schema_lacks_is_an_error(expression: str, shared: Stage) -> None:
    assert shared.refused_query(expression).exception == "QueryError"


@pytest.mark.parametrize(
    "expression",
    [
        "", "select", "select id", "select id from", "Task where", "Task where id", "Task where id is", "Task where (",
        "Task where (id is a", "Task where id is a)", "Task where id in a", "Task where id in (a", "Task limit x",
        'Task where name is "x', "Task where name is a b", "Task order name", "Task where not", "select id, from Task",
        "Task where a..b is 1", "Task where .a is 1", "Task where parent[Shot has ()", "Task where name any", '"Task"',
        "Task where and id is a", "Task where id is a and", "Task offset", "Task where id is not a",
        "Task where a[is 1",
    ],
)  # fmt: skip
def test_not_of_the_language(expression: str, shared: Stage) -> None:
    with pytest.raises(ParseError):
        parse(expression)
    assert shared.refused_query(expression).exception == "ParseError"


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ("Nothing", "No entity type 'Nothing'"),
        ("select nothing from Task", "No attribute 'nothing' on Task"),
        ("Task where nothing is 1", "No attribute 'nothing' on Task"),
        ("Task where parent.nothing is 1", "No attribute 'nothing' on Context"),
        ("Task order by nothing", "No attribute 'nothing' on Task"),
        ("Task where project has (nothing is 1)", "No attribute 'nothing' on Project"),
        ("Task where parent[Nothing] has ()", "No entity type 'Nothing'"),
        ("Task where id in (select nothing from Shot)", "No attribute 'nothing' on Shot"),
        ("Task where name has ()", "'name' of Task is not a relation"),
        ("Task where name.length is 1", "'name' of Task is not a relation"),
        ("select custom_attribute_links from Task", "'custom_attribute_links' cannot be projected"),
        ("select parent.custom_attribute_links from Task", "'custom_attribute_links' cannot be projected"),
        ("select project.custom_attribute_links_from from Task", "'custom_attribute_links_from' cannot be projected"),
    ],
)
def test_what_does_not_exist_is_named(expression: str, text: str, shared: Stage) -> None:
    assert shared.refused_query(expression).content == text


def test_nonsense_is_refused_even_if_no_row_is_looked_at(shared: Stage) -> None:
    assert shared.refused_query("Timer where nothing is 1").exception == "QueryError"


def test_blanks_and_newlines_mean_nothing() -> None:
    tight = parse('select id,name from Task where (name="x"and id in(a,b))order by name desc,id offset 1 limit 2')
    wide = parse('\n\tselect id ,\n name\r\nfrom  Task where ( name = "x" and id in ( a , b ) )\n'
                 "order   by name\tdesc , id\n\noffset 1\nlimit 2\n ")  # fmt: skip
    assert tight == wide


def test_keywords_are_attributes_where_an_attribute_stands() -> None:
    select = parse(
        "select from, to, default, group from Membership where group is from and from is to order by to desc"
    )
    assert select.projections == ((Step("from"),), (Step("to"),), (Step("default"),), (Step("group"),))
    assert select.where.parts[0] == Test((Step("group"),), "is", Literal("from", False))
    assert select.order == (((Step("to"),), True),)


def test_and_binds_closer_than_or() -> None:
    assert parse("T where a is 1 or b is 2 and c is 3") == parse("T where a is 1 or (b is 2 and c is 3)")
    assert parse("T where a is 1 or b is 2 and c is 3") != parse("T where (a is 1 or b is 2) and c is 3")


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        (r'"say \"x\""', 'say "x"'),
        (r"'it\'s'", "it's"),
        ('"it\'s"', "it's"),
        (r'"50\% off"', r"50\% off"),
        ('"a, b (c) and d"', "a, b (c) and d"),
        ('""', ""),
        ('"two\nlines"', "two\nlines"),
    ],
)
def test_quoted_text(written: str, meant: str) -> None:
    assert parse(f"Task where name is {written}").where.value == Literal(meant, True)


@pytest.mark.parametrize(("written", "is_null"), [("none", True), ("None", True), ('"none"', False), ("NONE", False)])
def test_null_is_not_quoted(written: str, is_null: bool) -> None:
    assert parse(f"Task where name is {written}").where.value.is_null is is_null


@pytest.mark.parametrize(
    "word", ["and", "or", "2031-05-04T10:00:00+02:00", "-1.5", "a:b", "x@y.z", "%x%", "in", "ähre"]
)
def test_bare_words(word: str) -> None:
    assert parse(f"Task where name is {word}").where.value == Literal(word, False)


def test_casts_stand_anywhere_on_a_path() -> None:
    where = parse("Project where allocations.resource[Group].memberships any (user.username is bo)").where
    assert where.path == (Step("allocations"), Step("resource", "Group"), Step("memberships"))
    nested = parse("T where parent[TypedContext] has (name is b and parent[Folder] has (name is a))").where
    assert nested.path == (Step("parent", "TypedContext"),)
    assert nested.inner.parts[1].path == (Step("parent", "Folder"),)


def test_tests_without_criteria() -> None:
    assert parse("User where timelogs any ()").where == Some((Step("timelogs"),), None)
    assert parse("Note where in_reply_to has ( )").where == Some((Step("in_reply_to"),), None)


def test_selects_nest() -> None:
    inner = parse("T where a in (select b from U where c not_in (select d from V where e is 1))").where.value
    assert isinstance(inner, Select)
    assert isinstance(inner.where.value, Select)
    assert inner.where.value.entity_type == "V"


def test_not_in_may_be_two_words() -> None:
    assert parse("T where a NOT in (b, 'c')") == parse("T where a not_in (b, 'c')")
    assert parse("T where not a not in (select b from U)") == parse("T where not a not_in (select b from U)")
    for wrong in ("T where a not like b", "T where a not is b", "T where a not (b)", "T where a not in b"):
        with pytest.raises(ParseError):
            parse(wrong)


_LISTS = st.sampled_from(
    [
        "status.name {} ('Omitted', 'In Progress')", "status.name {} (none)", "parent.name {} (sh010, 'x')",
        "id {} (select context_id from Appointment)", "assignments.resource.username {} (ana, bo)", "bid {} (0, 4)",
    ]
)  # fmt: skip


@given(
    st.lists(_LISTS, min_size=1, max_size=3), st.sampled_from([" and ", " or "]), st.sampled_from(["not in", "NOT\nIn"])
)
def test_not_in_as_two_words_finds_the_same(shared: Stage, conditions: list[str], connective: str, words: str) -> None:
    query = f"Task where {connective.join(conditions)} order by id"
    filled = len(conditions)
    assert shared.ids(query.format(*[words] * filled)) == shared.ids(query.format(*["not_in"] * filled))


def test_empty_list_has_no_members(shared: Stage) -> None:
    assert shared.ask("Task where name in ()") == []
    assert shared.count("Task where name not_in ()") == shared.count("Task")


def test_long_lists_take_no_time(shared: Stage) -> None:
    """Ten times as long, ten times the work."""

    def listed(count: int) -> str:
        return ",".join(f'"{identity}"' for identity in (*shared.made.tasks, *(f"{n:036}" for n in range(count))))

    assert len(listed(1_450)) > 55_000
    for form in ("Task where id in ({})", "Task where name is x or description in ({})"):
        short, long = (calls_of(partial(shared.ask, form.format(listed(count)))) for count in (145, 1_450))
        assert long < 10 * short, form


def test_sub_selects_are_evaluated_once(shared: Stage) -> None:
    nested = "select name from Task where parent.name like '%sh%'"
    once = calls_of(partial(shared.ask, nested))
    whole = f"Task where name in ({nested}) or name is x"
    assert shared.ask(whole)
    assert calls_of(partial(shared.ask, whole)) < 3 * once
