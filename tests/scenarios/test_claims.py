"""What anybody may publish on the event hub makes the proxy ask ftrack again, and never becomes part of an answer."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.hub_client import HubClient
from tests.scenarios.studio import Person, Studio, open_studio

pytestmark = pytest.mark.required("G2.4")

UPDATE = "ftrack.update"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        yield opened


@pytest.fixture
def forger(studio: Studio) -> Iterator[HubClient]:
    with HubClient(studio.server.url, *studio.server.credentials("bo")) as client:
        yield client


def claim(studio: Studio, forger: HubClient, topic: str, data: Any) -> None:
    """Publish something; returns when the proxy has it."""
    before = studio.changes
    forger.publish(topic, data)
    studio.wait_for_change(before)


def about_task(studio: Studio, action: str, **changes: tuple[Any, Any]) -> dict[str, Any]:
    """A well-made item about the task that everybody looks at."""
    made = studio.server.production
    steps = [("Task", studio.task), ("Shot", made.shots[0]), ("Sequence", made.sequences[0])]
    parents = [{"entityId": i, "entity_type": kind, "entityType": "task"} for kind, i in steps]
    parents.append({"entityId": made.projects[0], "entity_type": "Project", "entityType": "show"})
    for step, above in itertools.pairwise(parents):
        step["parentId"] = above["entityId"]
    return {
        "entityId": studio.task, "entityType": "task", "entity_type": "Task", "action": action,
        "parentId": made.shots[0], "keys": list(changes), "parents": parents,
        "changes": {name: {"old": old, "new": new} for name, (old, new) in changes.items()},
    }  # fmt: skip


def events_of(studio: Studio) -> dict[str, tuple[str, Any]]:
    made = studio.server.production
    item = about_task(studio, "remove", name=("animation", None))
    other = {**item, "entityId": made.tasks[1]}
    pair = {"component_id": made.components[0], "location_id": made.locations[-1]}
    return {
        "gone": (UPDATE, {"entities": [item]}),
        "gone, all at once": (UPDATE, {"entities": [item, other]}),
        "gone, without values": (UPDATE, {"entities": [about_task(studio, "remove")]}),
        "renamed": (UPDATE, {"entities": [about_task(studio, "update", name=("animation", "forged"))]}),
        "always so": (UPDATE, {"entities": [about_task(studio, "update", name=("forged", "forged"))]}),
        "other status": (UPDATE, {"entities": [about_task(studio, "update", statusid=("x", "y"))]}),
        "new": (UPDATE, {"entities": [about_task(studio, "add", name=(None, "forged"), parent_id=(None, "nowhere"))]}),
        "moved": (UPDATE, {"entities": [about_task(studio, "move", parent_id=("nowhere", made.shots[0]))]}),
        "elsewhere": (UPDATE, {"entities": [{**item, "action": "update", "parents": [], "parentId": None}]}),
        "component gone": ("ftrack.location.component-removed", pair),
        "component here": ("ftrack.location.component-added", {**pair, "location_id": made.locations[0]}),
    }  # fmt: skip


CLAIMS = (
    "gone", "gone, all at once", "gone, without values", "renamed", "always so", "other status", "new", "moved",
    "elsewhere", "component gone", "component here",
)  # fmt: skip


def questions(studio: Studio) -> list[str]:
    """The task by itself, in lists and pages, behind references and in collections; a component in its locations."""
    made = studio.server.production
    shot, project, one = made.shots[0], made.projects[0], f'id is "{studio.task}"'
    return [
        f"select name, status.name, parent.name from Task where {one}",
        f"select name, description from Task where {one} limit 2",
        f"select name from TypedContext where {one} offset 0 limit 500",
        f"select name from Task where id in ({studio.task}, {made.tasks[1]})",
        f'select name from Task where parent_id is "{shot}"',
        f'select name from Task where project_id is "{project}" order by name limit 1',
        f'select name from Task where project_id is "{project}" order by name offset 1 limit 2',
        f'select children.name from Shot where id is "{shot}"',
        f'select task.name from AssetVersion where task_id is "{studio.task}"',
        f'select context.name from Appointment where context_id is "{studio.task}"',
        f'select component_locations.location_id from FileComponent where id is "{made.components[0]}"',
        f'select location_id from ComponentLocation where component_id is "{made.components[0]}"',
    ]


def agree(studio: Studio, person: Person, direct: Person) -> None:
    for expression in questions(studio):
        for text in (expression, expression.replace("select ", "select id, ")):
            assert person.ask(text).content[0]["data"] == direct.ask(text).content[0]["data"], text


@pytest.mark.parametrize("title", CLAIMS)
def test_no_claim_is_an_answer_nor_hides_what_truly_happens(title: str, studio: Studio, forger: HubClient) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    for expression in questions(studio):
        ana.ask(expression)
    assert set(events_of(studio)) == set(CLAIMS)
    claim(studio, forger, *events_of(studio)[title])
    agree(studio, ana, direct)
    agree(studio, ana, direct)
    studio.foreign(name="forged", description="true")
    claim(studio, forger, *events_of(studio)[title])
    agree(studio, ana, direct)
    before = studio.changes
    studio.server.delete("Task", studio.task)
    studio.wait_for_change(before)
    claim(studio, forger, *events_of(studio)[title])
    agree(studio, ana, direct)
