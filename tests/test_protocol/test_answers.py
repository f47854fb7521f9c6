"""Answers, headers, encodings, packets, identities: values in, values out."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.identity.credentials import Credentials, credentials_of, identity_of
from ftrack_proxy.identity.trust import Trust
from ftrack_proxy.protocol.encoding import inflate
from ftrack_proxy.protocol.errors import error_body
from ftrack_proxy.protocol.headers import (
    CacheControl,
    Forwarded,
    Handling,
    appended_cache_status,
    cache_status,
    end_to_end,
    parse_cache_control,
)
from ftrack_proxy.protocol.operations import OperationKind
from ftrack_proxy.protocol.responses import (
    contradict,
    decode,
    decode_exactly,
    is_complete,
    is_refusal,
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


def test_a_refusal_is_an_error_about_the_question() -> None:
    assert is_refusal(b'{"exception": "ServerError", "content": "no such attribute"}')
    for body in (b'{"exception": "InvalidCredentialsError"}', b"[{}]", b"{}", b"<html>", b"[" * 100_000):
        assert not is_refusal(body)


def test_errors_name_what_happened() -> None:
    body = error_body("ServerError", "lost", "gone")
    assert json.loads(body) == {"exception": "ServerError", "content": "lost", "error_code": "gone"}
    assert is_refusal(body)


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
    assert appended_cache_status({"Cache-Status": "cdn; hit"}, "p; hit") == "cdn; hit, p; hit"
    assert appended_cache_status({}, "p; hit") == "p; hit"


def test_encodings() -> None:
    plain = b"x" * 1000
    for packed in (gzip.compress(plain), zlib.compress(plain), zlib.compress(plain)[2:-4]):
        assert inflate(packed) == plain
    for broken in (b"plain text", gzip.compress(plain)[:-9], b""):
        with pytest.raises(ValueError, match="compressed"):
            inflate(broken)


def test_identities_tell_nothing() -> None:
    ana = Credentials("ana", "secret")
    assert "secret" not in repr(ana)
    salt = b"s" * 32
    same = identity_of(ana, salt)
    assert same == identity_of(Credentials("ana", "secret"), salt)
    others = {
        identity_of(Credentials("ana", "other"), salt),
        identity_of(Credentials("bo", "secret"), salt),
        identity_of(ana, b"t" * 32),
        identity_of(ana, salt, authorization="Basic x"),
        identity_of(Credentials("an", "asecret"), salt),
    }
    assert len(others) == 5
    assert same not in others
    assert credentials_of({"ftrack-user": "ana", "ftrack-api-key": "secret"}) == ana
    assert credentials_of({"ftrack-user": "ana"}) is None
    assert credentials_of({"ftrack-user": "", "ftrack-api-key": "k"}) is None


def test_trust_runs_out() -> None:
    trust = Trust(lifetime=10, limit=2)
    assert not trust.holds(b"a", 0)
    trust.accept(b"a", 0)
    assert trust.holds(b"a", 10)
    assert not trust.holds(b"a", 10.1)
    trust.accept(b"a", 5)
    trust.accept(b"a", 3)
    assert trust.holds(b"a", 15)
    trust.refuse(b"a")
    assert not trust.holds(b"a", 5)
    for name in (b"a", b"b", b"c"):
        trust.accept(name, 0)
    assert not trust.holds(b"a", 0)
    assert trust.holds(b"c", 0)
