"""Frames, handshakes and the conversation with the event hub: read strictly, or said to be unreadable."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.protocol.hub_conversation import HubConversation
from ftrack_proxy.protocol.hub_events import TOPICS, Unreadable, UnreadableReason, payload_of, read_events
from ftrack_proxy.protocol.hub_packets import (
    PacketCode,
    parse_acknowledgement,
    parse_handshake,
    parse_packet,
    refuses_handshake,
    subscribe_packet,
)


def read(frame: str | bytes) -> list[tuple[str, object]] | UnreadableReason | None:
    """The topics and data of a frame's events, why it cannot be read, or ``None`` if it carries none."""
    try:
        payload = payload_of(frame.encode() if isinstance(frame, str) else frame)
        return None if payload is None else [(event.topic, event.data) for event in read_events(payload)]
    except Unreadable as error:
        return error.reason


def frame_of(event: str) -> str:
    return f'5:::{{"name":"ftrack.event","args":[{event}]}}'


def test_packets() -> None:
    heartbeat, numbered = parse_packet(b"2::"), parse_packet(b"5:7+::{}")
    assert heartbeat is not None
    assert numbered is not None
    assert (heartbeat.code, heartbeat.data) == (PacketCode.HEARTBEAT, None)
    assert (numbered.packet_id, numbered.data) == ("7", b"{}")
    for frame in (b"", b"9::", b"52:::{}", b" 5:::{}", b"\xff", "²:::".encode(), b"5" * 1_000, b"5:" + b"1" * 1_000):
        assert parse_packet(frame) is None


@pytest.mark.parametrize(
    "frame", ["0::", "1::", "2::", "2", "3:::text", "4:::{}", "6:::1", '6:::1+[{"success":true}]', "7:::", "8::"]
)
def test_frames_that_carry_no_events(frame: str) -> None:
    assert read(frame) is None


@pytest.mark.parametrize("head", ["5:::", "5:1+::", "5:12::", "5::/endpoint:"])
def test_events_are_read_whatever_the_packet_is_called(head: str) -> None:
    assert read(head + '{"name":"x","args":[{"topic":"a:b","data":{"c":1}}]}') == [("a:b", {"c": 1})]


def test_several_events_in_a_frame_are_all_read() -> None:
    assert read(frame_of('{"topic":"a","id":"1"},{"topic":"b"}')) == [("a", None), ("b", None)]


def test_what_we_send_can_be_read() -> None:
    assert read(subscribe_packet(3, {"topic": "x", "data": "é\udce9\u2028"})) is UnreadableReason.NOT_JSON
    assert read(subscribe_packet(3, {"topic": "x", "data": "é\u2028"})) == [("x", "é\u2028")]


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ("", UnreadableReason.PACKET),
        ("nonsense", UnreadableReason.PACKET),
        ("9:::{}", UnreadableReason.PACKET),
        ("5", UnreadableReason.NO_EVENT),
        ("5::", UnreadableReason.NO_EVENT),
        ("5:::", UnreadableReason.NOT_JSON),
        ("5:::nonsense", UnreadableReason.NOT_JSON),
        ("5:::\ufeff{}", UnreadableReason.NOT_JSON),
        ("5:::[]", UnreadableReason.NO_EVENT),
        ("5:::null", UnreadableReason.NO_EVENT),
        ('5:::{"name":"ftrack.event"}', UnreadableReason.NO_EVENT),
        ('5:::{"args":1}', UnreadableReason.NO_EVENT),
        ('5:::{"args":[]}', UnreadableReason.NO_EVENT),
        ('5:::{"args":[{"topic":"a"},5]}', UnreadableReason.NO_EVENT),
        ('5:::{"args":[{"topic":5}]}', UnreadableReason.NO_EVENT),
        ('5:::{"args":[{}]}', UnreadableReason.NO_EVENT),
        (frame_of('{"topic":"a","data":NaN}'), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","data":-Infinity}'), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","data":' + "9" * 400 + "}"), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","data":1e999}'), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","data":"\\ud800"}'), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","\\udfff":1}'), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","source":{"\\ud83d":1}}'), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","topic":"b"}'), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","data":{"b":1,"b":2}}'), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a","data":' + "[" * 5_000 + "]" * 5_000 + "}"), UnreadableReason.NOT_JSON),
        (frame_of('{"topic":"a"') + "\n trailing", UnreadableReason.NOT_JSON),
        (b'5:::{"args":[{"topic":"a","data":"\xff"}]}', UnreadableReason.NOT_JSON),
        (b'5:::{"args":[{"topic":"a","data":"\xed\xa0\x80"}]}', UnreadableReason.NOT_JSON),
    ],
)
def test_what_is_not_plain_cannot_be_read(frame: str | bytes, reason: UnreadableReason) -> None:
    assert read(frame) is reason


def test_a_value_may_be_nested_as_deep_as_all_readers_take_it() -> None:
    nested = "[" * 300 + "]" * 300
    assert read(frame_of(f'{{"topic":"a","data":{nested}}}')) == [("a", json.loads(nested))]


@given(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: f"5:::{text}".encode()))
def test_no_frame_of_events_goes_unnoticed(frame: bytes) -> None:
    found = read(frame)
    if frame[:1] not in (b"0", b"1", b"2", b"3", b"4", b"6", b"7", b"8"):
        assert found


@pytest.mark.parametrize(
    ("frame", "answer"),
    [
        ('6:::7+[{"success":true}]', ("7", True, "")),
        ('6:::7+[{"success":false,"message":"taken"}]', ("7", False, "taken")),
        ("6:::8", ("8", True, "")),
        ("6:::8+[]", ("8", True, "")),
        ("6", ("", True, "")),
        ("6:::9+nonsense", ("9", False, "its acknowledgement cannot be read")),
        ("6:::9+[null]", ("9", False, "its acknowledgement cannot be read")),
        ("6:::9+{}", ("9", False, "its acknowledgement cannot be read")),
        ('6:::9+[{"success":1}]', ("9", False, "its acknowledgement cannot be read")),
        ('6:::9+[{"success":NaN}]', ("9", False, "its acknowledgement cannot be read")),
        ('6:::9+[{"success":false,"message":{"a":1}}]', ("9", False, "")),
        ("6:::9+[" + " " * 100_000 + "]", ("9", False, "its acknowledgement cannot be read")),
    ],
)
def test_acknowledgements(frame: str, answer: tuple[str, bool, str]) -> None:
    packet = parse_packet(frame.encode())
    assert packet is not None
    found = parse_acknowledgement(packet)
    assert found is not None
    assert (found.packet_id, found.success, found.message) == answer


def test_other_packets_acknowledge_nothing() -> None:
    packet = parse_packet(b"5:::{}")
    assert packet is not None
    assert parse_acknowledgement(packet) is None


def test_handshakes() -> None:
    found = parse_handshake("abc:15:25:websocket,xhr-polling\n")
    assert found is not None
    assert (found.session_id, found.heartbeat, found.websocket) == ("abc", 15.0, True)
    silent = parse_handshake("abc:::xhr-polling")
    assert silent is not None
    assert (silent.heartbeat, silent.websocket) == (None, False)


@pytest.mark.parametrize("heartbeat", ["²5", "٣", "-1", "1e9", "9" * 400, "inf", "nan", "0x10", " 15"])
def test_a_heartbeat_that_is_no_number_of_seconds_is_none(heartbeat: str) -> None:
    found = parse_handshake(f"abc:{heartbeat}:25:websocket")
    assert found is not None
    assert found.heartbeat is None


@pytest.mark.parametrize(
    "text",
    [
        "", "abc", '{"exception": "a:b:c:d"}', ":1:2:websocket", "a/b:1:2:websocket", "a?b:1:2:websocket",
        "..:1:2:websocket", "a b:1:2:websocket", "a%2f:1:2:websocket", "é:1:2:websocket", "a\r\nb:1:2:websocket",
        f"{'a' * 5_000}:1:2:websocket",
    ],
)  # fmt: skip
def test_a_session_that_cannot_stand_in_an_address_is_none(text: str) -> None:
    assert parse_handshake(text) is None


def test_a_refused_handshake() -> None:
    assert refuses_handshake('{"exception":"InvalidCredentialsError","content":"no"}')
    for text in ("", "abc:1:2:websocket", "[]", '{"exception":"ServerError"}', '{"exception":NaN}', "[" * 5_000):
        assert not refuses_handshake(text)


# -- the conversation


def conversation() -> HubConversation:
    return HubConversation(TOPICS, "ana", iter("abcdefghijklmnop").__next__)


def test_all_topics_are_subscribed_once_greeted_and_live_when_all_are_acknowledged() -> None:
    talk = conversation()
    assert talk.hear(b"6:::1").say == ()
    said = talk.hear(b"1::").say
    assert [json.loads(text.split(":", 3)[3])["args"][0]["data"]["subscription"] for text in said] == [
        f"topic={topic}" for topic in TOPICS
    ]
    assert [text[:5] for text in said] == ["5:1+:", "5:2+:", "5:3+:"]
    assert talk.hear(b"1::").say == ()
    lived = [talk.hear(frame).is_live for frame in (b"6:::1", b"6:::1", b"6:::7", b"6:::3", b"nonsense", b"6:::2")]
    assert lived == [False] * 5 + [True]
    assert not talk.hear(b"6:::2").is_live


@pytest.mark.parametrize("frame", [b"0::", b"0", b"7:::", b"7:::nonsense", b"0::/endpoint"])
def test_a_goodbye_or_an_error_ends_it_whenever_it_comes(frame: bytes) -> None:
    talk = conversation()
    assert talk.hear(frame).ended
    talk.hear(b"1::")
    assert talk.hear(frame).ended


def test_a_refused_subscription_ends_it() -> None:
    talk = conversation()
    talk.hear(b"1::")
    ended = talk.hear(b'6:::2+[{"success":false,"message":"taken"}]').ended
    # What the hub says of it is the hub's: it is not repeated.
    assert ended is not None
    assert "refused" in ended
    assert "taken" not in ended


def test_heartbeats_are_answered() -> None:
    assert conversation().hear(b"2::").say == ("2:::",)
