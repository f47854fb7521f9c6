"""What is logged at the start: facts, and for problems what to do."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from ftrack_proxy.cli.startup_check import reachable_host
from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import PATIENCE, ProxyCommand, until
from tests.test_web.origin import Origin

PLAN = ProductionPlan(sequences=1, shots=1, tasks=1)


@pytest.fixture(scope="module")
def server() -> Iterator[FtrackServer]:
    with FtrackServer(PLAN) as running:
        yield running


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


def says(proxy: ProxyCommand, *words: str) -> str:
    """Wait for a line with all these words, and return it."""
    return until(lambda: next((line for line in list(proxy.log) if all(map(line.__contains__, words))), ""), str(words))


def serves(proxy: ProxyCommand) -> bool:
    with requests.get(f"{proxy.url}/-/ready", timeout=PATIENCE) as answer:
        return answer.status_code == 200


def test_ftrack_and_a_key_that_works(server: FtrackServer, tmp_path: Path) -> None:
    user, key = server.credentials("ana")
    environment = {"FTRACK_PROXY_API_USER": user, "FTRACK_PROXY_API_KEY": key}
    with ProxyCommand(server.url, tmp_path, **environment) as proxy:
        says(proxy, "INFO export FTRACK_SERVER=" + proxy.url)
        says(proxy, f"INFO status: {proxy.url}/-/status")
        says(proxy, "INFO", f"{server.url} is ftrack", "accepts the key of ana")
        says(proxy, "INFO change feed connected as ana")
        server.hub.cut()
        says(proxy, "WARNING change feed of ana:")
        server.hub.resume()
    assert key not in "\n".join(proxy.log)


def test_ftrack_and_nobody_s_key(server: FtrackServer, tmp_path: Path) -> None:
    with ProxyCommand(server.url, tmp_path) as proxy:
        says(proxy, "INFO no user is named for the change feed")
        says(proxy, "INFO", "is ftrack; it asks for a user and key")


def test_a_wrong_key(server: FtrackServer, tmp_path: Path) -> None:
    environment = {"FTRACK_API_USER": "ana", "FTRACK_API_KEY": "f00dfacef00dface"}
    with ProxyCommand(server.url, tmp_path, **environment) as proxy:
        says(proxy, "WARNING", "refuses user ana", "FTRACK_PROXY_API_KEY")
        says(proxy, "WARNING change feed of ana", "refused user and key", "FTRACK_PROXY_API_KEY")
        assert serves(proxy)
    assert "f00dfacef00dface" not in "\n".join(proxy.log)


def test_a_web_server_that_is_not_ftrack(origin: Origin, tmp_path: Path) -> None:
    for path in ("/api", "/socket.io/1/"):
        origin.answer(path, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    environment = {"FTRACK_PROXY_API_USER": "ana", "FTRACK_PROXY_API_KEY": "k"}
    with ProxyCommand(origin.url, tmp_path, **environment) as proxy:
        says(proxy, "WARNING", "not as ftrack does (status 404", "WARNING --upstream: ", "set another with --upstream")
        says(proxy, "WARNING change feed of ana: there is no event hub at", "status 404")
        assert serves(proxy)


def test_an_unknown_host(tmp_path: Path) -> None:
    with ProxyCommand("http://ftrack.invalid", tmp_path) as proxy:
        says(proxy, "WARNING http://ftrack.invalid does not answer: ftrack.invalid:80: ", "Is the address right")
        assert serves(proxy)
        assert len([line for line in proxy.log if "does not answer" in line]) == 1


def test_an_upstream_that_hangs_delays_nobody(origin: Origin, tmp_path: Path) -> None:
    with origin.held("/api") as held, ProxyCommand(origin.url, tmp_path) as proxy:
        assert held.wait(PATIENCE)
        assert serves(proxy)
        assert proxy.stop() == 0


def test_an_upstream_that_comes_and_goes_is_few_lines(origin: Origin, tmp_path: Path) -> None:
    origin.answer("/gone", b"", keep=False)
    with ProxyCommand(origin.url, tmp_path) as proxy:
        for path in ("gone", "gone", "x") * 10:
            requests.get(f"{proxy.url}/{path}", timeout=PATIENCE).close()
        says(proxy, "WARNING", "does not answer: the server closed the connection")
        assert proxy.stop() == 0
    assert 2 <= len([line for line in proxy.log if "does not answer:" in line or "answers again" in line]) <= 4


def test_through_an_http_proxy_whose_password_is_not_shown(origin: Origin, tmp_path: Path) -> None:
    way = origin.url.replace("http://", "http://me:f00dface@")
    with ProxyCommand("http://studio.invalid", tmp_path, http_proxy=way) as proxy:
        says(proxy, "INFO", "is reached through the HTTP proxy 127.0.0.1:", "the environment variable http_proxy")
    assert "f00dface" not in "\n".join(proxy.log)


@pytest.mark.parametrize(
    ("host", "shown"),
    [("127.0.0.1", "127.0.0.1"), ("localhost", "localhost"), ("0.0.0.0", None), ("::", None), ("::1", "::1")],
)
def test_the_address_to_copy_can_be_reached(host: str, shown: str | None) -> None:
    assert reachable_host(host) == (shown or socket.gethostname())
