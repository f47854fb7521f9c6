"""Answers that are not exactly what is expected: passed on unchanged, never cut or kept, and no proxy error."""

from __future__ import annotations

import gzip
import json
import socket
import zlib
from collections.abc import Callable, Iterator

import pytest

from tests.hostile.gateway import Plain, Spoiler, Stage, stage

pytestmark = pytest.mark.required("G7.5")

STATUSES = b'[{"action": "query", "expression": "select name from Status"}]'
TYPES = {"action": "query", "expression": "select name from Type"}
BOTH = json.dumps([*json.loads(STATUSES), TYPES]).encode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with stage(tmp_path_factory.mktemp("odd")) as opened:
        yield opened


@pytest.fixture
def opened(shared: Stage) -> Iterator[Stage]:
    yield shared
    shared.gateway.spoiler = None


def body(change: Callable[[bytes], bytes], *lines: bytes, without: tuple[str, ...] = ()) -> Spoiler:
    def spoil(answer: Plain, _: socket.socket) -> bytes:
        return answer.raw(change(answer.body), *lines, without=without)

    return spoil


def _same(content: bytes) -> bytes:
    return content


SPOILERS: dict[str, Spoiler] = {
    "byte-order mark": body(lambda b: b"\xef\xbb\xbf" + b),
    "UTF-16": body(lambda b: b.decode().encode("utf-16")),
    "latin-1": body(lambda b: b.replace(b"name", b"n\xe9me")),
    "another charset": body(_same, b"Content-Type: application/json; charset=utf-16", without=("content-type",)),
    "charset that is none": body(_same, b"Content-Type: application/json; charset=\xe9", without=("content-type",)),
    "NUL after it": body(lambda b: b + b"\0"),
    "prefix": body(lambda b: b")]}',\n" + b),
    "two documents": body(lambda b: b + b),
    "member named twice": body(lambda b: b.replace(b'"data":', b'"data":[],"data":')),
    "one entry more": body(lambda b: b[:-1] + b",{}]"),
    "one entry less": body(lambda b: b"[]"),
    "no list": body(lambda b: b[1:-1]),
    "not a number": body(lambda b: b.replace(b'"data":[', b'"data":[NaN,')),
    "half a pair": body(lambda b: b.replace(b'"data":[', b'"data":["\\ud83d",')),
    "deep": body(lambda b: b.replace(b'"data":[', b'"data":[' + b"[" * 900 + b"]" * 900 + b",")),
    "deeper": body(lambda b: b"[" * 100_000),
    "many digits": body(lambda b: b.replace(b'"data":[', b'"data":[' + b"1" * 5_000 + b",")),
    "nothing": body(lambda b: b""),
    "page": body(lambda b: b"<html>", b"Content-Type: text/html", without=("content-type",)),
    "part of it": lambda answer, _: Plain(206, answer.headers, answer.body).raw(),
    "success that is none": lambda answer, _: Plain(500, answer.headers, answer.body).raw(),
    "gzip that is none": body(_same, b"Content-Encoding: gzip"),
    "gzip cut short": body(lambda b: gzip.compress(b, mtime=0)[:-5], b"Content-Encoding: gzip"),
    "gzip and more": body(
        lambda b: gzip.compress(b, mtime=0) + gzip.compress(b" ", mtime=0), b"Content-Encoding: gzip"
    ),
    "unknown encoding": body(_same, b"Content-Encoding: zstd"),
    "two encodings": body(
        lambda b: zlib.compress(gzip.compress(b, mtime=0)), b"Content-Encoding: gzip", b"Content-Encoding: deflate"
    ),
}


@pytest.mark.parametrize("batch", [STATUSES, BOTH], ids=["one", "batch"])
@pytest.mark.parametrize("spoiler", SPOILERS.values(), ids=SPOILERS)
def test_it_comes_as_it_is_and_is_not_kept(opened: Stage, spoiler: Spoiler, batch: bytes) -> None:
    directives = {"Accept_Encoding": "gzip, deflate", "Cache_Control": "no-cache"}
    opened.gateway.spoiler = spoiler
    expected = opened.post(batch, direct=True)
    for _ in range(2):
        status, headers, content = opened.post(batch, **directives)
        assert "stored" not in headers["cache-status"]
        assert (status, content) == (expected[0], expected[2])
        for name in ("content-type", "content-encoding"):
            assert headers.get(name) == expected[1].get(name)
    opened.gateway.spoiler = None
    assert json.loads(opened.post(batch)[2]) == json.loads(opened.post(batch, direct=True)[2])


def test_what_is_odd_in_one_part_is_the_batchs(opened: Stage) -> None:
    """One operation alone is answered oddly, the whole batch is not: that is asked for, and nothing put together."""
    opened.gateway.spoiler = SPOILERS["byte-order mark"]
    opened.gateway.spoils = lambda body: b"Type" in body and b"Status" not in body
    content = opened.post(BOTH, Cache_Control="no-cache")[2]
    opened.gateway.spoils = lambda body: True
    opened.gateway.spoiler = None
    assert content == opened.post(BOTH, direct=True)[2]


def test_an_error_in_one_part_still_is_the_answer(opened: Stage) -> None:
    error = b'{"exception": "ServerError", "content": "no", "error_code": null}'
    opened.gateway.spoiler = body(lambda b: error)
    opened.gateway.spoils = lambda body: b"Type" in body and b"Status" not in body
    before = len(opened.gateway.asked())
    status, _, content = opened.post(BOTH, Cache_Control="no-cache")
    opened.gateway.spoils = lambda body: True
    assert (status, content) == (200, error)
    assert len(opened.gateway.asked()) == before + 2


def test_who_cannot_read_gzip_is_not_sent_any(opened: Stage) -> None:
    """We had it sent in gzip, and cannot unpack it: the client's own request decides what comes."""
    opened.gateway.spoiler = SPOILERS["gzip cut short"]
    opened.gateway.spoils = lambda body: opened.gateway.requests[-1].header("Accept-Encoding") == "gzip"
    status, headers, content = opened.post(STATUSES, Cache_Control="no-cache", Accept_Encoding="identity")
    opened.gateway.spoils = lambda body: True
    opened.gateway.spoiler = None
    assert (status, content) == (200, opened.post(STATUSES, direct=True)[2])
    assert "content-encoding" not in headers


def test_own_words_are_not_answered_to_the_client(opened: Stage) -> None:
    """A miss by id asks for more than the client did; an odd answer to that is none to the client."""
    task = opened.server.production.tasks[0]
    asked = json.dumps([{"action": "query", "expression": f'select name from Task where id is "{task}"'}]).encode()
    opened.gateway.spoiler = SPOILERS["byte-order mark"]
    content = opened.post(asked)[2]
    assert content == opened.post(asked, direct=True)[2]


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_a_bomb_is_passed_on_packed(opened: Stage, encoding: str) -> None:
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    bomb = pack(b'[{"action":"query","data":[]' + b" " * 2**25 + b"}]")
    opened.gateway.spoiler = body(lambda b: bomb, b"Content-Encoding: " + encoding.encode())
    _, headers, content = opened.post(STATUSES, Cache_Control="no-cache", Accept_Encoding="gzip, deflate")
    assert (headers["content-encoding"], content) == (encoding, bomb)
    assert "stored" not in headers["cache-status"]


BEHIND = (b"Cache-Status: cdn; hit", b"Via: 1.1 a", b"Cache-Status: edge; fwd=miss, gate; hit", b"Via: 1.1 b")


@pytest.mark.parametrize("asked", ["a read", "reads", "an error", "a write"])
def test_all_that_proxies_behind_us_say_is_told(opened: Stage, asked: str) -> None:
    """Each may have written a line of its own; the nearest to the client stands last (RFC 9211 2)."""
    opened.gateway.spoiler = body(_same, *BEHIND)
    sent: dict[str, list[dict[str, object]]] = {
        "a read": [{"action": "query", "expression": "select name from Priority"}],
        "reads": [{"action": "query", "expression": f"select {name} from Priority"} for name in ("sort", "color")],
        "an error": [{"action": "query", "expression": "select nothing from Priority"}],
        "a write": [{"action": "create", "entity_type": "Note", "entity_data": {"content": "x"}}],
    }
    _, headers, _ = opened.post(json.dumps(sent[asked]).encode())
    behind, _, ours = headers["cache-status"].rpartition(", ")
    assert behind == "cdn; hit, edge; fwd=miss, gate; hit"
    assert ours.startswith("ftrack-proxy; fwd=")
    _, headers, _ = opened.post(json.dumps(sent["a read"]).encode())
    if asked == "a read":
        assert headers["cache-status"].startswith("ftrack-proxy; hit"), "nobody behind us was asked"
