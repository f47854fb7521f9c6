"""Web pages: what those of other origins may send, and what ftrack's answers to them say to the browser."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import websocket

from tests.harness import PATIENCE, LocalProxy, until
from tests.scenarios.studio import Person, Studio, open_studio, warm

pytestmark = pytest.mark.required("G6.5")

PAGE = "http://localhost:3000"
OTHER = "https://tool.studio.lan"
ALLOW = "Access-Control-Allow-Origin"
QUERY = [{"action": "query", "expression": "select name from Type"}]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as running:
        yield running


def send(url: str, method: str = "GET", **how: Any) -> requests.Response:
    how["headers"] = {name.replace("_", "-"): value for name, value in how.get("headers", {}).items()}
    with requests.request(method, url, timeout=PATIENCE, allow_redirects=False, **how) as answer:
        _ = answer.content
        return answer


def asked(studio: Studio) -> int:
    return studio.server.counters.requests


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/api", {"Origin": "https://evil.example", "Content-Type": "text/plain"}),
        ("POST", "/api", {"Origin": PAGE, "Sec-Fetch-Site": "same-site"}),
        ("POST", "/api", {"Origin": "null"}),
        ("POST", "/api", {"Origin": PAGE, "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Site": "cross-site"}),
        ("POST", "/api", {"Origin": PAGE, "Cookie": "ftrack_session=1"}),
        ("POST", "/api", {"Origin": PAGE, "Authorization": "Basic x"}),
        ("POST", "/api", {"Origin": PAGE, "ftrack-user": "ana"}),
        ("GET", "/component/remove?id=1", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
        ("GET", "/component/remove?id=1", {"Referer": "https://evil.example/page"}),
        ("GET", "/component/get?id=1&username=ana", {"Sec-Fetch-Site": "same-site"}),
        ("GET", "/-/status", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "cors", "Origin": PAGE}),
        ("OPTIONS", "/api", {"Origin": PAGE}),
        ("GET", "/socket.io/1/", {"Origin": PAGE}),
    ],
)
def test_pages_of_other_origins_are_refused(studio: Studio, method: str, path: str, headers: Mapping[str, str]) -> None:
    before = asked(studio)
    answer = send(studio.proxy.url + path, method, headers=dict(headers), data=b"[]" if method == "POST" else None)
    assert answer.status_code == 403
    assert set(answer.json()) == {"exception", "content", "error_code"}
    assert "allowed_origins" in answer.json()["content"]
    assert ALLOW not in answer.headers
    assert (asked(studio), studio.changes) == (before, 0)


def test_what_a_page_calls_itself_is_not_repeated_at_length(studio: Studio) -> None:
    answer = send(f"{studio.proxy.url}/api", "POST", headers={"Origin": "http://" + "x" * 5000})
    assert answer.status_code == 403
    assert len(answer.text) < 1000


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("GET", "/", {}),
        ("POST", "/api", {}),
        ("GET", "/-/health", {"Sec-Fetch-Site": "none", "Sec-Fetch-Mode": "navigate"}),
        ("GET", "/-/health", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
        ("POST", "/api", {"Origin": "{own}", "Sec-Fetch-Site": "same-origin"}),
        ("POST", "/api", {"Origin": "{own}"}),
        ("POST", "/api", {"Origin": PAGE, "ftrack-user": "ana", "ftrack-api-key": "wrong"}),
        ("GET", "/img/thumbnail2.png", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
        ("OPTIONS", "/api", {"Origin": PAGE, "Access-Control-Request-Method": "POST"}),
    ],
)
def test_others_are_not(studio: Studio, method: str, path: str, headers: Mapping[str, str]) -> None:
    named = {name: value.format(own=studio.proxy.url) for name, value in headers.items()}
    answer = send(studio.proxy.url + path, method, headers=named, data=b"[]" if method == "POST" else None)
    assert answer.status_code in (200, 204)


def test_a_person_who_follows_a_link_is_sent_to_ftrack(studio: Studio) -> None:
    headers = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    answer = send(f"{studio.proxy.url}/player/review/1", headers=headers)
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{studio.server.url}/player/review/1")


def test_a_page_with_a_key_acts_for_nobody_else(studio: Studio) -> None:
    """Neither with a wrong key, nor with its own: the browser's cookies are somebody's who has not been asked."""
    studio.server.site.sessions_first = True
    ana = studio.person("ana")
    warm(ana, studio.name_of_task)
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in ana.cookies.items()), "Origin": PAGE}
    data = {"__entity_type__": "Task", "name": "by a page"}
    write = [{"action": "update", "entity_type": "Task", "entity_key": [studio.task], "entity_data": data}]
    component = studio.server.production.components[0]
    studio.server.put_component(component, b"bytes")
    for key in ("wrong", ""):
        named = {**cookies, "ftrack-user": "ana", "ftrack-api-key": key}
        answer = send(f"{studio.proxy.url}/api", "POST", json=write, headers=named).json()
        assert answer["exception"] == ("InvalidCredentialsError" if key else "CrossSiteRequestError")
    for path in ("/api?username=ana&apiKey=x", "/client/?api_user=ana&api_key=x"):
        assert send(studio.proxy.url + path, "POST", json=write, headers=cookies).status_code == 403
    send(f"{studio.proxy.url}/component/remove?id={component}&username=ana&apiKey=wrong", headers=cookies)
    assert [record for record in studio.server.requests_log if "Origin" in record.headers]
    assert not [record for record in studio.server.requests_log if {"Origin", "Cookie"} <= set(record.headers)]
    assert ana.ask(studio.name_of_task).is_hit
    # With its own key it does what it may.
    named = {**cookies, **ana.headers}
    assert isinstance(send(f"{studio.proxy.url}/api", "POST", json=write, headers=named).json(), list)
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "by a page"


@pytest.mark.parametrize(
    ("allowed", "origin", "status"),
    [((PAGE,), PAGE, 200), ((PAGE,), OTHER, 403), (("*",), OTHER, 200), (("*",), "null", 200), ((PAGE,), "null", 403)],
)
def test_origins_that_are_allowed(tmp_path: Path, allowed: tuple[str, ...], origin: str, status: int) -> None:
    with open_studio(tmp_path, listens_as=None) as studio:
        restarted(studio, allowed_origins=allowed)
        assert send(f"{studio.proxy.url}/api", "POST", headers={"Origin": origin}, json=QUERY).status_code == status
        picture = {"Sec-Fetch-Site": "cross-site", "Referer": f"{origin}/page"}
        assert send(f"{studio.proxy.url}/", headers=picture).status_code == status


def restarted(studio: Studio, **changes: Any) -> None:
    settings = dataclasses.replace(studio.proxy.settings, **changes)
    studio.proxy.stop()
    studio.proxy = LocalProxy(settings).start()


# -- the event hub


def connect(studio: Studio, query: str = "", **how: Any) -> None:
    user, key = studio.server.credentials("ana")
    named = {"ftrack-user": user, "ftrack-api-key": key}
    handshake = send(f"{studio.proxy.url}/socket.io/1/", headers=named).text.partition(":")[0]
    address = f"{studio.proxy.url.replace('http', 'ws', 1)}/socket.io/1/websocket/{handshake}{query}"
    socket = websocket.create_connection(address, timeout=PATIENCE, **how)
    assert socket.recv() == "1::"
    socket.close()


@pytest.mark.parametrize("cookie", [None, "ftrack_session=1"])
@pytest.mark.parametrize("mode", ["websocket", "navigate"])
def test_a_page_cannot_open_a_socket_by_somebodys_cookie(studio: Studio, cookie: str | None, mode: str) -> None:
    with pytest.raises(websocket.WebSocketBadStatusException) as refused:
        connect(studio, origin="https://evil.example", cookie=cookie, header={"Sec-Fetch-Mode": mode})
    assert refused.value.status_code == 403


def test_a_program_or_a_page_with_a_key_can(studio: Studio) -> None:
    user, key = studio.server.credentials("ana")
    connect(studio, suppress_origin=True)
    connect(studio, f"?api_user={user}&api_key={key}", origin=PAGE, cookie="ftrack_session=1")
    assert "Cookie" not in studio.server.requests_log[-1].headers
    connect(studio, origin=studio.proxy.url)


# -- what pages may read


def ask(studio: Studio, person: Person, origin: str | None, expression: str = "select name from Type") -> Any:
    headers = {**person.headers, **({} if origin is None else {"Origin": origin})}
    body = [{"action": "query", "expression": expression}]
    return send(f"{studio.proxy.url}/api", "POST", headers=headers, json=body)


def permission(answer: requests.Response) -> dict[str, str]:
    named = {"vary": answer.headers.get("Vary", "")}
    return named | {n.lower(): v for n, v in answer.headers.items() if n.lower().startswith("access-control-")}


@pytest.mark.parametrize("public", [False, True])
def test_a_hit_says_what_ftrack_says(studio: Studio, public: bool) -> None:
    """Also if somebody else, who is no page, asked first."""
    studio.server.site.cross_origin.public = public
    ana = studio.person()
    warm(ana, "select name from Type")
    direct = send(f"{studio.server.url}/api", "POST", headers={**ana.headers, "Origin": PAGE}, json=QUERY)
    for number in range(3):
        answer = ask(studio, ana, PAGE)
        assert ("hit" in answer.headers["Cache-Status"]) is (number > 0)
        assert permission(answer) == permission(direct)
    assert answer.headers[ALLOW] == ("*" if public else PAGE)
    assert ALLOW not in ask(studio, ana, None).headers


def test_origins_are_told_apart(studio: Studio) -> None:
    studio.server.site.cross_origin.permitted = frozenset({PAGE})
    ana = studio.person()
    for _ in range(2):
        assert ask(studio, ana, PAGE).headers[ALLOW] == PAGE
        refused = ask(studio, ana, OTHER)
        assert not {name for name in refused.headers if name.lower().startswith("access-control-")}
    assert "hit" in ask(studio, ana, PAGE).headers["Cache-Status"]
    assert "hit" in ask(studio, ana, OTHER).headers["Cache-Status"]


def test_who_joins_anothers_fetch_hears_of_his_own_page(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, "select name from Type")
    for origin in (PAGE, OTHER):
        ask(studio, ana, origin)
    for expression, is_error in (("select name from Status", False), ("select name from Priority", True)):
        held = studio.server.hold(contains=expression, when="before")
        answers = [studio.threads.submit(ask, studio, ana, PAGE, expression)]
        held.wait_reached()
        before = studio.proxy.parts.counters.waiting
        answers.append(studio.threads.submit(ask, studio, ana, OTHER, expression))
        until(lambda before=before: studio.proxy.parts.counters.waiting > before, "a read to join")
        if is_error:
            studio.server.engine.revoke_key("ana")
        held.release()
        assert [answer.result(PATIENCE).headers[ALLOW] for answer in answers] == [PAGE, OTHER]
        assert isinstance(answers[1].result().json(), dict) is is_error


def test_permission_is_not_believed_for_ever(studio: Studio) -> None:
    ana = studio.person()
    ask(studio, ana, PAGE)
    studio.server.site.cross_origin.permitted = frozenset()
    assert ask(studio, ana, PAGE).headers[ALLOW] == PAGE
    studio.proxy.clock.ahead += 301
    assert ALLOW not in ask(studio, ana, PAGE).headers


def test_our_own_errors_can_be_read_by_the_page(studio: Studio) -> None:
    ana = studio.person()
    never_seen = send(f"{studio.proxy.url}/api", "POST", headers={"Origin": OTHER})
    assert (never_seen.status_code, ALLOW in never_seen.headers) == (403, False)
    ask(studio, ana, PAGE)
    own = [
        send(f"{studio.proxy.url}/api", "POST", headers={"Origin": PAGE}),
        send(f"{studio.proxy.url}/api", "POST", headers={**ana.headers, "Origin": PAGE, "Host": "evil.example"}),
        send(f"{studio.proxy.url}/api", "POST", json=[{"action": "query", "expression": "Asset"}],
             headers={**ana.headers, "Origin": PAGE, "Cache-Control": "only-if-cached"}),
    ]  # fmt: skip
    studio.server.refuse()
    own.append(ask(studio, ana, PAGE, "select name from Priority"))
    assert [answer.status_code for answer in own] == [403, 421, 504, 502]
    assert [answer.headers.get(ALLOW) for answer in own] == [PAGE] * 4
    # Of our own pages nothing is for others to read, and of other end points ftrack said nothing yet.
    assert ALLOW not in send(f"{studio.proxy.url}/-/health", headers={"Origin": PAGE, **ana.headers}).headers
    assert ALLOW not in send(f"{studio.proxy.url}/component/get?id=1", headers={"Origin": PAGE, **ana.headers}).headers


def test_nothing_is_added_to_what_ftrack_or_a_gateway_answers(studio: Studio) -> None:
    ana = studio.person()
    ask(studio, ana, PAGE)
    studio.server.site.cross_origin.permitted = frozenset()
    studio.server.fail_next(status=502)
    assert ALLOW not in ask(studio, ana, PAGE, "select name from Priority").headers
    write = [{"action": "a new one"}]
    assert (
        ALLOW
        not in send(f"{studio.proxy.url}/api", "POST", json=write, headers={**ana.headers, "Origin": PAGE}).headers
    )


def preflight(studio: Studio, **headers: str) -> requests.Response:
    named = {"Origin": PAGE, "Access-Control-Request-Method": "POST", **headers}
    return send(f"{studio.proxy.url}/api", "OPTIONS", headers=named)


def test_preflights_are_answered_as_ftrack_did(studio: Studio) -> None:
    named = {"Access_Control_Request_Headers": "content-type,ftrack-api-key,ftrack-user"}
    first = preflight(studio, **named)
    before = asked(studio)
    second = preflight(studio, **named)
    assert asked(studio) == before
    assert second.status_code == first.status_code == 204
    assert permission(second) == permission(first)
    assert second.headers["Access-Control-Allow-Headers"] == named["Access_Control_Request_Headers"]
    preflight(studio, Access_Control_Request_Headers="x-other")
    assert asked(studio) == before + 1
    assert studio.changes == 0


def test_a_preflight_that_was_turned_down_is_asked_again(studio: Studio) -> None:
    studio.server.fail_next(status=503, path="/api")
    assert preflight(studio).status_code == 503
    assert preflight(studio).headers[ALLOW] == PAGE
