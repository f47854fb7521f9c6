"""Subscription expressions of the hub."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.ftrack_server.hub_expression import BadExpressionError, parse

EVENT = {
    "topic": "ftrack.update",
    "data": {"actionIdentifier": "x y", "number": 5, "nested": {"flag": "on"}},
    "source": {"id": "h1", "user": {"username": "bo", "id": "u1"}},
}


@pytest.mark.parametrize(
    ("text", "matches"),
    [
        ("topic=ftrack.update", True),
        ("topic = ftrack.update", True),
        ("topic=ftrack.other", False),
        ("topic=*", True),
        ("topic=ftrack.*", True),
        ("topic=update*", False),
        ('topic="ftrack.update"', True),
        ("topic='ftrack.update'", True),
        ("topic=ftrack.update and source.user.username=bo", True),
        ("topic=ftrack.update and source.user.username=ana", False),
        ("topic=nothing or source.user.username=bo", True),
        ("not topic=ftrack.update", False),
        ("NOT topic=nothing AND topic=ftrack.update", True),
        ("not (topic=nothing or source.id=h1)", False),
        ("topic=nothing or topic=ftrack.update and source.id=h1", True),
        ("(topic=nothing or topic=ftrack.update) and source.id=h2", False),
        ('data.actionIdentifier="x y"', True),
        ("data.nested.flag!=off", True),
        ("data.missing!=off", False),
        ("data.number=5", False),
        ("data.number>4", False),
        ("source.id>=h1", True),
        ("source.id<h1", False),
        ("topic.deeper=1", False),
    ],
)
def test_expressions(text: str, matches: bool) -> None:
    assert parse(text)(EVENT) is matches


@pytest.mark.parametrize(
    "text", ["", "topic", "topic=", "topic=a and", "(topic=a", "topic=a b=c", "=a", "topic=a)", "%"]
)
def test_what_is_no_expression(text: str) -> None:
    with pytest.raises(BadExpressionError):
        parse(text)


@given(st.text(max_size=40))
def test_any_text_is_an_expression_or_refused(text: str) -> None:
    try:
        test = parse(text)
    except BadExpressionError:
        return
    assert test(EVENT) in (True, False)
