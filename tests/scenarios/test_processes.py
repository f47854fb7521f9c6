"""The real command as a process, killed at bad moments."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import PATIENCE, ProxyCommand, until

PLAN = ProductionPlan(sequences=1, shots=1, tasks=1)


def post(url: str, headers: dict[str, str], operations: Any) -> Any:
    with requests.post(f"{url}/api", json=operations, headers=headers, timeout=PATIENCE) as answer:
        return answer.json()


def rename(task: str, name: str) -> list[dict[str, Any]]:
    data = {"__entity_type__": "Task", "name": name}
    return [{"action": "update", "entity_type": "Task", "entity_key": [task], "entity_data": data}]


@pytest.mark.required("G4.3", "G8.1")
def test_killed_in_the_middle_of_a_write(tmp_path: Path) -> None:
    """G4, G8: the write is done once, its answer lost; the next process knows nothing and so trusts nothing."""
    with FtrackServer(PLAN) as server, ThreadPoolExecutor(1) as thread:
        user, key = server.credentials("ana")
        headers = {"ftrack-user": user, "ftrack-api-key": key}
        environment = {"FTRACK_API_USER": user, "FTRACK_API_KEY": key}
        task = server.production.tasks[0]
        question = [{"action": "query", "expression": f'select name from Task where id is "{task}"'}]
        with ProxyCommand(server.url, tmp_path, **environment) as proxy:
            proxy.wait_for_feed()
            for _ in range(2):
                post(proxy.url, headers, question)
            until(lambda: proxy.status()["cache"]["results"], "the answer to be on disk")
            server.hub.cut()
            held = server.hold(action="update")
            writing = thread.submit(post, proxy.url, headers, rename(task, "in the middle"))
            held.wait_reached()
            proxy.kill()
            held.release()
        with pytest.raises(requests.ConnectionError):
            writing.result()
        server.hub.resume()
        with ProxyCommand(server.url, tmp_path, **environment) as proxy:
            proxy.wait_for_feed()
            assert proxy.status()["cache"]["results"] > 0
            assert post(proxy.url, headers, question)[0]["data"][0]["name"] == "in the middle"
            assert server.counters.operations["update"] == 1


@pytest.mark.required("G8.3")
def test_stopped_in_the_middle_of_a_write(tmp_path: Path) -> None:
    """SIGTERM: the write is finished and answered first."""
    with FtrackServer(PLAN) as server, ThreadPoolExecutor(1) as thread:
        user, key = server.credentials("ana")
        headers = {"ftrack-user": user, "ftrack-api-key": key}
        task = server.production.tasks[0]
        with ProxyCommand(server.url, tmp_path) as proxy:
            post(proxy.url, headers, [{"action": "query_server_information"}])
            held = server.hold(action="update")
            writing = thread.submit(post, proxy.url, headers, rename(task, "to the end"))
            held.wait_reached()
            stopping = ThreadPoolExecutor(1)
            ended = stopping.submit(proxy.stop)
            until(lambda: any("stopping" in line for line in proxy.log), "the proxy to stop")
            held.release()
            assert ended.result() == 0
            stopping.shutdown()
        assert writing.result()[0]["data"]["name"] == "to the end"
