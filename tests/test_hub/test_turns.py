"""A change feed tells of what becomes of it: once for each change, and of every refusal of credentials."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from yarl import URL

from ftrack_proxy.hub.subscription import ChangeFeed
from ftrack_proxy.hub.turns import FeedTurn, Standing, log_turn
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.upstream.client import UpstreamClient
from tests.test_hub.scripted import ScriptedHub

ANA = Credentials("ana", "secret-key")


class Told:
    """What a feed told of itself."""

    def __init__(self) -> None:
        self.turns: list[FeedTurn] = []
        self.refusals: list[tuple[Credentials, float]] = []

    def turn(self, turn: FeedTurn) -> None:
        self.turns.append(turn)

    def refusal(self, credentials: Credentials, sent: float) -> None:
        self.refusals.append((credentials, sent))


@asynccontextmanager
async def feed_of(hub: ScriptedHub, told: Told) -> AsyncIterator[ChangeFeed]:
    client = UpstreamClient(URL(hub.url), "test")
    numbers = iter(range(1_000_000))
    feed = ChangeFeed(
        client,
        ANA,
        on_frame=lambda _: None,
        next_stretch=lambda: next(numbers),
        clock=lambda: 7.0,
        on_turn=told.turn,
        on_refusal=told.refusal,
    )
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await client.close()


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0.002)


async def test_a_feed_tells_when_it_is_live_and_when_no_more() -> None:
    told = Told()
    async with ScriptedHub().running() as hub, feed_of(hub, told) as feed:
        socket = await hub.sockets.get()
        await until(lambda: feed.position()[1])
        await socket.close()
        await hub.sockets.get()
        await until(lambda: len(told.turns) == 3)
    assert [turn.standing for turn in told.turns] == [Standing.LIVE, Standing.GAP, Standing.LIVE]
    assert {turn.user for turn in told.turns} == {"ana"}
    assert told.turns[0].reason is None
    assert told.turns[1].reason


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (401, "no"),
        (403, ""),
        (200, '{"exception":"InvalidCredentialsError","content":"no","error_code":null}'),
    ],
)
async def test_each_refusal_is_told_with_its_moment_and_one_turn(status: int, text: str) -> None:
    told = Told()
    async with ScriptedHub(status, text).running() as hub, feed_of(hub, told):
        await until(lambda: len(told.refusals) >= 2)
    assert set(told.refusals) == {(ANA, 7.0)}
    assert [turn.standing for turn in told.turns] == [Standing.REFUSED]


@pytest.mark.parametrize(("status", "text"), [(404, "nothing here"), (503, ""), (200, "<html>"), (200, '{"a":1}')])
async def test_what_is_no_refusal_of_credentials_is_a_gap(status: int, text: str) -> None:
    told = Told()
    async with ScriptedHub(status, text).running() as hub, feed_of(hub, told):
        await until(lambda: hub.handshakes >= 2)
    assert told.refusals == []
    assert [turn.standing for turn in told.turns] == [Standing.GAP]


def test_the_log_has_a_line_for_each_turn_with_user_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_turn(FeedTurn("ana", Standing.LIVE, None))
        log_turn(FeedTurn("ana", Standing.GAP, "it broke"))
    assert [record.getMessage() for record in caplog.records] == [
        "change feed connected as ana",
        "change feed of ana: it broke",
    ]
