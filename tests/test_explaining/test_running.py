"""`/-/explain` and `ftrack-proxy explain` against a running proxy."""

from __future__ import annotations

import json
import os
import subprocess
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ftrack_api

from ftrack_proxy.cli import explain_command as command
from ftrack_proxy.web import explain_endpoint as page
from tests.harness import PATIENCE
from tests.scenarios.studio import Studio, open_studio, warm
from tests.test_cli import warm_command
from tests.test_web.origin import Origin


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
    return warm_command.run("explain", *arguments, **{**inherited, **environment})


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
        kept = list(zip(store._memory, store._memory.values(), strict=True))
        unknown = dict(studio.proxy.parts.binder.not_understood)
        return (
            [(k, r.validity.good_through) for k, r in kept],
            repr(studio.proxy.parts.counters),
            journal.log.head,
            unknown,
        )

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
    studio.proxy.inside(store._memory.clear)
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
    assert "would be answered from the cache: yes" in kept.stdout
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


def first_line(done: subprocess.CompletedProcess[str]) -> str:
    return done.stdout.partition("\n")[0]


def test_the_verdict_comes_first(studio: Studio) -> None:
    ana, asked = studio.person(), "select name from Task order by name"
    assert "answered from the cache: no, ftrack's schema is not known" in first_line(run(asked, "--url", url(studio)))
    warm(ana, "select name from Status")
    assert "answered from the cache: no, nobody has asked it" in first_line(run(asked, "--url", url(studio)))
    warm(ana, asked)
    assert "answered from the cache: yes, it is stored" in first_line(run(asked, "--url", url(studio)))
    studio.foreign(name="other")
    assert "answered from the cache: no, it is stored, but" in first_line(run(asked, "--url", url(studio)))


def url(studio: Studio) -> str:
    return studio.proxy.url


@pytest.mark.parametrize("asked", ["{task}", "select name, bid from {task}"])
@pytest.mark.parametrize("how", ["all", "first", "one"])
def test_what_the_real_client_adds_is_no_matter(asked: str, how: str, studio: Studio) -> None:
    """It adds a window to everything, and projections to what has none."""
    expression = asked.format(task=f'Task where id is "{studio.task}"')
    user, key = studio.server.credentials("ana")
    session = ftrack_api.Session(
        server_url=studio.proxy.url, api_user=user, api_key=key, auto_connect_event_hub=False, schema_cache_path=False
    )
    getattr(session.query(expression), how)()
    session.close()
    said = explained(studio, expression)
    assert said["cached"] == 1, said
    assert (said["from_cache"], said["verdict"]) == (True, "fresh")
    assert said["windows"][0]["limit"] in (1, 2, 500)
    assert f"limit {said['windows'][0]['limit']}" in run(expression, "--url", url(studio)).stdout
    # Who names a window means that one.
    assert explained(studio, f"{expression} offset 7 limit 9")["cached"] == 0
    assert explained(studio, f"{expression} limit {said['windows'][0]['limit']}")["cached"] == 1


def test_braces_are_written_out_as_for_a_read(studio: Studio) -> None:
    warm(studio.person(), "select name, status.{name, color} from Task")
    said = explained(studio, "select name, status.{color,name} from Task")
    assert (said["cached"], said["from_cache"]) == (1, True)


def test_the_command_points_at_the_problem(studio: Studio) -> None:
    warm(studio.person(), "select name from Status")
    broken = run("select name from Task\nwhere name is", "--url", url(studio))
    lines = broken.stdout.splitlines()
    assert lines[0].startswith("would be answered from the cache: no, not understood")
    assert lines[lines.index("where name is") :][:2] == ["where name is", " " * 13 + "^"]
    assert broken.returncode == 1
    assert broken.stderr == "ftrack-proxy: not understood at position 35: expected a value, found the end\n"
    unknown = run("select nam from Task", "--url", url(studio))
    assert unknown.returncode == 1
    assert "\nselect nam from Task\n       ^\n" in unknown.stdout
    assert "did you mean   name" in unknown.stdout
    document = run("--json", "select nam from Task", "--url", url(studio))
    assert (document.returncode, json.loads(document.stdout)["nearest"][0]) == (1, "name")


@pytest.mark.parametrize(
    ("expression", "position", "line", "column"),
    [
        ("Task\twhere x", 5, "Task where x", 5),
        ("Task where 名前 is x", 14, "Task where 名前 is x", 16),
        ("a\nb\x1b[2Jc\nd", 4, "b [2Jc", 2),
        ("x" * 300 + "!" + "y" * 300, 300, "..." + "x" * 47 + "!" + "y" * 46 + "...", 50),
    ],
)
def test_the_caret_stands_under_the_place(expression: str, position: int, line: str, column: int) -> None:
    assert command._pointed(expression, position) == [line, " " * column + "^"]


def test_the_address_is_found_as_the_server_finds_it(studio: Studio, tmp_path: Path) -> None:
    file = tmp_path / ".config" / "ftrack-proxy" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(f'listen = "127.0.0.1:{studio.proxy.parts.port}"\ncache_size = "1 GB"\n')
    home = {"HOME": str(tmp_path), "XDG_CONFIG_HOME": str(tmp_path / ".config")}
    assert run("select name from Task", **home).returncode == 0
    assert run("select name from Task", "--config", str(file)).returncode == 0
    assert run("select name from Task", FTRACK_PROXY_CONFIG=str(file)).returncode == 0
    elsewhere = run("select name from Task", "--config", str(file), FTRACK_PROXY_LISTEN="127.0.0.1:9")
    assert "no proxy answers at http://127.0.0.1:9" in elsewhere.stderr
    file.write_text("listen = 8089\n")
    assert "line 1: '8089' is not HOST:PORT" in run("Task", "--config", str(file)).stderr


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


def test_ftrack_itself_is_no_proxy(studio: Studio) -> None:
    failed = run("Task", "--url", studio.server.url)
    assert failed.returncode == 1
    assert f"what answers at {studio.server.url} is no ftrack-proxy" in failed.stderr


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\n\r\nnot found",
        b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
        b"HTTP/1.1 200 OK\r\n\r\n" + b"[" * 100_000,
        b'HTTP/1.1 500 Oops\r\nContent-Length: 25\r\n\r\n{"content": "I am ftrack"}',
        b"HTTP/1.1 302 Found\r\nLocation: /nowhere\r\nContent-Length: 0\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nhalf",
        b"",
    ],
    ids=["404", "page", "empty", "null", "deep", "ftrack", "redirect", "ssh", "half", "nothing"],
)
def test_what_is_no_proxy_is_called_that(answer: bytes) -> None:
    with Origin() as origin:
        for path in ("/-/explain", "/nowhere"):
            origin.answer(path, answer, keep=False)
        failed = run("Task", "--url", origin.url)
    assert failed.returncode == 1
    assert failed.stderr.startswith(f"ftrack-proxy: what answers at {origin.url} is no ftrack-proxy")


def test_the_command_without_an_expression(studio: Studio) -> None:
    assert run(" ", "--url", studio.proxy.url).returncode == 2
