"""The real @ftrack/api client under node, directly and through the proxy."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.clients.test_python import PLAN, proxy_of
from tests.ftrack_server import FtrackServer

FOLDER = Path(__file__).parent.parent / "js"

pytestmark = [
    pytest.mark.required("G7.1"),
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed"),
    pytest.mark.skipif(
        not (FOLDER / "node_modules" / "@ftrack" / "api").is_dir(),
        reason="the JavaScript client is not installed; `make test` does it where there is npm",
    ),
]


def run_script(url: str, credentials: tuple[str, str]) -> dict[str, Any]:
    done = subprocess.run(
        ["node", "script.mjs", url, *credentials], cwd=FOLDER, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return seen


def test_sees_the_same(tmp_path: Path) -> None:
    with FtrackServer(PLAN) as alone:
        expected = run_script(alone.url, alone.credentials("ana"))
    assert expected["renamed"] != expected["created"] != expected["before"] == expected["deleted"]
    with FtrackServer(PLAN) as server, proxy_of(server, tmp_path) as proxy:
        for _ in range(2):
            assert run_script(proxy.url, server.credentials("ana")) == expected
        status = proxy.status()
    assert status["requests"]["hits"] > 10
