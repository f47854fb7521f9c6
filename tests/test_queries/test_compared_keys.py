"""Which custom attributes a query compares."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.test_judging.cases import bound, rules, updated

VALUES = "ContextCustomAttributeValue"


@pytest.mark.parametrize(
    ("expression", "keys"),
    [
        ("Task where name is x", ""),
        ('Task where custom_attributes any (key is "x" and value is 1)', "x"),
        (
            'Task where custom_attributes any (key in ("x", y) and value is 1) and custom_attributes any (key is z)',
            "xyz",
        ),
        ('Task where not custom_attributes any (configuration.key is "x")', "x"),
        ('Task where parent.custom_attributes.key is "x"', "x"),
        ('Task where custom_attributes any (key is "x" or key is "y")', "xy"),
        ('Task where custom_attributes any (key is "x" or value is "y")', None),
        ("Task where custom_attributes any (value is 1)", None),
        ("Task where custom_attributes any ()", None),
        ("Task where custom_attributes any (key is none)", None),
        ("Task where custom_attributes any (key is_not x)", None),
        ("Task where custom_attributes.value is 1", None),
        ("Task where custom_attributes.configuration.id is x", None),
        ("Task order by custom_attributes.value", None),
        ("Task where name is x order by custom_attributes.key", None),
        (f"{VALUES} where key is x and value is 1", "x"),
        (f"{VALUES} where entity_id is x", ""),
        (f"{VALUES} where value is x", None),
        ("Task where id in (select context_id from Timelog)", ""),
        ("Task where id in (select entity_id from ContextCustomAttributeValue where key is x)", None),
    ],
)
def test_keys(expression: str, keys: str | None) -> None:
    assert bound(expression).compared_keys == (None if keys is None else frozenset(keys))


def test_a_key_that_all_rows_have_says_nothing_of_a_subquery() -> None:
    """It may compare other custom attributes: a change of these counts as well."""
    subquery = 'select id from Task where custom_attributes any (key is "y" and value is 1)'
    expression = f"select key from {VALUES} where key is x and entity_id in ({subquery})"
    assert bound(expression).compared_keys is None
    # The key could be that of another column: what the answer does not show cannot have changed in it.
    changes = [replace(change, doubtful=True) for change in updated("Task", "T1", "Shot:S1 Project:P1", y=(None, "1"))]
    row = {"__entity_type__": VALUES, "entity_id": "T2", "configuration_id": "C1", "key": "x"}
    assert rules(expression, [row], changes)


def test_each_query_of_a_shape_has_its_own() -> None:
    one, other = (bound(f'Task where custom_attributes any (key is "{key}" and value is 1)') for key in ("x", "none"))
    assert (one.compared_keys, other.compared_keys) == ({"x"}, {"none"})
