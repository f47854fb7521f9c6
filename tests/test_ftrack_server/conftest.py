"""Fixtures: a running simulated server and real clients of it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.ftrack_server import FtrackServer, ProductionPlan

from .engine_stage import Stage

with warnings.catch_warnings():
    # The client's old parser library imports deprecated modules.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ftrack_api

OpenSession = Callable[..., Any]


@pytest.fixture
def server() -> Iterator[FtrackServer]:
    """A small production, served."""
    with FtrackServer(heartbeat=0.2) as running:
        yield running


@pytest.fixture
def headers(server: FtrackServer) -> dict[str, str]:
    """The credential headers of Ana."""
    username, api_key = server.credentials("ana")
    return {"ftrack-user": username, "ftrack-api-key": api_key}


@pytest.fixture
def open_session(server: FtrackServer) -> Iterator[OpenSession]:
    """Opens real Python client sessions; `hub=True` waits until its event hub is connected."""
    sessions: list[Any] = []

    def opened(username: str = "ana", *, hub: bool = False) -> Any:
        name, api_key = server.credentials(username)
        session = ftrack_api.Session(
            server_url=server.url,
            api_user=name,
            api_key=api_key,
            auto_connect_event_hub=False,
            plugin_paths=[],
            schema_cache_path=False,
        )
        sessions.append(session)
        if hub:
            session.event_hub._auto_reconnect_delay = 0.05
            session.event_hub.connect()
            server.hub.wait_for_subscription("ftrack.meta.reply", username=name)
        return session

    yield opened
    for session in sessions:
        session.close()


@pytest.fixture(scope="module")
def shared() -> Stage:
    """A small production that the tests of a module only read."""
    return Stage()


@pytest.fixture
def stage() -> Stage:
    """A production of one's own, to write in."""
    return Stage(ProductionPlan(projects=2, sequences=1, shots=2, tasks=2, assets=1, versions=3, components=2))
