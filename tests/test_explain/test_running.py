"""`/-/explain` and `ftrack-proxy explain` against a running proxy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from ftrack_proxy.web import explain as page
from tests.harness import PATIENCE
from tests.scenarios.studio import Studio, open_studio, warm


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        yield opened


def get(studio: Studio, **parameters: str) -> requests.Response:
    return requests.get(f"{studio.proxy.url}/-/explain", params=parameters, timeout=PATIENCE)


def explained(studio: Studio, expression: str) -> dict[str, Any]:
    with get(studio, expression=expression) as answer:
        assert answer.status_code == 200
        assert answer.headers["Cache-Control"] == "no-store"
        said: dict[str, Any] = answer.json()
        return said


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith("FTRACK_")}
    return subprocess.run(
        [sys.executable, "-m", "ftrack_proxy", "explain", *arguments],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_from_nothing_to_fresh_to_stale(studio: Studio) -> None:
    ana = studio.person()
    said = explained(studio, studio.name_of_task)
    assert (said["understood"], said["schema_known"], said["cached"], said["verdict"]) == (True, False, 0, "none")
    assert "schema" in said["why_not"]
    warm(ana, studio.name_of_task)
    said = explained(studio, studio.name_of_task)
    assert (said["cached"], said["verdict"], said["reason"]["value"], said["why_not"]) == (1, "fresh", "exact", None)
    # Another spelling is the same query.
    assert explained(studio, studio.name_of_task.replace("select ", "SELECT  "))["verdict"] == "fresh"
    studio.foreign(name="secret name")
    said = explained(studio, studio.name_of_task)
    assert (said["verdict"], said["reason"]["value"], said["reason"]["rule"]) == ("stale", "affected", "A1")
    assert said["reason"]["seq"] == studio.changes
    assert said["reason"]["change"]["source"] == "hub_event"
    assert "name" in said["reason"]["change"]["attributes"]
    shown = json.dumps(said["reason"])
    assert not any(secret in shown for secret in ("secret name", studio.task, ana.name))


def test_several_people(studio: Studio) -> None:
    ana, bo = studio.person(), studio.person("bo")
    warm(ana, "select name from Status")
    warm(bo, "select name from Status")
    assert explained(studio, "select name from Status")["cached"] == 2


def test_it_leaves_no_trace(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    warm(ana, "select name from Status")
    journal, store = studio.proxy.parts.journal, studio.proxy.parts.store

    def state() -> Any:
        kept = list(store._memory._results.items())
        unknown = dict(studio.proxy.parts.understanding.not_understood)
        return [(k, r.good_through) for k, r in kept], repr(journal.counters), journal.log.head, unknown

    studio.foreign(bid=3600)
    before, queries = studio.proxy.inside(state), studio.queries()
    for expression in (studio.name_of_task, "select name from Status", "no such thing"):
        explained(studio, expression)
    assert studio.proxy.inside(state) == before
    assert studio.queries() == queries


def test_what_only_the_disk_has(studio: Studio) -> None:
    warm(studio.person(), "select name from Status")
    store = studio.proxy.parts.store
    store.flush()
    studio.proxy.inside(store._memory._results.clear)
    assert explained(studio, "select name from Status")["verdict"] == "fresh"
    assert studio.proxy.inside(lambda: len(store._memory)) == 0


def test_revoked_trust_and_gaps(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.cut_feed()
    said = explained(studio, studio.name_of_task)
    assert (said["verdict"], said["reason"]["value"]) == ("stale", "unverified")
    assert "no change feed" in said["why_not"]
    studio.proxy.clock.ahead = 400
    assert explained(studio, studio.name_of_task)["reason"]["value"] == "credentials"


def test_without_an_expression(studio: Studio) -> None:
    for parameters in ({}, {"expression": " "}):
        with get(studio, **parameters) as answer:
            assert answer.status_code == 400
            assert "expression is missing" in answer.json()["content"]


def test_from_another_machine(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "_is_loopback", lambda peer: False)
    with get(studio, expression="Task") as answer:
        assert answer.status_code == 403
        assert answer.json()["exception"] == "PermissionDeniedError"


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("127.0.0.1", True),
        ("127.8.0.1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("::ffff:10.0.0.1", False),
        ("10.0.0.1", False),
        ("", False),
        (None, False),
    ],
)
def test_what_is_this_machine(peer: str | None, expected: bool) -> None:
    assert page._is_loopback(peer) is expected


def test_the_command(studio: Studio) -> None:
    warm(studio.person(), studio.name_of_task)
    port = str(studio.proxy.parts.port)
    kept = run(studio.name_of_task, FTRACK_PROXY_LISTEN=f"0.0.0.0:{port}")
    assert (kept.returncode, kept.stderr) == (0, "")
    assert "1 answer: fresh (exact)" in kept.stdout
    assert "Task.name" in kept.stdout
    assert max(map(len, kept.stdout.splitlines())) <= 110
    studio.foreign(name="other")
    stale = run(studio.name_of_task, "--url", f"{studio.proxy.url}/")
    assert "stale (affected)" in stale.stdout
    assert "an event of ftrack's hub: Task updated" in " ".join(stale.stdout.split())
    document = run("--json", "--url", studio.proxy.url, studio.name_of_task)
    assert json.loads(document.stdout) == explained(studio, studio.name_of_task)


@pytest.mark.parametrize(
    ("expression", "kind", "words"),
    [
        ("select name from Task where id is {task}", "entity", "known from other answers"),
        ("select name, parent_id from Task order by name limit 1", "window", "cut out"),
        ("select name from Task order by name", "projection", "put together"),
        ("select description from Task order by name", None, "nothing"),
        ("select name from Task where id is {task} and name is x", None, "nothing"),
    ],
)
def test_what_would_be_put_together(expression: str, kind: str | None, words: str, studio: Studio) -> None:
    """From known entities, although nobody asked it; looking changes nothing."""
    warm(studio.person(), "select name, parent_id from Task order by name")
    before, asked = studio.proxy.status(), expression.format(task=studio.task)
    said = explained(studio, asked)
    assert (said["cached"], said["known"]) == (0, kind)
    assert words in " ".join(run(asked, "--url", studio.proxy.url).stdout.split())
    after = studio.proxy.status()
    assert (after["hits"], after["cache"], after["requests"]) == (before["hits"], before["cache"], before["requests"])


def test_the_command_points_at_the_problem(studio: Studio) -> None:
    broken = run("select name from Task\nwhere name is", "--url", studio.proxy.url)
    lines = broken.stdout.splitlines()
    assert (broken.returncode, lines[0], lines[1]) == (0, "where name is", " " * 13 + "^")
    assert "not understood" in lines[2]


@pytest.mark.parametrize(
    ("arguments", "environment", "code", "text"),
    [
        (("Task", "--url", "http://127.0.0.1:9"), {}, 1, "no proxy answers at http://127.0.0.1:9"),
        (("Task", "--url", "nonsense"), {}, 2, "no URL"),
        (("Task",), {"FTRACK_PROXY_LISTEN": "nonsense"}, 2, "HOST:PORT"),
        ((), {}, 2, "EXPRESSION"),
    ],
)
def test_the_command_fails(arguments: tuple[str, ...], environment: dict[str, str], code: int, text: str) -> None:
    failed = run(*arguments, **environment)
    assert failed.returncode == code
    assert text in failed.stderr
    assert len(failed.stderr.splitlines()) == 1


def test_the_command_finds_something_else_there(studio: Studio) -> None:
    failed = run("Task", "--url", studio.server.url)
    assert failed.returncode == 1
    assert len(failed.stderr.splitlines()) == 1


def test_the_command_without_an_expression(studio: Studio) -> None:
    assert run(" ", "--url", studio.proxy.url).returncode == 2
