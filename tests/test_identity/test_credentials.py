"""Who asks: what of a request's headers belongs to the asker, as ftrack will see them."""

from __future__ import annotations

import pytest

from ftrack_proxy.identity.cookies import IssuedCookies
from ftrack_proxy.identity.credentials import Credentials, credentials_of
from ftrack_proxy.identity.disclosure import has_own_key, is_anonymous
from ftrack_proxy.identity.principal import Principal, account_of, account_within, principal_of
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.request.identify import Identifier

pytestmark = pytest.mark.required("G6.1")

SALT = b"s" * 32
ANA = Credentials("ana", "secret")
OWN = [("ftrack-user", "ana"), ("ftrack-api-key", "secret")]
IDENTIFY = Identifier(SALT).identify


def called(*headers: tuple[str, str], path: str = "/api") -> Principal | None:
    return IDENTIFY(path, headers, b"[]", b"[]").principal


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (OWN, ANA),
        ([("FTRACK-USER", "ana"), ("Ftrack-Api-Key", "secret")], ANA),
        ([("ftrack-user", "ana")], None),
        ([("ftrack-user", ""), ("ftrack-api-key", "secret")], None),
        ([*OWN, ("ftrack-user", "bo")], None),
        ([*OWN, ("Ftrack-User", "ana")], None),
        ([*OWN, ("ftrack-api-key", "")], None),
        ([("ftrack_user", "ana"), ("ftrack_api_key", "secret")], None),
        ([("ftrack-user", "bj\udcf6rn"), ("ftrack-api-key", "k")], Credentials("bj\udcf6rn", "k")),
    ],
)
def test_credentials(headers: list[tuple[str, str]], expected: Credentials | None) -> None:
    assert credentials_of(headers) == expected


def test_whatever_may_authenticate_belongs_to_the_principal() -> None:
    plain = called(*OWN)
    assert plain == principal_of(ANA, SALT)
    others = [
        called(*OWN, ("Authorization", "Basic x")),
        called(*OWN, ("Authorization", "Basic x"), ("authorization", "Basic y")),
        called(*OWN, ("authorization", "Basic y"), ("Authorization", "Basic x")),
        called(*OWN, ("X-Studio-Token", "t")),
        called(*OWN, ("ftrack_user", "bo"), ("ftrack_api_key", "other")),
        called(*OWN, ("Ftrack-Apikey", "other")),
        called(*OWN, ("X-Forwarded-User", "bo")),
        called(*OWN, ("Remote-User", "bo")),
    ]
    assert plain is not None
    assert len({plain, *others}) == len(others) + 1
    assert {account_within(other) for other in others if other is not None} == {account_of(ANA, SALT)}


def test_what_says_nothing_of_the_asker_does_not() -> None:
    said = (
        ("Cookie", "a=b"), ("User-Agent", "x"), ("Accept", "application/json"), ("Origin", "http://x"),
        ("Sec-Fetch-Site", "cross-site"), ("sec-ch-ua", "y"), ("ftrack-Clienttoken", "z"),
        ("Cache-Control", "no-cache"),
        ("traceparent", "00-1"), ("X-Forwarded-For", "10.0.0.1"), ("Content-Length", "2"), ("Connection", "close"),
    )  # fmt: skip
    assert called(*OWN, *said) == called(*OWN) == called(*reversed(OWN))


def test_a_client_cannot_have_its_credentials_dropped_on_the_way() -> None:
    named = ("Connection", "close, FTRACK-user, ftrack-api-key, Authorization, Cookie, X-Token")
    token, basic = ("X-Token", "t"), ("Authorization", "Basic x")
    assert called(*OWN, named) == called(*OWN)
    assert called(*OWN, basic, named) == called(*OWN, basic)
    # What really is dropped is not seen by ftrack, so it does not count.
    assert called(*OWN, token, named) == called(*OWN) != called(*OWN, token)


def test_a_query_string_may_name_somebody_else() -> None:
    assert called(*OWN, path="/api?username=bo&apiKey=x") is None
    assert called(*OWN, path="/api?") is None


def test_all_of_a_header_counts() -> None:
    """Also if it comes on several lines."""
    headers = (("Cache-Control", "max-age=5"), ("cache-control", "no-store"), ("Cookie", "a=1"), ("Cookie", "b=2"))
    call = IDENTIFY("/api", (*OWN, *headers), b"[]", b"[]")
    assert (call.directives.no_store, call.directives.max_age, call.cookies) == (True, 5, ("a=1", "b=2"))


def test_who_asks_is_read_once() -> None:
    """The length of the body is all that differs between most requests of a client."""
    headers = (*OWN, ("User-Agent", "tool"))
    identifier = Identifier(SALT)
    for length in range(50):
        identifier.identify("/api", (*headers, ("Content-Length", str(length))), b"", b"")
    for number in range(50):
        identifier.identify("/api", (*headers, ("X-Long", "x" * 5000 + str(number))), b"", b"")
    remembered = identifier.remembered.cache_info()
    assert (remembered.misses, remembered.hits) == (1, 49)


def test_answers_that_are_written_otherwise_are_others() -> None:
    def tag(*headers: tuple[str, str]) -> bytes:
        return IDENTIFY("/api", headers, b"[]", b"[]").representation.tag

    strict, plain = ("ftrack-api-options", "strict:1;denormalize:1"), ("ftrack-api-options", "")
    tags = [
        tag(), tag(strict), tag(plain, strict), tag(strict, plain),
        tag(("ftrack-strict-api", "true")),
        tag(("ftrack-api-options", "caf\udce9")),
    ]  # fmt: skip
    assert len(set(tags)) == len(tags)
    assert tag(strict, ("Connection", "ftrack-api-options")) == tag(strict)
    assert IDENTIFY("/api", (strict, plain), b"[]", b"[]").representation.form is EntityForm.DENORMALISED


@pytest.mark.parametrize(
    ("path", "headers", "nobody"),
    [
        ("/api", [], True),
        ("/api", [("Accept", "x"), ("Origin", "http://x"), ("Content-Type", "text/plain")], True),
        ("/component/remove?id=1&size=2", [], True),
        ("/component/remove?id=1&username=a&apiKey=k", [], False),
        ("/upload/x?signature=1", [], False),
        ("/api", [("Cookie", "a=b")], False),
        ("/api", [("ftrack-user", "ana")], False),
        ("/client/", [("Ftrack-Apikey", "k")], False),
        ("/api", [("Authorization", "Basic x")], False),
        ("/api", [("X-Token", "x")], False),
    ],
)
def test_who_shows_nothing_of_himself(path: str, headers: list[tuple[str, str]], nobody: bool) -> None:
    assert is_anonymous(path, headers) is nobody


@pytest.mark.parametrize(
    ("path", "headers", "own"),
    [
        ("/api", OWN, True),
        ("/client/", [("Ftrack-User", "ana"), ("Ftrack-Apikey", "k")], True),
        ("/component/get?id=1&username=ana&apiKey=k", [], True),
        ("/socket.io/1/websocket/x?api_user=ana&api_key=k", [], True),
        ("/component/get?id=1&username=ana&apiKey=", [], False),
        ("/component/get?username=ana&api_key=k", [], False),
        ("//component/get?username=ana&apiKey=k", [], True),
        # Where nobody looks for it a key is none: the browser's cookies might be.
        ("/api?username=ana&apiKey=k", [], False),
        ("/client/?api_user=ana&api_key=k", [], False),
        ("/component/get?api_user=ana&api_key=k", [], False),
        ("/api", [("ftrack-user", "ana"), ("ftrack-api-key", "")], False),
        ("/api", [("Cookie", "ftrack_session=1"), ("Authorization", "Basic x")], False),
    ],
)
def test_a_key_of_ones_own(path: str, headers: list[tuple[str, str]], own: bool) -> None:
    assert has_own_key(path, headers) is own


def test_cookies_belong_to_whom_they_were_issued() -> None:
    cookies = IssuedCookies(limit=3)
    ana, bo = principal_of(ANA, SALT), principal_of(Credentials("bo", "k"), SALT)
    cookies.note(ana, ["session=1; Path=/; HttpOnly", "node=n1"])
    assert cookies.are_own(ana, [])
    assert cookies.are_own(ana, ["session=1; node=n1"])
    assert cookies.are_own(ana, ["node=n1", "session=1;"])
    assert not cookies.are_own(bo, ["session=1"])
    assert not cookies.are_own(ana, ["session=1; session=2"])
    assert not cookies.are_own(ana, ["session=1", "sso=x"])
    cookies.note(bo, ["a=1", "b=2", "c=3"])
    assert not cookies.are_own(ana, ["session=1"])
