"""Web pages: from which one a request comes, and what ftrack permits which."""

from __future__ import annotations

import pytest
from multidict import CIMultiDict

from ftrack_proxy.identity.pages import OPAQUE, foreign_page, normal_origin
from ftrack_proxy.identity.permissions import Permission, Permissions, Preflight, preflight_of

pytestmark = pytest.mark.required("G6.5")

HOST = ("Host", "localhost:8089")
PAGE = "http://localhost:3000"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://localhost:3000", PAGE),
        ("HTTP://LOCALHOST:3000/", PAGE),
        ("https://tool.lan:443", "https://tool.lan"),
        ("http://[::1]:80", "http://[::1]"),
        ("chrome-extension://abc", "chrome-extension://abc"),
        ("null", None), ("", None), ("studio", None), ("http://", None), ("http://a/path", None), ("http://a?b", None),
        ("http://user@a", None), ("http://a:99999", None), ("http://a:x", None), ("http://[::1", None),
        ("http://ä", None),
    ],
)  # fmt: skip
def test_origins(text: str, expected: str | None) -> None:
    assert normal_origin(text) == expected


@pytest.mark.parametrize(
    ("headers", "page"),
    [
        ([], None),
        ([("Origin", "http://localhost:8089")], None),
        ([("Origin", "https://LOCALHOST:8089")], None),
        ([("Sec-Fetch-Site", "same-origin")], None),
        ([("Sec-Fetch-Site", "none")], None),
        # Behind something that changes the host, the browser knows better.
        ([("Sec-Fetch-Site", "same-origin"), ("Origin", "https://proxy.lan")], None),
        ([("Referer", "http://localhost:8089/-/")], None),
        ([("Referer", "about:blank")], None),
        ([("Origin", PAGE)], PAGE),
        ([("Origin", "https://evil.example")], "https://evil.example"),
        ([("Origin", "http://127.0.0.1:8089")], "http://127.0.0.1:8089"),
        ([("Origin", "null")], OPAQUE),
        ([("Origin", "")], OPAQUE),
        ([("Origin", "http://localhost:8089"), ("Origin", "https://evil.example")], "https://evil.example"),
        ([("Sec-Fetch-Site", "same-site")], OPAQUE),
        ([("Sec-Fetch-Site", "cross-site"), ("Origin", PAGE)], PAGE),
        ([("Sec-Fetch-Site", "cross-site"), ("Referer", f"{PAGE}/page?x")], PAGE),
        ([("Sec-Fetch-Site", "same-origin"), ("Sec-Fetch-Site", "cross-site")], OPAQUE),
        ([("Sec-Fetch-Site", "a word of the future")], OPAQUE),
        ([("Referer", "https://evil.example/page")], "https://evil.example"),
        ([("Referer", "http://[")], None),
    ],
)
def test_foreign_pages(headers: list[tuple[str, str]], page: str | None) -> None:
    assert foreign_page([HOST, *headers]) == page


def preflight(**headers: str) -> Preflight:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    sent = CIMultiDict({"Origin": PAGE, "Access-Control-Request-Method": "POST", **named})
    found = preflight_of("OPTIONS", "/api", sent)
    assert found is not None
    return found


def test_permissions_are_those_of_the_origin_and_place() -> None:
    permissions = Permissions(lifetime=10)
    given = [("Access-Control-Allow-Origin", PAGE), ("ACCESS-CONTROL-EXPOSE-HEADERS", "x"), ("Set-Cookie", "a=b")]
    permissions.learn(PAGE, "//api", given, 0)
    assert permissions.of(PAGE, "/api", 10) == tuple(given[:2])
    assert permissions.of(PAGE, "/api", 11) is None
    assert permissions.of(PAGE, "/component/get", 0) is None
    assert permissions.of("http://localhost:3001", "/api", 0) is None
    permissions.learn(PAGE, "/api", [("Content-Type", "x")], 1)
    assert permissions.of(PAGE, "/api", 1) == ()


def test_a_preflight_asks_for_all_headers_that_it_names_also_on_several_lines() -> None:
    named = [("Access-Control-Request-Headers", "x-a"), ("access-control-request-headers", "x-b,x-c")]
    sent = CIMultiDict([("Origin", PAGE), ("Access-Control-Request-Method", "POST"), *named])
    found = preflight_of("OPTIONS", "/api", sent)
    assert found is not None
    assert found.headers == "x-a, x-b,x-c"


def test_preflights_are_those_that_were_answered() -> None:
    permissions = Permissions(lifetime=10)
    asked = preflight()
    permissions.learn_preflight(asked, 403, [], 0)
    assert permissions.of_preflight(asked, 0) is None
    permissions.learn_preflight(asked, 204, [("Access-Control-Max-Age", "5"), ("Date", "x")], 0)
    answer = Permission(204, (("Access-Control-Max-Age", "5"),))
    assert permissions.of_preflight(asked, 10) == answer
    assert permissions.of_preflight(asked, 11) is None
    for other in (
        preflight(Access_Control_Request_Headers="x"),
        preflight(Origin="http://other"),
        preflight(Access_Control_Request_Method="PUT"),
        preflight(Access_Control_Request_Private_Network="true"),
    ):
        assert permissions.of_preflight(other, 0) is None
    assert preflight_of("OPTIONS", "/api", {"Origin": PAGE}) is None
    assert preflight_of("POST", "/api", {"Origin": PAGE, "Access-Control-Request-Method": "POST"}) is None


def test_what_is_remembered_of_pages_is_bounded() -> None:
    permissions = Permissions(lifetime=10, limit=2)
    for number in range(4):
        permissions.learn(f"http://{number}", "/api", [], 0)
    assert [permissions.of(f"http://{number}", "/api", 0) for number in range(4)] == [None, None, (), ()]
    permissions.learn("http://" + "x" * 10_000, "/api", [], 0)
    assert permissions.of("http://3", "/api", 0) == ()
