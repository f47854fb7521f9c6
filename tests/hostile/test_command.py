"""The real command under stress: no descriptors left, and stopping while something hangs."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import ftrack_api
import pytest
import requests

from ftrack_proxy.cli.options import OPTIONS
from ftrack_proxy.observe.descriptors import connection_limit
from ftrack_proxy.settings import parse_seconds
from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import PATIENCE, ProxyCommand, until
from tests.test_web.origin import Origin

pytestmark = pytest.mark.required("S4")

WRITE = [{"action": "update", "entity_type": "Task", "entity_key": ["t"], "entity_data": {"name": "x"}}]


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


def limited(command: ProxyCommand, limits: str) -> ProxyCommand:
    """The same command under ``ulimit``."""
    command.arguments = ("bash", "-c", f'{limits}; exec "$@"', "bash", *command.arguments)
    return command


def port_of(command: ProxyCommand) -> int:
    return int(command.url.rpartition(":")[2])


def let_in(command: ProxyCommand) -> int:
    """How many connections have been accepted so far."""
    connections = command.status()["connections"]
    closed: dict[str, int] = connections["closed"]
    return int(connections["open"]) + sum(closed.values())


def test_more_silent_clients_than_descriptors(origin: Origin, tmp_path: Path) -> None:
    with limited(ProxyCommand(origin.url, tmp_path), "ulimit -n 256") as proxy, ExitStack() as stack:
        with requests.Session() as client:
            assert client.get(f"{proxy.url}/x", timeout=PATIENCE).text == "ok"
            for _ in range(300):
                stack.enter_context(socket.create_connection(("127.0.0.1", port_of(proxy)), timeout=PATIENCE))
            # While they are still let in, a connection at rest may be closed just when its client uses it again.
            until(lambda: let_in(proxy) >= 300, "all of them to be let in")
            for _ in range(20):
                assert client.get(f"{proxy.url}/x", timeout=PATIENCE).text == "ok"
            status = client.get(f"{proxy.url}/-/status", timeout=PATIENCE).json()
        assert status["connections"]["limit"] == connection_limit(256)
        assert status["connections"]["open"] <= connection_limit(256)
        assert any("ulimit -n" in reason and "256" in reason for reason in status["degraded"])
        assert proxy.stop() == 0
    assert len(proxy.log) < 20


def test_a_real_client_with_its_event_hub_does_not_notice_silent_clients(tmp_path: Path) -> None:
    with FtrackServer(ProductionPlan(sequences=1, shots=1, tasks=1)) as server, ExitStack() as stack:
        user, key = server.credentials("ana")
        proxy = stack.enter_context(limited(ProxyCommand(server.url, tmp_path), "ulimit -n 256"))
        session = ftrack_api.Session(proxy.url, key, user, auto_connect_event_hub=True, plugin_paths=[])
        until(lambda: session.event_hub.connected, "the client's event hub")
        names = {task["name"] for task in session.query("select name from Task")}
        for _ in range(300):
            stack.enter_context(socket.create_connection(("127.0.0.1", port_of(proxy)), timeout=PATIENCE))
        until(lambda: let_in(proxy) >= 300, "all of them to be let in")
        assert proxy.status()["connections"]["closed"]
        session.reset()
        assert {task["name"] for task in session.query("select name from Task")} == names
        task = session.query("Task").first()
        task["name"] = "other"
        session.commit()
        assert session.event_hub.connected
        session.close()


def test_the_soft_limit_is_raised_to_the_hard_one(origin: Origin, tmp_path: Path) -> None:
    with limited(ProxyCommand(origin.url, tmp_path), "ulimit -Sn 128; ulimit -Hn 1024") as proxy:
        assert proxy.status()["connections"]["limit"] == connection_limit(1024)
        limits = Path(f"/proc/{proxy.process.pid}/limits")
        if limits.exists():
            line = next(line for line in limits.read_text().splitlines() if line.startswith("Max open files"))
            assert line.split()[3:5] == ["1024", "1024"]


def test_by_default_stopping_takes_less_than_service_managers_give() -> None:
    default = next(option.default for option in OPTIONS if option.name == "stop_timeout")
    assert default is not None
    assert parse_seconds(default) < 9


@pytest.mark.required("G8.2")
def test_a_hanging_read_and_a_hanging_write_are_cut_off_in_time(origin: Origin, tmp_path: Path) -> None:
    """The feed hangs, too: its handshake is never answered."""
    environment = {"FTRACK_PROXY_API_USER": "ana", "FTRACK_PROXY_API_KEY": "k"}
    proxy = ProxyCommand(origin.url, tmp_path, "--stop-timeout", "2 s", **environment)
    with ExitStack() as stack, ThreadPoolExecutor(2) as threads:
        hub, slow, api = (stack.enter_context(origin.held(path)) for path in ("/socket.io/1/", "/slow", "/api"))
        stack.enter_context(proxy)
        reading = threads.submit(requests.get, f"{proxy.url}/slow", timeout=PATIENCE)
        writing = threads.submit(requests.post, f"{proxy.url}/api", json=WRITE, timeout=PATIENCE)
        assert all(event.wait(PATIENCE) for event in (hub, slow, api))
        began = time.monotonic()
        assert proxy.stop() == 0
        # Not a measure of speed: what hangs here hangs for 30 s.
        assert time.monotonic() - began < 15
        answers = [reading.result(), writing.result()]
    assert [answer.status_code for answer in answers] == [503, 504]
    assert [answer.json()["error_code"] for answer in answers] == ["proxy_stopping", "proxy_write_outcome_unknown"]
    told = "\n".join(proxy.log)
    for words in ("for 2 s at most", "waiting for 1 reads and 1 writes", "1 reads and 0 writes are cut off", "stopped"):
        assert words in told
    assert told.count("cut off") == 2
    assert "does not answer" not in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_forces(origin: Origin, number: signal.Signals, tmp_path: Path) -> None:
    with ProxyCommand(origin.url, tmp_path) as proxy, ThreadPoolExecutor(1) as threads, origin.held("/slow") as slow:
        asked = threads.submit(requests.get, f"{proxy.url}/slow", timeout=PATIENCE)
        slow.wait(PATIENCE)
        proxy.process.send_signal(number)
        until(lambda: any("waiting for 1 reads" in line for line in proxy.log), "the proxy to stop")
        assert proxy.stop(number) == 128 + number
        assert isinstance(asked.exception(), requests.ConnectionError)
    assert "by a second signal" in proxy.log[-1]


_HANGING_DISK = """
import signal, sys, time
import diskcache
close = diskcache.Cache.close
# While it starts the store is closed now and then; the disk hangs from when it serves.
is_serving = lambda: signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL
diskcache.Cache.close = lambda self: time.sleep(1000) if is_serving() else close(self)
sys.argv[0] = "ftrack-proxy"
from ftrack_proxy.cli.main import main
main()
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_disk_that_hangs_is_not_waited_for(origin: Origin, form: str, tmp_path: Path) -> None:
    proxy = ProxyCommand(origin.url, tmp_path, "--stop-timeout", "500 ms", "--log-format", form)
    proxy.arguments = (sys.executable, "-c", _HANGING_DISK, *proxy.arguments[3:])
    with proxy:
        assert proxy.stop() == 128 + signal.SIGTERM
    assert "a disk that hangs?" in proxy.log[-1]
    if form == "json":
        assert json.loads(proxy.log[-1])["level"] == "warning"


def test_a_client_that_takes_nothing_does_not_delay_the_end(origin: Origin, tmp_path: Path) -> None:
    """Its answer is long, and never read."""
    length = 2**26

    def endless(_: object, connection: socket.socket) -> bool:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length)
        sent.set()
        connection.sendall(b"x" * length)
        return False

    sent = threading.Event()
    origin.handle("/long", endless)
    with (
        ProxyCommand(origin.url, tmp_path, "--stop-timeout", "1 s") as proxy,
        socket.create_connection(("127.0.0.1", port_of(proxy)), timeout=PATIENCE) as client,
    ):
        client.sendall(b"GET /long HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert sent.wait(PATIENCE)
        assert proxy.stop() == 0
