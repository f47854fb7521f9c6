"""Which request goes where, who may ask, the proxy's own endpoints, and that no key is ever shown."""

from __future__ import annotations

import http.client
import json
import logging
from contextlib import closing
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from ftrack_proxy.web.host_check import HostCheck
from tests.harness import PATIENCE, LocalProxy, settings_for
from tests.test_web.origin import Origin

SECRET = "f00dfacef00dface"


def ask(url: str, method: str = "GET", **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    with requests.request(method, url, headers=named, timeout=PATIENCE, allow_redirects=False) as answer:
        _ = answer.content
        return answer


@pytest.mark.parametrize("page", ["health", "ready", "status", "status/"])
def test_own_pages(proxy: LocalProxy, page: str) -> None:
    answer = ask(f"{proxy.url}/-/{page}")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert ask(f"{proxy.url}/-/{page}", "HEAD").status_code == 200
    refused = ask(f"{proxy.url}/-/{page}", "POST")
    assert (refused.status_code, refused.headers["Allow"]) == (405, "GET, HEAD")


def test_status_has_what_it_promises(proxy: LocalProxy, origin: Origin) -> None:
    status = proxy.status()
    assert status["upstream"] == origin.url
    assert set(status["feed"]) >= {"connected", "epoch", "changes"}
    assert set(status["cache"]) >= {"results", "disk_bytes"}
    assert set(status["requests"]) >= {"hits", "misses", "writes", "passed_through"}
    assert any("FTRACK_PROXY_API_USER" in reason for reason in status["degraded"])


def test_unknown_pages_of_ours_are_not_ftracks(proxy: LocalProxy, origin: Origin) -> None:
    answer = ask(f"{proxy.url}/-/no-such-page")
    assert answer.status_code == 404
    assert set(answer.json()) == {"exception", "content", "error_code"}
    assert origin.requests == []


def test_a_person_in_a_browser_is_sent_to_ftracks_own_site(proxy: LocalProxy, origin: Origin) -> None:
    answer = ask(f"{proxy.url}/player/review/1?a=b%20c", Sec_Fetch_Mode="navigate")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"{origin.url}/player/review/1?a=b%20c")
    assert ask(f"{proxy.url}/").status_code == 200
    assert ask(f"{proxy.url}/x", Sec_Fetch_Mode="cors").status_code == 200
    assert ask(f"{proxy.url}/x", "POST", Sec_Fetch_Mode="navigate").status_code == 200
    assert ask(f"{proxy.url}/-/health", Sec_Fetch_Mode="navigate").status_code == 200


def test_log_in_dialogs_see_ftrack(proxy: LocalProxy, origin: Origin) -> None:
    origin.answer("/", b"HTTP/1.1 200 OK\r\nFTRACK_VERSION: 4.13.8\r\nContent-Length: 0\r\n\r\n")
    answer = ask(f"{proxy.url}/")
    assert (answer.status_code, answer.headers["FTRACK_VERSION"]) == (200, "4.13.8")


@pytest.mark.parametrize(
    ("host", "accepted"),
    [
        ("localhost", True), ("LOCALHOST:8089", True), ("127.0.0.1:1", True), ("[::1]:8089", True), ("10.1.2.3", True),
        ("tool.localhost", True), ("allowed.lan:80", True), ("evil.example", False), ("localhost.evil.example", False),
        ("", False), (None, True),
    ],
)  # fmt: skip
def test_host_names(host: str | None, accepted: bool) -> None:
    assert HostCheck("127.0.0.1", ["allowed.lan"]).accepts(host) is accepted
    assert HostCheck("127.0.0.1", ["*"]).accepts(host)


def test_a_foreign_host_is_refused(proxy: LocalProxy, origin: Origin) -> None:
    answer = ask(f"{proxy.url}/-/status", Host="evil.example")
    assert answer.status_code == 421
    assert "allowed_hosts" in answer.json()["content"]
    assert origin.requests == []


def test_our_own_request_coming_back_is_a_loop(tmp_path: Path, origin: Origin) -> None:
    with LocalProxy(settings_for(origin.url, tmp_path)) as proxy:
        ask(f"{proxy.url}/x")
        trace = origin.requests[-1].header("Ftrack-Proxy-Via")
        assert trace
        assert ask(f"{proxy.url}/x", Ftrack_Proxy_Via=f"other, {trace}").status_code == 508
        with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
            connection.putrequest("GET", "/x")
            connection.putheader("Ftrack-Proxy-Via", "other")
            connection.putheader("Ftrack-Proxy-Via", trace)
            connection.endheaders()
            assert connection.getresponse().status == 508
        assert ask(f"{proxy.url}/x", Ftrack_Proxy_Via="other").status_code == 200
        assert origin.requests[-1].header("Ftrack-Proxy-Via") == f"other, {trace}"


def test_all_protocols_that_a_socket_offers_are_offered_upstream(proxy: LocalProxy, origin: Origin) -> None:
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.putrequest("GET", "/socket.io/1/websocket/x")
        for name, value in (("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13")):
            connection.putheader(name, value)
        connection.putheader("Sec-WebSocket-Key", "AAAAAAAAAAAAAAAAAAAAAA==")
        connection.putheader("Sec-WebSocket-Protocol", "a, b")
        connection.putheader("Sec-WebSocket-Protocol", "c")
        connection.endheaders()
        assert connection.getresponse().status >= 400
    assert (origin.requests[-1].header("Sec-WebSocket-Protocol") or "").replace(" ", "") == "a,b,c"


@pytest.mark.parametrize("path", ["/api", "//api", "///api"])
def test_the_api_under_all_its_spellings(proxy: LocalProxy, origin: Origin, path: str) -> None:
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.request("POST", path, b"[]")
        answer = connection.getresponse()
        assert answer.headers["Cache-Status"] == "ftrack-proxy; fwd=bypass"
        assert answer.read() == b"ok"
    assert origin.requests[-1].target == path
    assert proxy.status()["requests"]["writes"] == 0


@pytest.mark.parametrize("body", [b"", b"{", b'{"action": "query"}', b"null", b'[{"action": "x"}]', b"\xff\xfe"])
def test_what_cannot_be_read_is_forwarded_as_it_is_and_may_have_written(
    proxy: LocalProxy, origin: Origin, body: bytes
) -> None:
    with closing(http.client.HTTPConnection(urlsplit(proxy.url).netloc)) as connection:
        connection.request("POST", "/api", body)
        assert connection.getresponse().read() == b"ok"
    assert origin.requests[-1].body == body
    assert proxy.status()["requests"]["writes"] == 1


def test_keys_are_never_shown(origin: Origin, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    credentials = {"ftrack-user": "ana", "ftrack-api-key": SECRET}
    query = json.dumps([{"action": "query", "expression": "Task"}, {"action": "query_server_information"}])
    shown = []
    origin.answer("/broken", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nx", keep=False)
    origin.handle("/gone", lambda *_: False)
    origin.answer("/nonsense", b"this is not HTTP\r\n\r\n", keep=False)
    for upstream in (origin.url, "http://127.0.0.1:1"):
        folder = tmp_path / upstream.rpartition(":")[2]
        environment = {"FTRACK_API_USER": "ana", "FTRACK_API_KEY": SECRET}
        with LocalProxy(settings_for(upstream, folder), environment) as proxy:
            for path in ("broken", "gone", "nonsense", "component/get", "component/remove", "socket.io/1/"):
                try:
                    with requests.get(
                        f"{proxy.url}/{path}?username=ana&apiKey={SECRET}&api_key={SECRET}", timeout=PATIENCE
                    ) as answer:
                        shown.append(answer.text + str(answer.headers))
                except requests.RequestException:
                    pass
            with requests.post(f"{proxy.url}/api", query, headers=credentials, timeout=PATIENCE) as answer:
                shown.append(answer.text + str(answer.headers))
            shown.append(json.dumps(proxy.status()))
        shown += [file.read_bytes().decode("latin-1") for file in folder.rglob("*") if file.is_file()]
    ours = [r.getMessage() for r in caplog.records if r.name.startswith(("ftrack_proxy", "aiohttp", "asyncio"))]
    assert SECRET not in "".join((*shown, *ours))
