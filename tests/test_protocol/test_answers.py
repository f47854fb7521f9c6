"""Answers, headers, encodings, packets, identities: values in, values out."""

from __future__ import annotations

import gzip
import json
import random
import tracemalloc
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.principal import principal_of
from ftrack_proxy.protocol.encoding import unpack
from ftrack_proxy.protocol.errors import error_body
from ftrack_proxy.protocol.headers import (
    CacheControl,
    Forwarded,
    Handling,
    accepts_gzip,
    appended_cache_status,
    cache_status,
    combined,
    end_to_end,
    in_one_line,
    one_of_each,
    parse_cache_control,
)
from ftrack_proxy.protocol.operations import OperationKind
from ftrack_proxy.protocol.responses import (
    Failure,
    contradict,
    decode,
    decode_exactly,
    decode_slowly,
    failure_of,
    is_complete,
    is_readable,
    is_success,
    known_attributes,
    refuses_credentials,
    sole_entry,
)

HIT = Handling(None, "exact")
MISS = Handling(Forwarded.MISS, stored=True)


def test_success_is_a_list_of_the_right_length() -> None:
    assert is_success([{}], 1)
    for answer in ([], [1, 2], {}, {"exception": "x"}, None, "x"):
        assert not is_success(answer, 1)
    assert refuses_credentials({"exception": "InvalidCredentialsError"})
    assert not refuses_credentials({"exception": "ParseError"})
    assert not refuses_credentials([])
    assert not refuses_credentials({"exception": ["InvalidCredentialsError"]})


def test_only_complete_entries_are_kept() -> None:
    assert is_complete(OperationKind.QUERY, {"data": []})
    assert not is_complete(OperationKind.QUERY, {"data": {}})
    assert not is_complete(OperationKind.QUERY, [])
    assert is_complete(OperationKind.SERVER_INFORMATION, {"schema_hash": "x"})
    assert not is_complete(OperationKind.SERVER_INFORMATION, {"exception": "x"})
    assert is_complete(OperationKind.SCHEMAS, [{}])
    assert not is_complete(OperationKind.SCHEMAS, [])
    assert not is_complete(OperationKind.OTHER, {"data": []})


def test_decoding_is_as_lenient_as_the_clients() -> None:
    assert decode(b'[{"a": 1}]') == [{"a": 1}]
    assert decode(b"[NaN]")[0] != decode(b"[NaN]")[0]
    with pytest.raises(ValueError, match="Expecting value"):
        decode(b"<html>")


@pytest.mark.parametrize("value", [b"NaN", b"-Infinity", b"1e400", b'"\\ud83d"'])
def test_what_cannot_be_encoded_again_is_told(value: bytes) -> None:
    decoded, exact = decode_exactly(b'[{"a": %b}]' % value)
    assert not exact
    assert decoded == json.loads(b'[{"a": %b}]' % value) or value == b"NaN"


@given(
    st.recursive(
        st.none() | st.booleans() | st.text() | st.floats(allow_nan=False, allow_infinity=False),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    )
)
def test_exact_answers_can_be_encoded_again(value: Any) -> None:
    decoded, exact = decode_exactly(json.dumps(value).encode())
    assert exact
    assert orjson.loads(orjson.dumps(decoded)) == value


BATCH = '[{"action": "query", "data": [{"__entity_type__": "Task", "id": "t", "name": "\u00e9"}]}]'
DEEP = b"[" * 900 + b"]" * 900
ODD = {
    "byte-order mark": b"\xef\xbb\xbf" + BATCH.encode(),
    "UTF-16": BATCH.encode("utf-16"),
    "UTF-16 without mark": BATCH.encode("utf-16-le"),
    "UTF-32": BATCH.encode("utf-32"),
    "member named twice": b'[{"data": [], "data": []}]',
    "the same with an escape": b'[{"data": [], "d\\u0061ta": [], "x": ":"}]',
    "the same balanced by an escaped colon": b'[{"data": [], "data": [], "x": "\\u003a"}]',
    "deep": b'[{"data": [%b]}]' % DEEP,
    "not a number": b'[{"data": [NaN]}]',
    "infinite": b'[{"data": [-Infinity]}]',
    "too large a number": b'[{"data": [1e400]}]',
    "half a pair": b'[{"data": ["\\udfff"]}]',
}
NONE = {
    "latin-1": BATCH.encode("latin-1"),
    "NUL after it": BATCH.encode() + b"\0",
    "NUL before it": b"\0" + BATCH.encode(),
    "NUL in it": b'[{"data": ["\0"]}]',
    "prefix": b")]}'\n" + BATCH.encode(),
    "two documents": BATCH.encode() * 2,
    "cut off": BATCH.encode()[:-1],
    "form feed": b"\f" + BATCH.encode(),
    "page": b"<html>",
    "nothing": b"",
}


@pytest.mark.parametrize("read", [decode_exactly, decode_slowly])
@pytest.mark.parametrize("body", ODD.values(), ids=ODD)
def test_odd_bytes_are_read_and_never_trusted(body: bytes, read: Any) -> None:
    value, exact = read(body)
    assert isinstance(value, list)
    assert not exact


@pytest.mark.parametrize("read", [decode_exactly, decode_slowly])
@pytest.mark.parametrize("body", NONE.values(), ids=NONE)
def test_what_is_no_json_is_not_guessed(body: bytes, read: Any) -> None:
    with pytest.raises(ValueError):
        read(body)


@pytest.mark.parametrize("read", [decode_exactly, decode_slowly])
@pytest.mark.parametrize(
    "body",
    [BATCH.encode(), b" \t\r\n[]\n", b'[{"a:b": "c:d\\u003A", "x": "\\ud83d\\ude00\\u0000"}]', b"[[1.5e3, -0]]", b"{}"],
)
def test_ordinary_bytes_are_trusted(body: bytes, read: Any) -> None:
    assert read(body) == (json.loads(body), True)


@given(st.recursive(st.none() | st.text() | st.integers(0, 9), lambda i: st.lists(i) | st.dictionaries(st.text(), i)))
def test_both_ways_of_reading_agree(value: Any) -> None:
    for ascii_only in (True, False):
        body = json.dumps(value, ensure_ascii=ascii_only).encode()
        assert decode_exactly(body) == decode_slowly(body) == (value, True)


@pytest.mark.parametrize(
    ("status", "content_type", "readable"),
    [
        (200, "application/json", True), (200, "application/json; charset=UTF-8", True),
        (201, 'application/vnd.x+json;charset="utf-8"', True), (200, "application/json; charset=latin-1", False),
        (200, "application/json; charset=utf-16", False), (200, "application/json; x=y; CHARSET = utf-7", False),
        (200, "", False), (200, "text/plain", False), (200, "text/plain; charset=utf-8", True),
        (500, "application/json", False), (206, "application/json", False), (304, "application/json", False),
        (200, "application/json; charset=caf\udce9", False),
    ],
)  # fmt: skip
def test_an_answers_head_has_to_let_it_be_read(status: int, content_type: str, readable: bool) -> None:
    assert is_readable(status, content_type, BATCH.encode()) is readable
    assert is_readable(status, content_type, b"[]") is (readable or content_type in ("", "text/plain"))


@pytest.mark.parametrize(
    ("status", "answer", "failure"),
    [
        (200, {"exception": "ServerError", "content": "no such attribute"}, Failure.REFUSAL),
        (500, {"exception": "ServerError"}, Failure.REFUSAL),
        (200, {"exception": "InvalidCredentialsError"}, Failure.CREDENTIALS),
        (503, None, Failure.GATEWAY), (400, {}, Failure.GATEWAY),
        (200, [{}], None), (500, [{}], None), (200, {}, None), (200, None, None),
    ],
)  # fmt: skip
def test_errors_are_told_apart(status: int, answer: Any, failure: Failure | None) -> None:
    assert failure_of(status, answer) is failure


@pytest.mark.parametrize(
    ("value", "accepted"),
    [
        ("gzip, deflate", True), ("deflate, X-GZIP", True), ("gzip;q=0.5", True), ("gzip; q=0.001", True),
        ("gzip;q=0", False), ("gzip ; q=0.0, br", False), ("", False), ("identity", False), ("notgzip", False),
    ],
)  # fmt: skip
def test_who_can_read_gzip(value: str, accepted: bool) -> None:
    assert accepts_gzip([("Accept-Encoding", value)]) is accepted
    assert accepts_gzip([("accept-encoding", "br"), ("Accept-Encoding", value)]) is accepted
    assert not accepts_gzip([("X", "gzip")])


def test_errors_name_what_happened() -> None:
    body = error_body("ServerError", "lost", "gone")
    assert json.loads(body) == {"exception": "ServerError", "content": "lost", "error_code": "gone"}


def test_the_sole_entry_is_cut_out_byte_for_byte() -> None:
    assert sole_entry(b' [ {"a" :  [1]} ]\n') == b'{"a" :  [1]}'


def test_answers_that_contradict_each_other() -> None:
    task = {"__entity_type__": "Task", "id": "t", "name": "a", "status": {"__entity_type__": "Status", "id": "s"}}
    whole = known_attributes({"data": [{**task, "status": {**task["status"], "name": "Done"}}]})  # type: ignore[dict-item]
    assert whole["Task", "t"]["status"] == ("Status", "s")
    assert not contradict(whole, known_attributes({"data": [{"__entity_type__": "Task", "id": "t"}]}))
    assert not contradict(whole, known_attributes([task]))
    assert contradict(whole, known_attributes([{**task, "name": "b"}]))
    assert contradict(whole, known_attributes([{"__entity_type__": "Status", "id": "s", "name": "Open"}]))
    listed = {"__entity_type__": "Asset", "id": "a", "versions": [{"__entity_type__": "AssetVersion", "id": "v"}]}
    assert contradict(known_attributes(listed), known_attributes({**listed, "versions": []}))
    assert known_attributes({"__entity_type__": "Metadata", "key": "k"}) == {}


def test_headers_for_the_far_end() -> None:
    headers = [("A", "1"), ("Connection", "keep-alive, X-Own"), ("x-own", "2"), ("TE", "x"), ("A", "3"), ("Host", "h")]
    assert end_to_end(headers, without=("host",)) == [("A", "1"), ("A", "3")]


def test_what_a_client_asks_of_the_cache() -> None:
    assert parse_cache_control(None) == parse_cache_control("") == CacheControl()
    assert parse_cache_control("No-Cache, max-age=5") == CacheControl(no_cache=True, max_age=5)
    assert parse_cache_control('no-store, only-if-cached, max-age="7"') == CacheControl(
        no_store=True, only_if_cached=True, max_age=7
    )
    assert parse_cache_control("max-age=-1, max-age=x, private") == CacheControl()
    assert parse_cache_control("max-age=0") == parse_cache_control("max-age=000") == CacheControl(max_age=0)
    assert parse_cache_control("max-age=0012") == CacheControl(max_age=12)


def test_one_cookie_of_each() -> None:
    cookies = [
        "a=1; Path=/; HttpOnly", "b=1", "a=2; path=/; Max-Age=5", "a=3; Path=/x", "a=4; Path=/; Domain=.Studio.example",
        "a=5; domain=studio.example; path=/", "=c", "d", "e", "",
    ]  # fmt: skip
    assert one_of_each(cookies) == [
        "a=2; path=/; Max-Age=5", "b=1", "a=3; Path=/x", "a=5; domain=studio.example; path=/", "",
    ]  # fmt: skip
    assert one_of_each([f"session={number}; Path=/" for number in range(300)]) == ["session=299; Path=/"]


@pytest.mark.parametrize("digits", ["9" * 5_000, "9" * 60_000, "0" * 5_000 + "9" * 20, "9" * 13])
def test_more_seconds_than_can_be_counted_are_a_long_time(digits: str) -> None:
    directives = parse_cache_control(f"max-age={digits}")
    assert directives.max_age is not None
    assert directives.max_age > 10**9


@pytest.mark.parametrize("text", ["x\0y", "x\ny", "x\ry", "x\x01y", "x\x7fy"])
def test_control_characters_become_blanks(text: str) -> None:
    assert in_one_line(text) == "x y"
    assert end_to_end([("A", text)]) == [("A", "x y")]
    assert in_one_line("a\tb \udce9\u20ac") == "a\tb \udce9\u20ac"


@pytest.mark.parametrize(
    ("handlings", "text"),
    [
        ([HIT, HIT], "p; hit; detail=exact"),
        ([MISS], "p; fwd=miss; stored"),
        ([MISS, Handling(Forwarded.MISS)], "p; fwd=miss; stored"),
        ([HIT, HIT, MISS], 'p; fwd=partial; stored; detail="2 hit, 1 miss"'),
        ([Handling(Forwarded.STALE, "affected", stored=True)], "p; fwd=stale; stored; detail=affected"),
        ([Handling(Forwarded.MISS, collapsed=True)], "p; fwd=miss; collapsed"),
        ([MISS, MISS, Handling(Forwarded.STALE, "aged")], "p; fwd=miss; stored; detail=aged"),
        ([Handling(Forwarded.BYPASS)], "p; fwd=bypass"),
    ],
)
def test_cache_status(handlings: list[Handling], text: str) -> None:
    assert cache_status(handlings, "p") == text


def test_a_proxy_behind_us_comes_first() -> None:
    def appended(*lines: str) -> str:
        return appended_cache_status(CIMultiDict([("cache-status", line) for line in lines]), "p; hit")

    assert appended("cdn; hit") == "cdn; hit, p; hit"
    assert appended() == appended("", " ") == "p; hit"


def test_all_proxies_behind_us_are_told_also_on_several_lines() -> None:
    """RFC 9211 2, RFC 9110 5.3."""
    lines = [("Cache-Status", "a; hit"), ("X", "y"), ("cache-status", ""), ("CACHE-STATUS", "b; fwd=miss, c; hit")]
    assert combined(CIMultiDict(lines), "Cache-Status") == "a; hit, b; fwd=miss, c; hit"
    assert combined(CIMultiDict(lines[2:3]), "Cache-Status") is None
    assert appended_cache_status(CIMultiDict(lines), "p; hit") == "a; hit, b; fwd=miss, c; hit, p; hit"


def test_encodings() -> None:
    plain = b"x" * 1000
    bare = zlib.compress(plain)[2:-4]
    for packed, encoding in ((gzip.compress(plain), "gzip"), (zlib.compress(plain), "Deflate"), (bare, "deflate ")):
        assert unpack(packed, encoding, 1000) == plain
    for encoding in ("", "identity"):
        assert unpack(plain, encoding, 1000) == plain


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (b"plain text", "gzip"), (gzip.compress(b"x" * 99, mtime=0)[:-9], "gzip"), (b"", "gzip"), (b"", "deflate"),
        (zlib.compress(b"x"), "gzip"), (gzip.compress(b"x", mtime=0), "deflate"), (b"x", "br"), (b"x", "gzip, gzip"),
        # Readers differ about what comes after the end: the rest may hold anything.
        (gzip.compress(b"[", mtime=0) + gzip.compress(b"]", mtime=0), "gzip"),
        (gzip.compress(b"[]", mtime=0) + b"\0", "gzip"),
        (zlib.compress(b"[]") + b"]", "deflate"),
    ],
)  # fmt: skip
def test_what_is_not_packed_as_it_says_is_not_read(body: bytes, encoding: str) -> None:
    with pytest.raises(ValueError):
        unpack(body, encoding, 1000)


@pytest.mark.parametrize("encoding", ["gzip", "deflate", ""])
def test_no_more_is_unpacked_than_the_limit(encoding: str) -> None:
    def packed(size: int) -> bytes:
        return {"gzip": gzip.compress, "deflate": zlib.compress, "": bytes}[encoding](random.Random(1).randbytes(size))

    assert len(unpack(packed(5_000), encoding, 5_000)) == 5_000
    with pytest.raises(ValueError, match="limit"):
        unpack(packed(5_001), encoding, 5_000)


def test_a_bomb_is_not_unpacked_even_within_the_limit() -> None:
    bomb = gzip.compress(bytes(2**24))
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="limit"):
            unpack(bomb, "gzip", 2**30)
        assert tracemalloc.get_traced_memory()[1] < 2**23
    finally:
        tracemalloc.stop()


def test_principals_tell_nothing() -> None:
    ana = Credentials("ana", "secret")
    assert "secret" not in repr(ana)
    salt = b"s" * 32
    same = principal_of(ana, salt)
    assert same == principal_of(Credentials("ana", "secret"), salt)
    others = {
        principal_of(Credentials("ana", "other"), salt),
        principal_of(Credentials("bo", "secret"), salt),
        principal_of(ana, b"t" * 32),
        principal_of(ana, salt, [("Authorization", "Basic x")]),
        principal_of(Credentials("an", "asecret"), salt),
    }
    assert len(others) == 5
    assert same not in others
