"""Whom the proxy believes: keys, cookies and gateways, against a ftrack that may go by any of them."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.principal import principal_of
from tests.ftrack_server import FtrackServer
from tests.harness import PATIENCE, LocalProxy, settings_for, until
from tests.scenarios.studio import Person, Studio, open_studio, warm

pytestmark = pytest.mark.required("G6.1")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, listens_as="ana") as running:
        yield running


def session_of(studio: Studio, name: str) -> dict[str, str]:
    """Log in at ftrack itself and return the cookies, as a header."""
    user, key = studio.server.credentials(name)
    answer = requests.post(
        f"{studio.server.url}/api",
        json=[{"action": "query_server_information"}],
        headers={"ftrack-user": user, "ftrack-api-key": key},
        timeout=PATIENCE,
    )
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in answer.cookies.items())}


def heard_now(studio: Studio) -> None:
    """Only the trust is to run out here, not the patience with the hub."""
    for feed in studio.proxy.parts.coverage.feeds:
        feed._heard = studio.proxy.clock()


def cookies_sent(studio: Studio) -> list[str | None]:
    return [record.headers.get("Cookie") for record in studio.server.requests_log if record.raw_path == "/api"]


def write(studio: Studio) -> list[dict[str, Any]]:
    data = {"__entity_type__": "Task", "name": "x"}
    return [{"action": "update", "entity_type": "Task", "entity_key": [studio.task], "entity_data": data}]


NAMED = {"Connection": "ftrack-user, ftrack-api-key"}


@pytest.mark.parametrize("sessions_first", [False, True])
@pytest.mark.parametrize("connection", [{}, NAMED], ids=["plain", "named in Connection"])
def test_a_cookie_does_not_revive_a_revoked_key(
    studio: Studio, sessions_first: bool, connection: dict[str, str]
) -> None:
    """Whether ftrack goes by the cookie or the key: what is cached for the key's user stays closed."""
    studio.server.site.sessions_first = sessions_first
    warm(studio.person("ana"), studio.name_of_task)
    thief, cookie = studio.person("ana"), session_of(studio, "bo")
    studio.server.engine.revoke_key("ana")
    studio.proxy.clock.ahead += 301
    for _ in range(3):
        # Going by the cookie, ftrack may answer; that is its own affair.
        said = thief.ask(studio.name_of_task, **cookie, **connection)
        assert isinstance(said.content, list) is sessions_first
        assert not said.is_hit
        said = thief.call(write(studio), **cookie, **connection)
        assert isinstance(said.content, list) is sessions_first
        assert not studio.person("ana").ask(studio.name_of_task).is_hit


def test_the_cookie_of_somebody_else_does_not_bring_his_answers(studio: Studio) -> None:
    """What is kept for a key's user is what ftrack tells the key's user, whatever a client sends along."""
    studio.server.site.sessions_first = True
    hidden = studio.server.production.projects[0]
    studio.server.engine.set_project_access("bo", [hidden])
    cookie = session_of(studio, "ana")
    assert studio.person("bo", direct=True).ask("Project", **cookie).rows
    bo = studio.person("bo")
    for _ in range(2):
        assert bo.ask("Project", **cookie).rows == []
        assert bo.ask("Project").rows == []


def test_what_another_was_told_of_his_write_is_not_taken_in(studio: Studio) -> None:
    studio.server.site.sessions_first = True
    studio.server.hub.hold_events()
    ana, asset = studio.person("ana"), studio.server.production.assets[0]
    name = f"select name from Asset where id is {asset}"
    warm(ana, name)
    cookie = session_of(studio, "bo")
    studio.server.engine.set_project_access("ana", [studio.server.production.projects[0]])
    data = {"__entity_type__": "Asset", "name": "told to bo"}
    write = [{"action": "update", "entity_type": "Asset", "entity_key": [asset], "entity_data": data}]
    assert isinstance(studio.person("ana").call(write, **cookie).content, list)
    assert ana.ask(name).rows == []


def test_a_client_that_keeps_its_session_has_hits_for_ever(studio: Studio) -> None:
    """The Python client sends ftrack's session cookie along with its key. Trust is renewed all the same."""
    ana = studio.person("ana")
    warm(ana, studio.name_of_task)
    assert ana.cookies.get("ftrack_session")
    for _ in range(3):
        studio.proxy.clock.ahead += 301
        studio.proxy.inside(lambda: heard_now(studio))
        warm(ana, studio.name_of_task)
        assert ana.ask(studio.name_of_task).is_hit


def test_cookies_go_with_the_clients_own_requests_and_not_with_ours(studio: Studio) -> None:
    ana = studio.person("ana")
    ana.ask(studio.name_of_task)
    mine = f"ftrack_session={ana.cookies['ftrack_session']}"
    studio.server.reset_counters()
    ana.ask("select name from Status")
    assert cookies_sent(studio) == [None]
    ana.update("Task", studio.task, name="by ana")
    assert mine in (cookies_sent(studio)[-1] or "")
    # The session stays the client's: what ftrack issues for want of a cookie is not passed on to who has one.
    assert mine == f"ftrack_session={ana.cookies['ftrack_session']}"


def test_own_writes_are_still_taken_in(studio: Studio) -> None:
    """A session that ftrack opened for the same key speaks for the same user."""
    studio.server.hub.hold_events()
    ana, asset = studio.person("ana"), studio.server.production.assets[0]
    name = f"select name from Asset where id is {asset}"
    warm(ana, name)
    assert ana.cookies.get("ftrack_session")
    ana.update("Asset", asset, name="by ana")
    said = ana.ask(name)
    assert (said.rows[0]["name"], said.is_hit) == ("by ana", True)


def revoked(studio: Studio) -> None:
    studio.server.engine.revoke_key("ana")


def test_a_late_acceptance_does_not_undo_a_refusal(studio: Studio) -> None:
    """A slow request was accepted before the key was revoked; its answer comes after the refusal."""
    ana, other = studio.person("ana"), studio.person("ana")
    warm(ana, studio.name_of_task)
    hold = studio.server.hold(contains="from Status")
    slow = ana.start("select name from Status")
    hold.wait_reached()
    revoked(studio)
    refused = other.ask("select name from Type")
    assert refused.content["exception"] == "InvalidCredentialsError"
    hold.release()
    assert slow.result(PATIENCE).rows
    for person in (ana, other):
        assert person.ask(studio.name_of_task).content["exception"] == "InvalidCredentialsError"


def test_a_refusal_by_the_event_hub_counts(studio: Studio) -> None:
    ana = studio.person("ana")
    warm(ana, studio.name_of_task)
    trust, clock = studio.proxy.parts.acceptance.trust, studio.proxy.clock
    principal = principal_of(Credentials(ana.name, ana.headers["ftrack-api-key"]), studio.proxy.folder.salt)
    revoked(studio)
    assert studio.proxy.inside(lambda: trust.holds(principal, clock()))
    studio.server.hub.cut()
    studio.server.hub.resume()
    until(lambda: not studio.proxy.inside(lambda: trust.holds(principal, clock())), "the refusal")
    assert ana.ask(studio.name_of_task).content["exception"] == "InvalidCredentialsError"


def test_the_key_is_believed_for_as_long_as_was_set(tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        ana = studio.person("ana")
        warm(ana, "select name from Type")
        trust = studio.proxy.parts.acceptance.trust
        assert trust.lifetime == 300
        revoked(studio)
        studio.proxy.clock.ahead += 290
        studio.proxy.inside(lambda: heard_now(studio))
        assert ana.ask("select name from Type").is_hit
        studio.proxy.clock.ahead += 11
        assert ana.ask("select name from Type").content["exception"] == "InvalidCredentialsError"


def test_nothing_that_anybody_may_be_told_proves_a_key(studio: Studio) -> None:
    """Server information and schema might be for anybody: the key has to be seen to open something."""
    ana = studio.person("ana")
    for action in ("query_server_information", "query_schemas"):
        ana.call([{"action": action}])
        assert not ana.call([{"action": action}]).is_hit
    ana.ask("select name from Type")
    assert ana.call([{"action": "query_schemas"}]).is_hit


@pytest.mark.parametrize(
    "more",
    [
        [("ftrack-user", "bo")],
        [("ftrack-api-key", "other")],
        [("FTRACK-USER", "ana")],
    ],
)
def test_two_names_are_nobodys(studio: Studio, more: list[tuple[str, str]]) -> None:
    ana = studio.person("ana")
    warm(ana, studio.name_of_task)
    connection = http.client.HTTPConnection(studio.proxy.url.removeprefix("http://"), timeout=PATIENCE)
    for _ in range(2):
        body = b'[{"action": "query", "expression": "%s"}]' % studio.name_of_task.replace('"', '\\"').encode()
        connection.putrequest("POST", "/api")
        for name, value in [*ana.headers.items(), *more, ("Content-Length", str(len(body)))]:
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        assert "hit" not in answer.headers["Cache-Status"]
        answer.read()
    connection.close()


# -- gateways in front of ftrack


def test_behind_a_gateway_that_asks_for_authorization(tmp_path: Path) -> None:
    with open_studio(tmp_path) as studio:
        studio.server.site.gateway_authorization = "Basic right"
        ana = studio.person("ana")
        ana.headers["Authorization"] = "Basic right"
        warm(ana, "select name from Type")
        assert ana.ask("select name from Type").is_hit
        other = studio.person("ana")
        for more in ({}, {"Authorization": "Basic wrong"}):
            assert _status(studio, other, **more) == 401
        assert ana.ask("select name from Type").is_hit


def test_behind_a_gateway_that_knows_by_cookie(tmp_path: Path) -> None:
    """Without the cookie the answer is not ftrack's: a client that has it is answered, but not from the cache."""
    with open_studio(tmp_path) as studio:
        studio.server.site.gateway_cookie = "in"
        ana, cookie = studio.person("ana"), {"Cookie": "sso=in"}
        for _ in range(3):
            said = ana.ask("select name from Type", **cookie)
            assert said.rows
            assert not said.is_hit
        # Once it is known, the client's own request is all that is sent.
        studio.server.reset_counters()
        assert ana.ask("select name from Status", **cookie).rows
        assert len(cookies_sent(studio)) == 1
        assert _status(studio, studio.person("ana")) == 302


def test_a_gateway_in_trouble_ends_no_trust(studio: Studio) -> None:
    ana = studio.person("ana")
    warm(ana, studio.name_of_task)
    for status in (429, 500, 502, 503, 504):
        studio.server.fail_next(status=status)
        with requests.post(
            f"{studio.proxy.url}/api",
            json=[{"action": "query", "expression": "select name from Type"}],
            headers={**ana.headers, "Cookie": "a=b"},
            timeout=PATIENCE,
        ) as answer:
            assert answer.status_code == status
        assert ana.ask(studio.name_of_task).is_hit


def _status(studio: Studio, person: Person, **headers: str) -> int:
    with requests.post(
        f"{studio.proxy.url}/api",
        json=[{"action": "query", "expression": "select name from Type"}],
        headers={**person.headers, **headers},
        timeout=PATIENCE,
        allow_redirects=False,
    ) as answer:
        return answer.status_code


def test_a_feed_is_opened_only_for_whom_ftrack_answered(tmp_path: Path) -> None:
    with FtrackServer() as server, LocalProxy(settings_for(server.url, tmp_path)) as proxy:
        user, key = server.credentials("ana")

        def ask(key: str, action: dict[str, Any], **headers: str) -> list[Credentials]:
            with requests.post(
                f"{proxy.url}/api",
                json=[action],
                headers={"ftrack-user": user, "ftrack-api-key": key, **headers},
                timeout=PATIENCE,
            ):
                return [feed.credentials for feed in proxy.inside(lambda: proxy.parts.coverage.feeds)]

        query = {"action": "query", "expression": "select name from Type"}
        assert ask("wrong", query) == []
        assert ask("wrong", query, Cookie="a=b") == []
        assert ask(key, query) == [Credentials(user, key)]
