"""Does an installed proxy work at all? ``python -m tests.smoke PYTHON``: the proxy as ``PYTHON`` has it installed, with
its versions of the libraries; the simulated ftrack and the real client as this interpreter has them.

Every module is imported, every command says its help, and one proxy answers a miss, a hit, a write, an event, what it
passes through, and an explanation.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import requests

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ftrack_api

from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import PATIENCE, ProxyCommand, until

PLAN = ProductionPlan(sequences=1, shots=1, tasks=1)
LIBRARIES = ("aiohttp", "click", "diskcache", "filelock", "multidict", "orjson", "platformdirs", "tenacity", "yarl")
IMPORT_ALL = """
import importlib, importlib.metadata, pkgutil, sys, ftrack_proxy
for module in pkgutil.walk_packages(ftrack_proxy.__path__, "ftrack_proxy."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print(", ".join(f"{name} {importlib.metadata.version(name)}" for name in sys.argv[1:]))
"""


def main(python: str) -> None:
    """Try the proxy that ``python`` has installed; an exception tells what does not work."""
    print(_run(python, "-c", IMPORT_ALL, *LIBRARIES).strip())
    for arguments in (("--help",), ("--version",), ("serve", "--help"), ("explain", "--help")):
        assert "ftrack-proxy" in _run(python, "-m", "ftrack_proxy", *arguments)
    with FtrackServer(PLAN) as server, tempfile.TemporaryDirectory() as folder:
        user, key = server.credentials("ana")
        proxy = ProxyCommand(server.url, Path(folder), FTRACK_PROXY_API_USER=user, FTRACK_PROXY_API_KEY=key)
        proxy.arguments = (python, *proxy.arguments[1:])
        with proxy:
            proxy.wait_for_feed()
            _use(proxy, server, {"server_url": proxy.url, "api_user": user, "api_key": key})
            _explain(python, proxy)
            assert proxy.stop() == 0
        assert not any("Traceback" in line or "Warning" in line for line in proxy.log), proxy.log


def _use(proxy: ProxyCommand, server: FtrackServer, credentials: dict[str, str]) -> None:
    session = ftrack_api.Session(**credentials, auto_connect_event_hub=False, schema_cache_path=False)
    task = server.production.tasks[0]
    question = f'select name from Task where id is "{task}"'

    def name() -> Any:
        session.reset()
        return session.query(question).one()["name"]

    before = name()
    hits = proxy.status()["requests"]["hits"]
    assert name() == before
    assert proxy.status()["requests"]["hits"] > hits, "a repeated query was no hit"
    session.get("Task", task)["name"] = "written"
    session.commit()
    assert name() == "written"
    changes = proxy.status()["feed"]["changes"]
    server.update("Task", task, user="ray", name="told")
    until(lambda: proxy.status()["feed"]["changes"] > changes, "the event")
    assert name() == "told"
    session.close()
    # Neither a query nor ours: passed through.
    with requests.get(f"{proxy.url}/favicon.ico", timeout=PATIENCE) as through:
        assert through.status_code in (200, 302, 404)
    assert proxy.status()["cache"]["disk_bytes"] > 0
    assert not proxy.status()["degraded"], proxy.status()["degraded"]


def _explain(python: str, proxy: ProxyCommand) -> None:
    _run(python, "-m", "ftrack_proxy", "explain", "--url", proxy.url, "select name from Task")


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stdout}{done.stderr}"
    return done.stdout


if __name__ == "__main__":
    main(sys.argv[1])
