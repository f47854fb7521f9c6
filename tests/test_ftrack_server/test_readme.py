"""The server's own page names every flag, action and control, and nothing that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import ftrack_server
from tests.ftrack_server import FtrackServer, RemoteServer
from tests.ftrack_server.__main__ import command_line
from tests.ftrack_server.operations import Batch
from tests.ftrack_server.remote_client import ControlError
from tests.ftrack_server.remote_control import ENGINE_METHODS, HUB_METHODS, SERVER_METHODS

PAGE = (Path(ftrack_server.__file__).parent / "README.md").read_text(encoding="utf-8")
OVER_HTTP = PAGE[PAGE.index("Over HTTP") : PAGE.index("## How it is tested")]


def names(pattern: str, text: str = PAGE) -> set[str]:
    return set(re.findall(f"`{pattern}`", text))


def test_flags() -> None:
    assert names(r"(--[\w-]+)") == {flag for flag in command_line()._option_string_actions if flag.startswith("--")} - {
        "--help"
    }


def test_actions() -> None:
    listed = PAGE[PAGE.index("with the actions") : PAGE.index("a batch is one transaction")]
    assert names(r"(\w+)", listed) == {name.removeprefix("_do_") for name in dir(Batch) if name.startswith("_do_")}


def test_controls_over_http(server: FtrackServer) -> None:
    methods = SERVER_METHODS | ENGINE_METHODS | {f"hub/{name}" for name in HUB_METHODS}
    assert names(r"([\w/]+)", OVER_HTTP[OVER_HTTP.index("these methods") :]) == methods
    own = names(r"(\w+)", OVER_HTTP[: OVER_HTTP.index("these methods")])
    own -= {"POST", "latency", "event_delay", "heartbeat", "seconds"}
    assert own == {"counters", "events", "state", "settings", "hold", "release", "away"}
    remote = RemoteServer(server.url)
    for name in sorted(own - {"away"}):
        remote.perform(name)
    with pytest.raises(ControlError, match="no control"):
        remote.perform("nothing")


def test_controls_of_tests(server: FtrackServer) -> None:
    found = names(r"(server\.[\w.]+)")
    assert len(found) > 30
    for name in found:
        there: object = server
        for part in name.split(".")[1:]:
            assert hasattr(there, part), name
            there = getattr(there, part)


def test_the_example(server: FtrackServer) -> None:
    example = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert len(example) == 1
    exec(compile(example[0], "README.md", "exec"), vars(ftrack_server).copy())
