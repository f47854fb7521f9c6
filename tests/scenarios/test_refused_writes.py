"""What ftrack refused has changed nothing: nobody without its consent makes others' results stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.harness import PATIENCE
from tests.scenarios.studio import Studio, open_studio, warm

pytestmark = pytest.mark.required("G1.3")

UPDATE = {"action": "update", "entity_type": "Task", "entity_key": ["x"], "entity_data": {"name": "y"}}
UNKNOWN = {"action": "a new one"}
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as running:
        yield running


def send(studio: Studio, method: str, path: str, **how: Any) -> int:
    """Send a request that belongs to nobody, or not to whom it says."""
    answer = requests.request(method, f"{studio.proxy.url}{path}", timeout=PATIENCE, allow_redirects=False, **how)
    return answer.status_code


KEYS = {
    "no key": {},
    "a wrong key": {"ftrack-user": "ana", "ftrack-api-key": "wrong"},
    "an unknown user": {"ftrack-user": "nobody", "ftrack-api-key": "wrong"},
    "no user": {"ftrack-api-key": "wrong"},
    "an old cookie": {"Cookie": "ftrack_session=gone"},
}


@pytest.mark.parametrize("strict", ["true", "false"])
@pytest.mark.parametrize("who", KEYS)
def test_the_api(studio: Studio, who: str, strict: str) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    before = studio.changes
    headers = {**KEYS[who], "ftrack-strict-api": strict}
    for body in ([UPDATE], [UNKNOWN], [UPDATE, UNKNOWN], {"action": "create"}, "text", None):
        send(studio, "POST", "/api", json=body, headers=headers)
    for content in (b"", b"[{", b"a=b", b"\xff"):
        send(studio, "POST", "/api", data=content, headers={**headers, **FORM})
    assert ana.ask(studio.name_of_task).is_hit
    assert studio.changes == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/component/remove?id=C"),
        ("GET", "/component/remove?id=C&username=ana&apiKey=wrong"),
        ("HEAD", "/component/remove?id=C&username=ana&apiKey=wrong"),
        ("GET", "//component//remove?id=C"),
        ("OPTIONS", "/component/remove?id=C"),
        ("POST", "/nothing/of/that/name"),
        ("DELETE", "/api"),
        ("PUT", "/nothing?token=1"),
    ],
)
def test_other_end_points(studio: Studio, method: str, path: str) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    assert send(studio, method, path.replace("=C", f"={studio.server.production.components[0]}")) >= 400
    assert ana.ask(studio.name_of_task).is_hit
    assert studio.changes == 0


def test_a_removal_that_was_accepted_counts(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    user, key = studio.server.credentials("bo")
    component = studio.server.production.components[0]
    studio.server.put_component(component, b"bytes")
    assert send(studio, "GET", f"/component/remove?id={component}&username={user}&apiKey={key}") == 200
    assert studio.changes
    assert not ana.ask(studio.name_of_task).is_hit


def test_what_is_accepted_without_a_key_counts(studio: Studio) -> None:
    """A session cookie may be enough for ftrack."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    cookies = dict(ana.cookies)
    assert "ftrack_session" in cookies
    studio.server.hub.hold_events()
    body = [{**UPDATE, "entity_key": [studio.task], "entity_data": {"__entity_type__": "Task", "name": "by cookie"}}]
    assert send(studio, "POST", "/api", json=body, cookies=cookies) == 200
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "by cookie"


@pytest.mark.parametrize("who", ["ana", "no key"])
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"<html>"), (502, b"<html>"), (504, b""), (500, b'{"exception": "InternalError", "content": ""}'),
        (200, b"<html>"), (200, b""),
    ],
)  # fmt: skip
def test_an_unknown_outcome_still_counts(studio: Studio, who: str, status: int, body: bytes) -> None:
    """The write was carried out, and something else went wrong after it: ftrack's own error tells the key's owner."""
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.hub.hold_events()
    studio.server.fail_next(after_commit=True, action="update", status=status, body=body)
    write = {**UPDATE, "entity_key": [studio.task], "entity_data": {"__entity_type__": "Task", "name": "done"}}
    headers, cookies = (ana.headers, {}) if who == "ana" else ({}, dict(ana.cookies))
    assert send(studio, "POST", "/api", json=[write], headers=headers, cookies=cookies) == status
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "done"


def test_a_lost_answer_still_counts(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.hub.hold_events()
    studio.server.drop_next(after_commit=True, action="update")
    ana.update("Task", studio.task, name="done")
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "done"


def test_what_a_key_that_was_just_revoked_wrote_counts(studio: Studio) -> None:
    """Only the answer to this very write says that it was refused."""
    ana, bo = studio.person("ana"), studio.person("bo")
    warm(ana, studio.name_of_task)
    studio.server.hub.hold_events()
    held = studio.server.hold(action="update")
    writing = studio.threads.submit(bo.update, "Task", studio.task, name="by bo")
    held.wait_reached()
    studio.server.engine.revoke_key("bo")
    assert "exception" in bo.update("Task", studio.task, name="too late").content
    held.release()
    assert isinstance(writing.result(PATIENCE).content, list)
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "by bo"
