"""Long queries are bound in a thread, beforehand."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import orjson
import pytest

from ftrack_proxy.language.parser import LONG, LONGEST, NotUnderstood, parse
from ftrack_proxy.protocol.operations import Operation, parse_batch
from ftrack_proxy.request import bind
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.settings import read_policy
from tests.ftrack_server.schemas import build_schemas

SHORT = "select name from Task where name in (a, b)"
LISTED = f"select name from Task where name in ({', '.join(f'name{n}' for n in range(LONG // 6))})"


def query(expression: str) -> Operation:
    batch = parse_batch(orjson.dumps([{"action": "query", "expression": expression}]))
    assert batch is not None
    return batch.operations[0]


@pytest.fixture
def binder() -> Binder:
    schema = KnownSchema(lambda: None)
    schema.learn_schemas(build_schemas())
    return Binder(schema, read_policy())


async def test_it_is_not_bound_where_others_wait(binder: Binder, monkeypatch: pytest.MonkeyPatch) -> None:
    threads: list[threading.Thread] = []

    def watched(expression: str) -> Any:
        threads.append(threading.current_thread())
        return parse(expression)

    monkeypatch.setattr(bind, "parse", watched)
    assert binder.bind(query(LISTED)) is None
    assert not threads
    await binder.bind_long([query(SHORT), query(LISTED), query(LISTED)])
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    bound = binder.bind(query(LISTED))
    assert bound is not None
    assert bound.is_long
    assert len(threads) == 1
    short = binder.bind(query(SHORT))
    assert short is not None
    assert not short.is_long


async def test_a_very_long_one_is_bound_when_it_comes_again(binder: Binder) -> None:
    once, again = (f"select name from Task where name in ({', '.join(f'{c}{n}' for n in range(40_000))})" for c in "ab")
    await binder.bind_long([query(once), query(again)])
    assert binder.bind(query(again)) is None
    await binder.bind_long([query(again)])
    assert binder.bind(query(again)) is not None
    assert binder.bind(query(once)) is None


async def test_it_is_not_kept_past_its_schema(binder: Binder) -> None:
    await binder.bind_long([query(LISTED)])
    binder.schema.learn_schemas(build_schemas()[:-1])
    binder.schema.learn_schemas(build_schemas()[:-1])
    assert binder.bind(query(LISTED)) is None


def test_there_is_an_end_to_it() -> None:
    with pytest.raises(NotUnderstood):
        parse(SHORT + " " * LONGEST)


async def test_what_was_being_bound_when_more_became_known_is_not_kept(binder: Binder) -> None:
    """It goes by what was known, or by the policy that held, before."""
    binding = asyncio.create_task(binder.bind_long([query(LISTED)]))
    await asyncio.sleep(0)
    binder.forget()
    await binding
    assert binder.bind(query(LISTED)) is None
    await binder.bind_long([query(LISTED)])
    assert binder.bind(query(LISTED)) is not None
