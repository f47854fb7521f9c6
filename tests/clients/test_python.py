"""The real ftrack_api client, directly and through the proxy: it must not be able to tell."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ftrack_api
import pytest

from tests.clients.scripts import READS, WRITES, Script, all_values
from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import LocalProxy, ProxyCommand, settings_for, until

pytestmark = pytest.mark.required("G7.1")

PLAN = ProductionPlan(sequences=1, shots=2, tasks=3)


@contextmanager
def session_on(url: str, credentials: tuple[str, str], **options: Any) -> Iterator[Any]:
    user, key = credentials
    session = ftrack_api.Session(
        server_url=url,
        api_user=user,
        api_key=key,
        **{"auto_connect_event_hub": False, "schema_cache_path": False, **options},
    )
    try:
        yield session
    finally:
        session.close()


@contextmanager
def proxy_of(server: FtrackServer, folder: Path) -> Iterator[LocalProxy]:
    user, key = server.credentials("ana")
    environment = {"FTRACK_API_USER": user, "FTRACK_API_KEY": key}
    with LocalProxy(settings_for(server.url, folder), environment) as proxy:
        proxy.wait_for_feed()
        yield proxy


@pytest.mark.parametrize("strict", [False, True], ids=["default", "strict"])
@pytest.mark.parametrize("script", [*READS, *WRITES], ids=lambda script: script.__name__)
def test_sees_the_same(script: Script, strict: bool, tmp_path: Path) -> None:
    """Two equal servers: one is worked on directly, the other through the proxy, twice where nothing is written."""
    with FtrackServer(PLAN) as alone, session_on(alone.url, alone.credentials("ana"), strict_api=strict) as session:
        expected = script(session, tmp_path)
    with FtrackServer(PLAN) as server, proxy_of(server, tmp_path) as proxy:
        for _ in range(2 if script in READS else 1):
            with session_on(proxy.url, server.credentials("ana"), strict_api=strict) as session:
                assert script(session, tmp_path) == expected


def test_second_run_asks_ftrack_nothing(tmp_path: Path) -> None:
    with FtrackServer(PLAN) as server, proxy_of(server, tmp_path) as proxy:
        first = _read_all(server, proxy.url, tmp_path)
        server.reset_counters()
        assert _read_all(server, proxy.url, tmp_path) == first
        assert server.counters.api_requests == 0


def test_only_what_is_read_to_be_written_is_asked_again(tmp_path: Path) -> None:
    """``items()`` loads metadata too, which no event covers."""
    with FtrackServer(PLAN) as server, proxy_of(server, tmp_path) as proxy:
        for _ in range(2):
            server.reset_counters()
            with session_on(proxy.url, server.credentials("ana")) as session:
                all_values(session, tmp_path)
        assert [expression.split(" from ")[0] for expression in server.counters.expressions] == ["select metadata"]


@pytest.mark.required("G4.3")
def test_after_a_restart_each_question_is_asked_once_more(tmp_path: Path) -> None:
    """The gap rule and no more: what is stored is unverified, so it is asked for again, once."""
    with FtrackServer(PLAN) as server:
        user, key = server.credentials("ana")
        environment = {"FTRACK_PROXY_API_USER": user, "FTRACK_PROXY_API_KEY": key}
        with ProxyCommand(server.url, tmp_path, **environment) as proxy:
            proxy.wait_for_feed()
            first = _read_all(server, proxy.url, tmp_path)
            proxy.kill()
        server.reset_counters()
        with ProxyCommand(server.url, tmp_path, **environment) as proxy:
            proxy.wait_for_feed()
            assert _read_all(server, proxy.url, tmp_path) == first
            asked = server.counters.expressions
            assert len(asked) == len(set(asked))
            assert _read_all(server, proxy.url, tmp_path) == first
            assert server.counters.expressions == asked


def _read_all(server: FtrackServer, url: str, folder: Path) -> list[Any]:
    with session_on(url, server.credentials("ana")) as session:
        return [script(session, folder) for script in READS if script is not all_values]


def test_wrong_key_is_refused_and_the_right_one_works_then(tmp_path: Path) -> None:
    with FtrackServer(PLAN) as server, proxy_of(server, tmp_path) as proxy:
        user, key = server.credentials("ana")
        with pytest.raises(ftrack_api.exception.ServerError) as direct, session_on(server.url, (user, "wrong")):
            pass
        for _ in range(2):
            with pytest.raises(ftrack_api.exception.ServerError) as proxied, session_on(proxy.url, (user, "wrong")):
                pass
            assert str(proxied.value) == str(direct.value)
        with session_on(proxy.url, (user, key)) as session:
            assert session.query("Project").first() is not None


def test_each_user_sees_what_ftrack_shows_him(tmp_path: Path) -> None:
    with FtrackServer(ProductionPlan(projects=2, sequences=1, shots=1, tasks=1)) as server:
        hidden = server.production.projects[1]
        server.engine.set_project_access("bo", [hidden])
        with proxy_of(server, tmp_path) as proxy:
            for name, count in (("ana", 2), ("bo", 1), ("ana", 2), ("bo", 1)):
                with session_on(proxy.url, server.credentials(name)) as session:
                    assert len(session.query("Project").all()) == count


def test_event_hub(tmp_path: Path) -> None:
    """Connect, subscribe, publish, reply, and an event after which a query sees the change at once."""
    with FtrackServer(PLAN) as server, proxy_of(server, tmp_path) as proxy:
        credentials = server.credentials("ana")
        with (
            session_on(proxy.url, credentials, auto_connect_event_hub=True) as listener,
            session_on(proxy.url, credentials, auto_connect_event_hub=True) as sender,
        ):
            task = server.production.tasks[0]
            names: list[str] = []

            def on_update(event: Any) -> None:
                if event["data"]["entities"][0]["entityId"] == task:
                    rows = listener.call(
                        [{"action": "query", "expression": f'select name from Task where id is "{task}"'}]
                    )
                    names.append(rows[0]["data"][0]["name"])

            listener.event_hub.subscribe("topic=ftrack.update", on_update)
            listener.event_hub.subscribe("topic=demo.question", lambda event: {"answer": event["data"]["n"] + 1})
            server.hub.wait_for_subscription("demo.question")
            listener.call([{"action": "query", "expression": f'select name from Task where id is "{task}"'}])
            for name in ("one", "two"):
                server.update("Task", task, name=name)
                until(lambda: _turn(listener) or (names and names[-1]), "the event")
                until(lambda expected=name: _turn(listener) or expected in names, "the new name")
            assert names == ["one", "two"]
            replies: list[Any] = []
            question = ftrack_api.event.base.Event("demo.question", data={"n": 41})
            sender.event_hub.publish(question, on_reply=lambda event: replies.append(event["data"]))
            until(lambda: _turn(listener) or _turn(sender) or replies, "the reply")
            assert replies == [{"answer": 42}]


def _turn(session: Any) -> None:
    """Let the client handle what has come in."""
    session.event_hub.wait(0.02)
