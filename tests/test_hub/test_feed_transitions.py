"""A change feed tells of what becomes of it: once for each change, and of every refusal of credentials."""

from __future__ import annotations

import logging

import pytest
from pytest_aiohttp.plugin import AiohttpServer

from ftrack_proxy.hub.feed_transitions import FeedStanding, FeedTransition, log_transition
from ftrack_proxy.hub.messages import HubMessage
from tests.test_hub.scripted import ScriptedHub
from tests.test_hub.stage import ANA, Told, feed_of, until


class Heedless:
    def take_message(self, message: HubMessage) -> None: ...


async def test_a_feed_tells_when_it_is_live_and_when_no_more(aiohttp_server: AiohttpServer) -> None:
    told, hub = Told(), await ScriptedHub().start(aiohttp_server)
    async with feed_of(hub, told, Heedless()) as feed:
        socket = await hub.sockets.get()
        await until(lambda: feed.position()[1])
        await socket.close()
        await hub.sockets.get()
        await until(lambda: len(told.transitions) == 3)
    assert [each.standing for each in told.transitions] == [FeedStanding.LIVE, FeedStanding.GAP, FeedStanding.LIVE]
    assert {each.user for each in told.transitions} == {"ana"}
    assert told.transitions[0].reason is None
    assert told.transitions[1].reason


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (401, "no"),
        (403, ""),
        (200, '{"exception":"InvalidCredentialsError","content":"no","error_code":null}'),
    ],
)
async def test_each_refusal_is_told_with_its_moment_and_one_turn(
    status: int, text: str, aiohttp_server: AiohttpServer
) -> None:
    told, hub = Told(), await ScriptedHub(status, text).start(aiohttp_server)
    async with feed_of(hub, told, Heedless()):
        await until(lambda: len(told.refusals) >= 2)
    assert set(told.refusals) == {(ANA, 7.0)}
    assert [each.standing for each in told.transitions] == [FeedStanding.REFUSED]


@pytest.mark.parametrize(("status", "text"), [(404, "nothing here"), (503, ""), (200, "<html>"), (200, '{"a":1}')])
async def test_what_is_no_refusal_of_credentials_is_a_gap(
    status: int, text: str, aiohttp_server: AiohttpServer
) -> None:
    told, hub = Told(), await ScriptedHub(status, text).start(aiohttp_server)
    async with feed_of(hub, told, Heedless()):
        await until(lambda: hub.handshakes >= 2)
    assert told.refusals == []
    assert [each.standing for each in told.transitions] == [FeedStanding.GAP]


def test_the_log_has_a_line_for_each_turn_with_user_and_reason(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        log_transition(FeedTransition("ana", FeedStanding.LIVE, None))
        log_transition(FeedTransition("ana", FeedStanding.GAP, "it broke"))
    assert [record.getMessage() for record in caplog.records] == [
        "change feed connected as ana",
        "change feed of ana: it broke",
    ]
