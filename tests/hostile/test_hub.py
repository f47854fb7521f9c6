"""Malformed frames and abrupt ends of the event hub: no feed dies of them, and no change is missed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from pytest_aiohttp.plugin import AiohttpClient, AiohttpServer
from yarl import URL

from ftrack_proxy.hub.feed_coverage import FeedCoverage
from ftrack_proxy.hub.feed_transitions import FeedStanding
from ftrack_proxy.hub.messages import HubMessage
from ftrack_proxy.hub.relay import HubRelay
from ftrack_proxy.hub.sleep_detector import SleepDetector
from ftrack_proxy.hub.subscription import ChangeFeed
from ftrack_proxy.upstream.client import UpstreamClient
from tests.test_hub.scripted import ScriptedHub, event_frame
from tests.test_hub.stage import ANA, Taking, Told, feed_of, is_wide, until, update

pytestmark = pytest.mark.required("G2.3")


def nested(depth: int) -> str:
    return event_frame("ftrack.location.component-added", {}).replace("{}", '{"a":' * depth + "1" + "}" * depth)


def odd(value: str) -> str:
    return event_frame("ftrack.update", {"entities": "ODD"}).replace('"ODD"', value)


# What a client can make the hub say, or a broken hub says.
FRAMES = {
    "nested 300 deep": nested(300),
    "nested 3,000 deep": nested(3_000),
    "NaN": odd("NaN"),
    "Infinity": odd("-Infinity"),
    "a number of 400 digits": odd("9" * 400),
    "half a surrogate pair": odd('"\\ud800"'),
    "a name that stands twice": odd('{"a":1,"a":2}'),
    "no list of events": '5:::{"args":{}}',
    "an event that is a number": '5:::{"args":[7]}',
    "no JSON": "5:::{",
    "no packet": "5",
    "nothing": "",
    "a digit that is none": "²:::{}",
    "an acknowledgement of nothing": "6:::",
    "an unreadable acknowledgement": "6:::1+{",
    "bytes that are no text": b'5:::{"args":["\xff"]}',
    "no text at all": b"\xff\xfe",
}


@pytest.fixture
async def hub(aiohttp_server: AiohttpServer) -> ScriptedHub:
    return await ScriptedHub().start(aiohttp_server)


async def send(socket: web.WebSocketResponse, frame: str | bytes) -> None:
    await socket.send_frame(frame.encode() if isinstance(frame, str) else frame, WSMsgType.TEXT)


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
async def test_no_frame_ends_a_feed(hub: ScriptedHub, frame: str | bytes) -> None:
    taking, told = Taking(), Told()
    async with feed_of(hub, told, taking.intake) as feed:
        socket = await hub.sockets.get()
        await until(lambda: feed.position()[1])
        before = feed.position()
        await send(socket, frame)
        if not str(frame).startswith("6"):
            await until(lambda: taking.log.head)
        seen = taking.log.head
        await send(socket, update(1))
        await until(lambda: taking.log.head > seen)
        assert feed.position() == before
    assert told.faults == []


async def test_a_binary_frame_may_be_a_change_of_anything(hub: ScriptedHub) -> None:
    taking = Taking()
    async with feed_of(hub, Told(), taking.intake) as feed:
        socket = await hub.sockets.get()
        await socket.send_bytes(update(1).encode())
        await until(lambda: taking.log.head)
        assert is_wide(taking.seen(0))
        assert feed.position()[1]


@pytest.mark.parametrize(
    "text",
    [
        "abc:²5:25:websocket",
        "a b:15:25:websocket",
        "a/../b:15:25:websocket",
        "é:15:25:websocket",
        "",
        "::::",
        "abc:15:25:xhr-polling",
        "[" * 4_000,
        "a" * 100_000,
        '{"exception":NaN}',
        '{"exception":["InvalidCredentialsError"]}',
    ],
)
async def test_no_handshake_ends_a_feed(hub: ScriptedHub, text: str) -> None:
    told = Told()
    good, hub.text = hub.text, text
    async with feed_of(hub, told, Taking().intake) as feed:
        await until(lambda: hub.handshakes)
        hub.text = good
        await until(lambda: feed.position()[1])
    assert (told.faults, told.refusals) == ([], [])


async def test_a_heartbeat_that_never_comes_is_not_waited_for_for_ever(hub: ScriptedHub) -> None:
    hub.text = "abc:999999:25:websocket"
    now = [0.0]
    async with feed_of(hub, Told(), Taking().intake, lambda: now[0]) as feed:
        await until(lambda: feed.position()[1])
        now[0] += 61
        assert not feed.position()[1]


class Faulty:
    """An intake with a fault."""

    def take_message(self, message: HubMessage) -> None:
        if message.data == b"trip":
            raise ZeroDivisionError


@pytest.mark.required("G4.4")
async def test_a_fault_of_ours_is_a_gap_and_the_feed_goes_on(hub: ScriptedHub) -> None:
    told = Told()
    async with feed_of(hub, told, Faulty()) as feed:
        await send(await hub.sockets.get(), "trip")
        await hub.sockets.get()
        await until(lambda: feed.position()[1])
    assert [type(fault) for fault in told.faults] == [ZeroDivisionError]
    assert [each.standing for each in told.transitions] == [FeedStanding.LIVE, FeedStanding.GAP, FeedStanding.LIVE]


# -- the first sign of the end

SIGNS: dict[str, tuple[str | bytes, WSMsgType]] = {
    "goodbye": ("0::", WSMsgType.TEXT),
    "error": ("7:::reason+advice", WSMsgType.TEXT),
    "a close frame": (b"\x03\xe8", WSMsgType.CLOSE),
    "a close frame without a code": (b"", WSMsgType.CLOSE),
    "a frame against the rules": (b"x" * 200, WSMsgType.PING),
}


@pytest.mark.required("G4.4")
@pytest.mark.parametrize("sign", SIGNS.values(), ids=SIGNS.keys())
async def test_the_gap_begins_with_the_first_sign_of_the_end(
    hub: ScriptedHub, sign: tuple[str | bytes, WSMsgType]
) -> None:
    """The hub says so and leaves the connection open: nobody waits for its end, and another is made."""
    taking, told = Taking(), Told()
    async with feed_of(hub, told, taking.intake) as feed:
        first = await hub.sockets.get()
        await until(lambda: feed.position()[1])
        epoch, _ = feed.position()
        text, kind = sign
        await first.send_frame(text.encode() if isinstance(text, str) else text, kind)
        await until(lambda: feed.position()[0] != epoch)
        assert told.transitions[1].standing is FeedStanding.GAP
        if kind is WSMsgType.TEXT:
            assert not first.closed
            await first.send_str(update(1))
            await until(lambda: taking.log.head)
        await hub.sockets.get()
        await until(lambda: feed.position()[1])


@pytest.mark.required("G4.4")
async def test_a_torn_connection_is_a_gap_at_once(hub: ScriptedHub) -> None:
    async with feed_of(hub, Told(), Taking().intake) as feed:
        socket = await hub.sockets.get()
        await until(lambda: feed.position()[1])
        epoch, _ = feed.position()
        assert socket._req is not None
        assert socket._req.transport is not None
        socket._req.transport.abort()
        await until(lambda: feed.position()[0] != epoch)


async def test_a_hub_that_reads_nothing_is_heard_all_the_same(hub: ScriptedHub) -> None:
    """Each heartbeat wants an answer; that they are not taken must not keep the goodbye from being heard."""
    async with feed_of(hub, Told(), Taking().intake) as feed:
        socket = await hub.sockets.get()
        await until(lambda: feed.position()[1])
        epoch, _ = feed.position()
        assert socket._req is not None
        socket._req.protocol.pause_reading()
        for _ in range(20):
            await send(socket, "2::")
            await socket.send_frame(b"x" * 100, WSMsgType.PING)
        await send(socket, "0::")
        await until(lambda: feed.position()[0] != epoch)


@pytest.mark.parametrize("over", ["a feed", "a relayed connection"])
async def test_many_events_at_once_leave_others_their_turn(hub: ScriptedHub, relayed: Relayed, over: str) -> None:
    taking = Taking()
    turns = [0]

    async def others() -> None:
        while True:
            await asyncio.sleep(0)
            if 0 < taking.log.head < 3_000:
                turns[0] += 1

    async with feed_of(hub, Told(), taking.intake) if over == "a feed" else relayed(taking) as end:
        socket = await hub.sockets.get()
        other = asyncio.create_task(others())
        frame = update(1).encode()
        sending = asyncio.create_task(burst(socket, frame, 3_000))
        if isinstance(end, aiohttp.ClientWebSocketResponse):
            for _ in range(3_000):
                await end.receive()
        await until(lambda: taking.log.head == 3_000)
        await sending
        other.cancel()
    assert turns[0] > 10


async def burst(socket: web.WebSocketResponse, frame: bytes, count: int) -> None:
    for _ in range(count):
        await socket.send_frame(frame, WSMsgType.TEXT)


async def test_answers_that_are_not_taken_do_not_pile_up(hub: ScriptedHub) -> None:
    async with feed_of(hub, Told(), Taking().intake) as feed:
        await until(lambda: feed.position()[1])
        for _ in range(1_000):
            feed._answer(asyncio.Event().wait)
        assert len(feed._answering) <= 16


# -- the feed's task, and sleep


class Clocks:
    def __init__(self) -> None:
        self.steady, self.wall = 0.0, 1e9


@asynccontextmanager
async def coverage_of(hub: ScriptedHub, clocks: Clocks, told: Told, taking: Taking) -> AsyncIterator[FeedCoverage]:
    client = UpstreamClient(URL(hub.url), "test")
    coverage = FeedCoverage(
        ANA,
        may_borrow=True,
        build=lambda credentials: ChangeFeed(
            client,
            credentials,
            intake=taking.intake,
            clock=lambda: 0.0,
            on_transition=told.transitions.append,
            on_refusal=told.refusal,
            on_fault=told.faults.append,
        ),
        sleep_detector=SleepDetector(lambda: clocks.steady, lambda: clocks.wall),
        on_end=told.faults.append,
    )
    coverage._supervisor._pause = 0.0
    coverage.start()
    try:
        yield coverage
    finally:
        await coverage.close()
        await client.close()


@pytest.mark.required("G4.4")
async def test_a_feed_whose_task_is_gone_is_not_live_and_is_started_again(hub: ScriptedHub) -> None:
    told = Told()
    async with coverage_of(hub, Clocks(), told, Taking()) as coverage:
        await until(lambda: coverage.position(ANA)[1])
        epoch, _ = coverage.position(ANA)
        (task,) = [task for task in asyncio.all_tasks() if task.get_name() == "change feed"]
        task.cancel()
        while not task.done():  # noqa: ASYNC110 - the very moment
            await asyncio.sleep(0)
        assert not coverage.position(ANA)[1]
        assert coverage.live_epochs() == set()
        await until(lambda: coverage.position(ANA)[1])
        assert coverage.position(ANA)[0] > epoch
    assert len(told.faults) == 1
    assert [each.standing for each in told.transitions] == [FeedStanding.LIVE, FeedStanding.GAP, FeedStanding.LIVE]


@pytest.mark.required("G4.2")
@pytest.mark.parametrize(
    ("steadily", "by_the_wall"),
    [(3_600.0, 3_600.0), (0.0, 3_600.0), (3_600.0, -5.0), (12.0, 12.0)],
    ids=["clocks that go on", "a steady clock that stops", "a wall clock that is set", "stopped for a while"],
)
async def test_sleep_is_a_gap_also_if_a_frame_comes_first(
    hub: ScriptedHub, steadily: float, by_the_wall: float
) -> None:
    taking, clocks = Taking(), Clocks()
    stranger = type(ANA)("bo", "key")
    async with coverage_of(hub, clocks, Told(), taking) as coverage:
        socket = await hub.sockets.get()
        await until(lambda: coverage.position(ANA)[1])
        before, uncovered = coverage.position(ANA), coverage.position(stranger)
        clocks.steady += steadily
        clocks.wall += by_the_wall
        await send(socket, update(1))
        await until(lambda: taking.log.head)
        assert not coverage.position(ANA)[1] or coverage.position(ANA)[0] > before[0]
        assert coverage.position(stranger)[0] > uncovered[0]
        await hub.sockets.get()
        await until(lambda: coverage.position(ANA)[1])
        assert coverage.position(ANA)[0] > before[0]


@pytest.mark.required("G4.2")
async def test_sleep_while_a_connection_is_made_is_another_gap_and_makes_another(hub: ScriptedHub) -> None:
    """What the hub acknowledges after it may have been said before."""
    told, hub.acknowledges = Told(), False
    async with feed_of(hub, told, Taking().intake) as feed:
        await until(lambda: len(hub.heard) == 3)
        epoch, _ = feed.position()
        feed.interrupt("awake")
        assert feed.position() == (epoch, False)
        feed.interrupt("slept", anew=True)
        assert feed.position() == (epoch.following(), False)
        await until(lambda: hub.handshakes == 2)
        assert [turn.reason for turn in told.transitions] == ["awake", "slept"]
        hub.acknowledges = True
        feed.interrupt("slept", anew=True)
        await until(lambda: feed.position()[1])


@pytest.mark.required("G4.2")
async def test_a_silence_that_a_frame_ends_is_a_gap_all_the_same(hub: ScriptedHub) -> None:
    now, taking = [0.0], Taking()
    async with feed_of(hub, Told(), taking.intake, lambda: now[0]) as feed:
        socket = await hub.sockets.get()
        await until(lambda: feed.position()[1])
        epoch, _ = feed.position()
        now[0] += 100
        await send(socket, update(1))
        await until(lambda: taking.log.head)
        assert feed.position()[0] > epoch
        await hub.sockets.get()
        await until(lambda: feed.position()[1])


# -- the relay


Relayed = Callable[[Taking], AbstractAsyncContextManager[aiohttp.ClientWebSocketResponse[bool]]]


@pytest.fixture
def relayed(hub: ScriptedHub, aiohttp_client: AiohttpClient) -> Relayed:
    """A client's socket, joined to one of the hub's."""

    @asynccontextmanager
    async def joined(taking: Taking) -> AsyncIterator[aiohttp.ClientWebSocketResponse[bool]]:
        upstream = UpstreamClient(URL(hub.url), "test")
        relay = HubRelay(upstream, taking.intake, taking.journal.recorded)
        application = web.Application()
        application.router.add_get("/{path:.*}", relay.relay)
        client = await aiohttp_client(application)
        async with client.ws_connect(
            "/socket.io/1/websocket/abc", autoping=False, decode_text=False, max_msg_size=0
        ) as socket:
            assert (await socket.receive()).data == b"1::"
            for number in range(3):
                await socket.send_str(f"5:{number}+::{{}}")
                await socket.receive()
            yield socket
        await relay.close()
        await upstream.close()

    return joined


@pytest.mark.required("G2.2")
@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
@pytest.mark.parametrize("kind", [WSMsgType.TEXT, WSMsgType.BINARY])
async def test_frames_are_relayed_unchanged_once_they_are_taken_in(
    hub: ScriptedHub, relayed: Relayed, frame: str | bytes, kind: WSMsgType
) -> None:
    taking = Taking()
    text = frame.encode() if isinstance(frame, str) else frame
    async with relayed(taking) as client:
        socket = await hub.sockets.get()
        await socket.send_frame(text, kind)
        message = await client.receive()
        assert (message.type, message.data) == (kind, text)
        assert taking.log.head or text.startswith(b"6")
        await send(socket, update(1))
        assert (await client.receive()).data == update(1).encode()
    assert taking.counters.faults == {}


async def test_an_event_of_30_000_entities_is_relayed_and_counts_as_anything(
    hub: ScriptedHub, relayed: Relayed
) -> None:
    taking = Taking()
    frame = update(30_000)
    async with relayed(taking) as client:
        await send(await hub.sockets.get(), frame)
        message = await client.receive()
        assert is_wide(taking.seen(0))
        assert message.data == frame.encode()
