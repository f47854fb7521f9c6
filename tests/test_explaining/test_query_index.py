"""Which keys belong to a query."""

from __future__ import annotations

from typing import Any

import pytest

from ftrack_proxy.explaining.explanation import explained
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.partition import partition_of
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.language.parser import parse
from ftrack_proxy.protocol.headers import CacheControl
from ftrack_proxy.protocol.operations import Operation, OperationKind
from ftrack_proxy.protocol.representation import Representation
from ftrack_proxy.queries.bound_query import Bound, BoundOperation, BoundQuery
from ftrack_proxy.request.call import ApiCall, Read
from ftrack_proxy.request.ledger.query_index import QueryIndex
from ftrack_proxy.schema.loader import load_catalogue
from ftrack_proxy.settings import read_policy
from tests.ftrack_server.schemas import build_schemas
from tests.test_judging.cases import moment


def call(user: str | None = "ana") -> ApiCall:
    credentials = None if user is None else Credentials(user, "key")
    principal = None if user is None else Principal(user.encode())
    partition = None if principal is None else partition_of(principal)
    return ApiCall("/api", [], b"", b"", credentials, principal, partition, Representation(), CacheControl())


def note(index: QueryIndex, key: bytes, bound: Bound, asker: ApiCall) -> None:
    operation = Operation(OperationKind.QUERY, {}, b"", None)
    index.note(Read(asker, operation, key, b"", bound, moment(1), trusted=True))


@pytest.fixture(scope="module")
def bound() -> Any:
    catalogue, policy = load_catalogue(build_schemas()), read_policy()

    def of(expression: str) -> BoundQuery | None:
        return explained(expression, catalogue, policy).bound

    return of


def test_one_query_has_a_key_for_each_who_asks(bound: Any) -> None:
    asked = QueryIndex()
    note(asked, b"1", bound("Task limit 1"), call())
    note(asked, b"2", bound("Task  LIMIT 1"), call("bo"))
    note(asked, b"2", bound("Task  LIMIT 1"), call("bo"))
    kept = asked.of(parse("Task limit 1"))
    assert [(one.key, one.asker.credentials.user) for one in kept] == [(b"1", "ana"), (b"2", "bo")]
    assert asked.of(parse("Task where id is x")) == []
    assert "key" not in repr(kept[0].asker.credentials)


def test_pages_of_a_query_belong_together(bound: Any) -> None:
    asked = QueryIndex()
    for number, window in enumerate(("", " offset 0 limit 500", " limit 500 offset 500", " offset 3")):
        note(asked, str(number).encode(), bound(f"Task order by name{window}"), call())
    windows = [one.window for one in asked.of(parse("Task order by name asc limit 7"))]
    assert windows == [(0, None), (0, 500), (500, 500), (3, None)]
    assert asked.of(parse("Task")) == []


def test_the_oldest_are_given_up(bound: Any) -> None:
    asked = QueryIndex(limit=2)
    for number in range(1, 4):
        note(asked, str(number).encode(), bound(f"Task where bid is {number}"), call())
    assert (len(asked), asked.of(parse("Task where bid is 1"))) == (2, [])
    assert asked.of(parse("Task where bid is 3"))
    assert len(asked._keys) == 2


def test_what_is_no_query_or_nobodys_is_not_noted(bound: Any) -> None:
    asked, policy = QueryIndex(), read_policy()
    note(asked, b"1", BoundOperation(frozenset(), policy.schemas), call())
    note(asked, b"2", bound("Task"), call(None))
    assert len(asked) == 0
