"""What is long is unpacked, decoded and split in a thread: the event loop goes on meanwhile."""

from __future__ import annotations

import gzip
import json
import random
import threading
from dataclasses import dataclass
from typing import Any

import pytest
from multidict import CIMultiDict

from ftrack_proxy.identity.partition import partition_of
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.protocol.headers import CacheControl
from ftrack_proxy.protocol.representation import Representation
from ftrack_proxy.request import split
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.running import unpack
from ftrack_proxy.request.running.unpack import Unpacked, unpacked_answer, unpacked_body
from ftrack_proxy.request.split import Splitter

LIMIT = 2**22


@dataclass
class Given:
    """An answer as the port has it."""

    body: bytes
    headers: CIMultiDict[str]
    status: int = 200
    rest: None = None


@pytest.fixture
def threads(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """The threads in which long work was done."""
    used: set[int] = set()

    def noting(function: Any) -> Any:
        def noted(*arguments: Any) -> Any:
            used.add(threading.get_ident())
            return function(*arguments)

        return noted

    for module, name in ((unpack, "unpack"), (unpack, "decode_exactly"), (unpack, "decode_slowly"), (split, "_split")):
        monkeypatch.setattr(module, name, noting(getattr(module, name)))
    return used


def answer_of(rows: int, **headers: str) -> Given:
    noise = random.Random(1)
    content = [{"data": [{"__entity_type__": "Task", "id": f"{noise.getrandbits(128):x}"} for _ in range(rows)]}]
    packed = gzip.compress(json.dumps(content).encode())
    return Given(packed, CIMultiDict({"Content-Encoding": "gzip", "Content-Type": "application/json", **headers}))


@pytest.mark.parametrize(("rows", "here"), [(10, True), (20_000, False)])
async def test_a_long_answer_is_read_in_a_thread(rows: int, here: bool, threads: set[int]) -> None:
    read = await unpacked_answer(answer_of(rows), LIMIT)
    assert read.exact
    assert len(read.value[0]["data"]) == rows
    assert (threading.get_ident() in threads) is here


async def test_no_more_is_read_than_the_limit() -> None:
    assert await unpacked_answer(answer_of(20_000), 2**16) == Unpacked(None)
    plain = Given(b" " * 100, CIMultiDict())
    assert await unpacked_answer(plain, 99) == Unpacked(None)
    assert await unpacked_answer(plain, 100) == Unpacked(b" " * 100)
    assert await unpacked_body(b" " * 2**20, "", 2**20 - 1) is None


async def test_headers_that_come_twice_are_both_read() -> None:
    twice = answer_of(1)
    twice.headers.add("Content-Encoding", "identity")
    assert (await unpacked_answer(twice, LIMIT)).plain is None
    typed = answer_of(1)
    typed.headers.add("Content-Type", "application/json; charset=utf-16")
    assert not (await unpacked_answer(typed, LIMIT)).exact


def call_of(plain: bytes) -> ApiCall:
    ana = Principal(b"ana")
    return ApiCall("/api", (), plain, plain, None, ana, partition_of(ana), Representation(), CacheControl())


async def test_a_long_body_is_split_in_a_thread_and_only_once(threads: set[int]) -> None:
    splitter = Splitter()
    values = ", ".join(f'"{number}"' for number in range(10_000))
    call = call_of(json.dumps([{"action": "query", "expression": f"Task where id in ({values})"}]).encode())
    assert splitter.at_hand(call) is None
    found = await splitter.split(call)
    assert len(found.keys) == 1
    assert threads
    assert threading.get_ident() not in threads
    assert splitter.at_hand(call) is found
    assert await splitter.split(call) is found


async def test_a_short_body_is_split_at_once(threads: set[int]) -> None:
    call = call_of(b'[{"action": "query", "expression": "Task"}]')
    assert Splitter().at_hand(call) is not None
    assert threads == {threading.get_ident()}


async def test_a_batch_of_very_many_reads_is_not_answered_one_by_one() -> None:
    call = call_of(b"[" + b", ".join([b'{"action": "query", "expression": "Task"}'] * 5_001) + b"]")
    found = await Splitter().split(call)
    assert found.batch is not None
    assert len(found.batch.operations) == 5_001
    assert found.keys == ()


async def test_very_long_bodies_are_not_remembered() -> None:
    splitter = Splitter()
    call = call_of(b'[{"action": "query", "expression": "Task"}' + b" " * 2**20 + b"]")
    assert len((await splitter.split(call)).keys) == 1
    assert splitter.at_hand(call) is None
