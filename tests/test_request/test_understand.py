"""Long queries are understood in a thread, beforehand."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest

from ftrack_proxy.language.parser import LONG, LONGEST, NotUnderstood, parse
from ftrack_proxy.protocol.operations import Operation, parse_batch
from ftrack_proxy.request import understand
from ftrack_proxy.request.understand import Understanding
from ftrack_proxy.settings import read_policy
from tests.ftrack_server.schemas import build_schemas

SHORT = "select name from Task where name in (a, b)"
LISTED = f"select name from Task where name in ({', '.join(f'name{n}' for n in range(LONG // 6))})"


def query(expression: str) -> Operation:
    batch = parse_batch(orjson.dumps([{"action": "query", "expression": expression}]))
    assert batch is not None
    return batch.operations[0]


@pytest.fixture
def understanding() -> Understanding:
    found = Understanding(read_policy(), lambda: None)
    found.learn_schemas(build_schemas())
    return found


async def test_it_is_not_understood_where_others_wait(
    understanding: Understanding, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: list[threading.Thread] = []

    def watched(expression: str) -> Any:
        threads.append(threading.current_thread())
        return parse(expression)

    monkeypatch.setattr(understand, "parse", watched)
    assert understanding.of(query(LISTED)) is None
    assert not threads
    await understanding.study([query(SHORT), query(LISTED), query(LISTED)])
    assert len(threads) == 1
    assert threads[0] is not threading.main_thread()
    understood = understanding.of(query(LISTED))
    assert understood is not None
    assert understood.is_long
    assert len(threads) == 1
    short = understanding.of(query(SHORT))
    assert short is not None
    assert not short.is_long


async def test_a_very_long_one_is_understood_when_it_comes_again(understanding: Understanding) -> None:
    once, again = (f"select name from Task where name in ({', '.join(f'{c}{n}' for n in range(40_000))})" for c in "ab")
    await understanding.study([query(once), query(again)])
    assert understanding.of(query(again)) is None
    await understanding.study([query(again)])
    assert understanding.of(query(again)) is not None
    assert understanding.of(query(once)) is None


async def test_it_is_not_kept_past_its_schema(understanding: Understanding) -> None:
    await understanding.study([query(LISTED)])
    understanding.learn_schemas(build_schemas()[:-1])
    understanding.learn_schemas(build_schemas()[:-1])
    assert understanding.of(query(LISTED)) is None


def test_there_is_an_end_to_it() -> None:
    with pytest.raises(NotUnderstood):
        parse(SHORT + " " * LONGEST)
