"""Whatever comes from the hub is in the change log when it has been taken in: told in detail, or as anything."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import WSMsgType
from aiohttp._websocket.models import WebSocketError

from ftrack_proxy.cache_policy.expected_events import ExpectedEvent
from ftrack_proxy.cache_policy.learned_coverage import DEADLINE, ENOUGH
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.values.epoch import Epoch
from tests.test_hub.scripted import event_frame
from tests.test_hub.stage import Taking, is_wide, shot, update


@dataclass
class Arrived:
    type: WSMsgType
    data: Any


@pytest.fixture
def taking() -> Taking:
    return Taking()


# -- nothing is passed over

UNREADABLE = [
    b"5:::",
    b"5:::nonsense",
    b"",
    b"\xff",
    b"9:::{}",
    b'5:::{"args":[{"topic":"ftrack.update","data":NaN}]}',
    b'5:::{"args":[{"topic":"some.other","data":Infinity}]}',
    b'5:::{"args":[{"topic":"ftrack.update","data":%s}]}' % (b"9" * 400),
    b'5:::{"args":[{"topic":"ftrack.update","source":"\\ud800"}]}',
    b'5:::{"args":[{"topic":"ftrack.update","topic":"x"}]}',
    b"5:::" + b"[" * 30_000,
]


@pytest.mark.parametrize("frame", UNREADABLE)
def test_what_cannot_be_read_may_be_a_change_of_anything(taking: Taking, frame: bytes) -> None:
    assert is_wide(taking.take(frame))
    assert sum(taking.counters.unreadable_events.values()) == 1


@pytest.mark.parametrize("frame", ["2::", "1::", "0::", "6:::1", "3:::x", event_frame("some.other", {"entities": [1]})])
def test_what_carries_no_change_is_none(taking: Taking, frame: str) -> None:
    assert taking.take(frame) == []


@pytest.mark.parametrize(
    ("message", "recorded"),
    [
        (Arrived(WSMsgType.BINARY, b"5:::"), 1),
        (Arrived(WSMsgType.ERROR, WebSocketError(1007, "invalid text")), 1),
        (Arrived(WSMsgType.ERROR, ConnectionResetError()), 0),
        (Arrived(WSMsgType.CLOSED, None), 0),
        (Arrived(WSMsgType.PING, b"5:::"), 0),
        (Arrived(WSMsgType.TEXT, update(1).encode()), 1),
        (Arrived(WSMsgType.TEXT, bytearray(update(1).encode())), 1),
    ],
)
def test_whatever_a_websocket_gives(taking: Taking, message: Arrived, recorded: int) -> None:
    taking.intake.take_message(message)
    assert taking.log.head == recorded


@pytest.mark.parametrize("topic", ["ftrack.update", "ftrack.location.component-added"])
@pytest.mark.parametrize(
    "data", [None, [], "x", 5, {"entities": 1}, {"entities": [1]}, {"component_id": {"a": [1]}}, {"entities": [{}]}]
)
@pytest.mark.parametrize("depth", [0, 300])
def test_events_with_odd_insides_are_recorded(taking: Taking, topic: str, data: Any, depth: int) -> None:
    nested: Any = data
    for _ in range(depth):
        nested = {"a": nested}
    assert taking.take(event_frame(topic, data))
    assert taking.take(event_frame(topic, nested))
    assert taking.counters.faults == {}


def test_a_fault_of_ours_costs_a_change_of_anything(taking: Taking, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> Any:
        raise RecursionError

    monkeypatch.setattr("ftrack_proxy.hub.intake.read_items", broken)
    assert is_wide(taking.take(update(1)))
    assert taking.counters.faults == {"taking in a frame of the event hub: RecursionError": 1}


def test_without_a_schema_an_event_is_one_change_of_anything(taking: Taking) -> None:
    taking.schema.catalogue = None
    assert is_wide(taking.take(update(15)))


# -- repetitions


def test_an_event_under_an_id_is_recorded_once_whichever_connections_bring_it(taking: Taking) -> None:
    assert len(taking.take(update(1, id="E1"))) == 1
    assert taking.take(update(1, id="E1")) == []
    assert taking.take(update(1, id="E1").replace("5:::", "5:7+::")) == []


def test_another_event_under_the_same_id_is_recorded(taking: Taking) -> None:
    taking.take(update(1, id="E1"))
    assert len(taking.take(update(1, id="E1", source={"id": "other"}))) == 1
    assert len(taking.take(update(2, id="E1"))) == 2


@pytest.mark.parametrize("event_id", [None, "", 5, [1]])
def test_without_an_id_nothing_is_a_repetition(taking: Taking, event_id: Any) -> None:
    for _ in range(2):
        assert len(taking.take(update(1, id=event_id))) == 1


def test_what_clients_publish_is_recorded_each_time(taking: Taking) -> None:
    """Added, removed and added again: a client that uses one id says the same at both ends."""
    data = {"component_id": "C1", "location_id": "L1"}
    for kind in ("added", "removed", "added"):
        assert len(taking.take(event_frame(f"ftrack.location.component-{kind}", data, id="mine"))) == 2


def test_a_frame_in_which_something_is_no_repetition_is_recorded_again(taking: Taking) -> None:
    event = {"topic": "ftrack.update", "id": "E1", "data": {"entities": [shot(1)]}}
    frame = "5:::" + json.dumps({"args": [event, {**event, "id": None}]})
    for _ in range(2):
        assert len(taking.take(frame)) == 2


# -- large events


async def settle(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0)


async def test_a_large_event_counts_as_anything_until_it_is_taken_apart(taking: Taking) -> None:
    assert is_wide(taking.take(update(200, id="E1")))
    in_between = taking.log.head
    await settle(lambda: not taking.is_busy)
    after = taking.seen(0)
    assert {change.entity_id for change in after} == {f"S{number}" for number in range(200)}
    assert {change.families for change in after} == {frozenset({"Context"})}
    # Who began to read before it was done is judged by what was known then.
    assert is_wide(taking.seen(0, in_between))
    assert taking.counters.unreadable_events == {}


async def test_no_step_takes_more_than_a_few_entities(taking: Taking) -> None:
    taking.take(update(1_000))
    steps = []
    head = taking.log.head
    while taking.is_busy:
        await asyncio.sleep(0)
        steps.append(taking.log.head - head)
        head = taking.log.head
    assert sum(steps) == 1_000
    assert max(steps) <= 16


@pytest.mark.parametrize("count", [1_001, 20_000])
async def test_what_is_too_much_stays_a_change_of_anything(taking: Taking, count: int) -> None:
    frame = update(count, id="E1")
    taking.take(frame)
    await settle(lambda: not taking.is_busy)
    assert is_wide(taking.seen(0))
    assert taking.counters.unreadable_events == {"too large to be taken apart": 1}


async def test_what_is_too_large_to_be_read_at_once_is_read_in_a_thread(taking: Taking) -> None:
    for odd in ("", "NaN", '{"a":1,"a":2}'):
        before = taking.log.head
        padded = update(2).replace('"data"', f'"padding": [{"1," * 50_000}{odd or 1}], "data"')
        assert is_wide(taking.take(padded))
        await settle(lambda: not taking.is_busy)
        assert is_wide(taking.seen(before)) == bool(odd)


async def test_what_comes_again_while_it_is_taken_apart_is_taken_apart_once(taking: Taking) -> None:
    for _ in range(20):
        assert is_wide(taking.take(update(100, id="E1")))
    await settle(lambda: not taking.is_busy)
    assert len(taking.seen(0)) == 100
    assert taking.take(update(100, id="E1")) == []


async def test_what_comes_again_without_an_id_may_be_something_else(taking: Taking) -> None:
    taking.take(update(100))
    between = taking.log.head
    taking.take(update(100))
    await settle(lambda: not taking.is_busy)
    assert any(change.families is None for change in taking.seen(between))


async def test_more_large_events_than_can_be_taken_apart_stay_changes_of_anything(taking: Taking) -> None:
    for number in range(10):
        taking.take(update(100, id=f"E{number}"))
    await settle(lambda: not taking.is_busy)
    assert sum(change.families is None for change in taking.seen(0)) == 6
    assert taking.counters.unreadable_events == {"too many large events at a time": 6}


async def test_a_fault_while_an_event_is_taken_apart_leaves_it_a_change_of_anything(
    taking: Taking, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Any:
        raise MemoryError

    monkeypatch.setattr("ftrack_proxy.hub.intake.read_items", broken)
    taking.take(update(100))
    await settle(lambda: not taking.is_busy)
    assert is_wide(taking.seen(0))


async def test_closing_gives_up_what_is_under_way(taking: Taking) -> None:
    taking.take(update(1_000))
    await taking.intake.close()
    assert is_wide(taking.seen(0)[:1])
    assert not taking.is_busy


# -- what is counted, logged and kept is bounded


def test_made_up_types_are_of_one_kind(taking: Taking, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for number in range(3_000):
            entity = shot(number, entityType=f"type{number}", action=f"act{number}", entity_type=f"Type{number}")
            assert is_wide(taking.take(event_frame("ftrack.update", {"entities": [entity]})))
    assert taking.counters.unreadable_events == {"ftrack.update unknown unknown": 3_000}
    assert len(caplog.records) == 1


def test_known_types_are_counted_by_name_and_few_kinds_in_all(taking: Taking) -> None:
    taking.take(event_frame("ftrack.update", {"entities": [shot(1, action="move")]}))
    assert taking.counters.unreadable_events == {"ftrack.update Shot moved": 1}
    tally = Counters().faults
    assert [tally.note(f"kind {number}") for number in range(60)] == [True] * 51 + [False] * 9
    assert len(tally) == 51
    assert tally["others"] == 10


def test_own_writes_in_an_event_that_was_not_read_are_not_missed(taking: Taking) -> None:
    for number in range(ENOUGH):
        event = ExpectedEvent("Note", "Note", f"N{number}", {}, is_certain=True)
        taking.learned.expect([event], epoch=Epoch("feed", 1), began=0.0, now=0.0)
        taking.take(b"5:::nonsense")
    assert not taking.learned.expire(DEADLINE + 1, {Epoch("feed", 1)})
    assert taking.learned.document() == {}
