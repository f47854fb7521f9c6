"""The controls over HTTP, and the stand-alone server."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
import requests

from tests.ftrack_server import FtrackServer, RemoteServer
from tests.ftrack_server.remote_client import ControlError


def test_controls_by_http(server: FtrackServer) -> None:
    remote = RemoteServer(server.url)
    task_id = remote.query("select id from Task")[0]["id"]
    remote.update("Task", task_id, name="renamed")
    assert server.query(f'select name from Task where id is "{task_id}"')[0]["name"] == "renamed"
    assert len(server.hub.events) == 1
    remote.update("Task", task_id, name="silently", silent=True)
    assert len(server.hub.events) == 1
    assert remote.state()["commits"] == 2
    remote.settings(latency=0.25, event_delay=0.5)
    assert (server.latency, server.hub.event_delay) == (0.25, 0.5)
    remote.hub.cut()
    assert requests.get(server.url + "/socket.io/1/", timeout=10).status_code == 503
    remote.hub.resume()
    remote.fail_next(status=503)
    assert requests.post(server.url + "/api", json=[], timeout=10).status_code == 503
    assert remote.counters["api_requests"] == 1
    remote.reset_counters()
    assert remote.counters["requests"] == 0
    with pytest.raises(ControlError):
        remote.no_such_control()


def test_stand_alone() -> None:
    command = [sys.executable, "-m", "tests.ftrack_server", "--port", "0", "--projects", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = next(word for word in process.stdout.readline().split() if word.startswith("http")).rstrip(",")
        assert len(RemoteServer(url).query("select id from Project")) == 2
        assert requests.get(url, timeout=10).headers["FTRACK_VERSION"]
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
