"""An exception of the proxy's own in optional work costs a cache hit, and is counted and logged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ftrack_proxy.decision import ask
from ftrack_proxy.entities import sibling_queries
from ftrack_proxy.entities.entity_lookup import EntityLookup
from ftrack_proxy.request import forward, learn
from tests.scenarios.studio import Studio, open_studio, warm

pytestmark = pytest.mark.required("G7.7")


def _breaks(*_: Any, **__: Any) -> Any:
    raise ZeroDivisionError("broken for a test")


def _list_and_members(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    listed = warm(ana, "select name from Task").rows
    for row in listed:
        expression = f'select status.name from Task where id is "{row["id"]}"'
        assert ana.ask(expression).rows == direct.ask(expression).rows


def _siblings(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    for row in warm(ana, "select name from Shot").rows:
        expression = f'select name from Task where parent.id is "{row["id"]}"'
        assert ana.ask(expression).rows == direct.ask(expression).rows


def _write(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    assert ana.update("Task", studio.task, name="written").content[0]["data"]["name"] == "written"
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "written"


@pytest.mark.parametrize(
    ("owner", "name", "story", "kind"),
    [
        (EntityLookup, "answer", _list_and_members, "recalling: ZeroDivisionError"),
        (learn, "normalise_all", _list_and_members, "taking apart: ZeroDivisionError"),
        (ask, "plan", _list_and_members, "planning: ZeroDivisionError"),
        (sibling_queries.NPlusOnePattern, "split", _siblings, "splitting: ZeroDivisionError"),
        (forward, "learn_written", _write, "taking in a write: ZeroDivisionError"),
    ],
)
def test_a_fault_costs_nobody_an_answer(
    owner: Any, name: str, story: Any, kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(owner, name, _breaks)
    with open_studio(tmp_path, shots=4) as studio:
        story(studio)
        assert any(kind in reason for reason in studio.proxy.status()["degraded"])
