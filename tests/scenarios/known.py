"""What the contract demands of answers that are put together from known entities, told like `freshness`.

Every story asks a question that nobody asked before, of entities that other answers told of.
"""

from __future__ import annotations

import uuid
from typing import Any

from tests.harness import until
from tests.scenarios.freshness import Story
from tests.scenarios.studio import Person, Studio, warm


def _tasks(studio: Studio, more: str = "") -> str:
    return f'select name, description from Task where project.id is "{studio.server.production.projects[0]}"{more}'


def _by_id(studio: Studio) -> str:
    return f"select name from Task where id is {studio.task} limit 2"


def _name(person: Person, expression: str) -> Any:
    return person.ask(expression).rows[0]["name"]


def event(studio: Studio) -> None:
    """G2: an event that reached the proxy reaches what is known of the entity, too."""
    ana = studio.person()
    warm(ana, _tasks(studio))
    studio.foreign(name="matchmove")
    assert _name(ana, _by_id(studio)) == "matchmove"


def change_during_the_fetch(studio: Studio) -> None:
    """G3: an answer tells of an entity what was so when it was asked for, not when it came."""
    ana = studio.person()
    warm(ana, "select id from Status")
    held = studio.server.hold(contains="description")
    early = ana.start(_tasks(studio))
    held.wait_reached()
    studio.foreign(name="tracking")
    held.release()
    early.result()
    assert _name(ana, _by_id(studio)) == "tracking"


def gap(studio: Studio) -> None:
    """G4: what was known before a gap is asked for again."""
    ana = studio.person()
    warm(ana, _tasks(studio))
    studio.cut_feed()
    studio.server.update("Task", studio.task, name="dust bust")
    studio.restore_feed()
    assert _name(ana, _by_id(studio)) == "dust bust"


def window(studio: Studio) -> None:
    """G2: the first row of a known list is its first row now."""
    ana = studio.person()
    rows = warm(ana, _tasks(studio, " order by name descending")).rows
    studio.foreign(name="000" if rows[0]["id"] == studio.task else "zzz")
    first_now = ana.ask(_tasks(studio, " order by name descending limit 1")).rows[0]["id"]
    assert (first_now == studio.task) != (rows[0]["id"] == studio.task)


def removed(studio: Studio) -> None:
    """G2: what is known is not what there still is."""
    ana = studio.person()
    warm(ana, _tasks(studio))
    before = studio.changes
    studio.server.delete("Task", studio.task)
    studio.wait_for_change(before)
    assert ana.ask(_by_id(studio)).rows == []


def created(studio: Studio) -> None:
    """G2: what is known not to be there may come."""
    ana, identity = studio.person(), str(uuid.uuid4())
    warm(ana, f'select name from Task where id is "{identity}"')
    before = studio.changes
    studio.server.create("Task", id=identity, name="late", parent_id=studio.server.production.shots[0])
    studio.wait_for_change(before)
    assert len(ana.ask(f"select name from Task where id in ({identity}) limit 3").rows) == 1


def somebody_else(studio: Studio) -> None:
    """G6: what one user's answers tell is not told to another."""
    ana, bo = studio.person(), studio.person("bo")
    studio.server.engine.set_project_access("bo", studio.server.production.projects)
    bo.ask("select id from Status")
    until(lambda: all(feed.position()[1] for feed in studio.proxy.parts.coverage.feeds), "bo's feed")
    warm(ana, _tasks(studio))
    assert bo.ask(_by_id(studio)).rows == []


# Story -> the rules that it is about.
KNOWN_RULES: dict[Story, tuple[str, ...]] = {
    event: ("rows are judged by later changes",),
    change_during_the_fetch: ("rows are judged by later changes",),
    gap: ("a record may be too old to be judged",),
    window: ("a list is judged before its rows are used",),
    removed: ("rows are judged by later changes",),
    created: ("absences are judged by later changes",),
    somebody_else: ("records are kept apart by who asked", "a record may be too old to be judged"),
}
