"""Wrong answers out of known entities that the oracle (tests/oracle) once found, each as a short story."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.scenarios.studio import Person, Studio, open_studio, warm

pytestmark = pytest.mark.required("G2.5", "G7.4")

DENORMALISED = {"ftrack-api-options": "strict:1;denormalize:1"}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        yield opened


def agreed(studio: Studio, person: Person, expression: str, **headers: str) -> list[dict[str, object]]:
    """The rows that somebody is answered through the proxy, which are those that ftrack answers."""
    rows = person.ask(expression, **headers).rows
    assert rows == studio.person(person.name, direct=True).ask(expression, **headers).rows
    return rows


def test_an_entity_inside_itself_is_cut_short_also_in_full_answers(studio: Studio) -> None:
    """What is not written there is not written, which does not mean that it does not exist."""
    ana, shot = studio.person(), studio.server.production.shots[0]
    ana.ask("select id from Status")
    ana.ask(f"select parent.children.name from Task where id is {studio.task}", **DENORMALISED)
    ana.ask(f"select children.parent.description from Shot where id is {shot}", **DENORMALISED)
    for name in ("name", "description"):
        for identity in (studio.task, shot):
            rows = agreed(studio, ana, f"select {name} from TypedContext where id is {identity}", **DENORMALISED)
            assert name in rows[0]


@pytest.mark.parametrize("headers", [{}, DENORMALISED], ids=["normalised", "denormalised"])
def test_what_shares_a_column_comes_along_in_normalised_answers_only(headers: dict[str, str], studio: Studio) -> None:
    ana = studio.person()
    ana.ask("select id from Status")
    agreed(studio, ana, f"select link, _link, name from Task where id is {studio.task}", **headers)
    for name in ("link", "_link"):
        agreed(studio, ana, f"select {name} from Task where id in ({studio.task})", **headers)


def test_what_a_batch_wrote_may_be_gone_with_what_it_removed(studio: Studio) -> None:
    """Below a removed shot there is no task, though the answer to the batch shows it."""
    ana = studio.person()
    ana.ask("select name, description from Task")
    studio.server.hub.hold_events()
    shot = studio.server.production.shots[0]
    ana.call([updated("Task", studio.task, name="late"), deleted("Shot", shot)])
    assert agreed(studio, ana, f"select name from Task where id is {studio.task}") == []


def test_what_a_batch_removed_it_may_have_made_again(studio: Studio) -> None:
    ana, parent = studio.person(), studio.server.production.shots[0]
    ana.ask("select name, parent.name from Task")
    studio.server.hub.hold_events()
    ana.call([deleted("Task", studio.task), created("Task", id=studio.task, name="again", parent_id=parent)])
    assert agreed(studio, ana, f"select name from Task where id is {studio.task}")[0]["name"] == "again"


def test_values_are_not_shown_where_only_keys_may_be_asked_for(studio: Studio) -> None:
    """A mapped array named as a whole comes with its values; named in part as well, ftrack alone knows."""
    ana, shot = studio.person(), studio.server.production.shots[0]
    ana.ask("select custom_attributes from Shot")
    for shown in ("custom_attributes, custom_attributes.key", "custom_attributes.key, custom_attributes"):
        agreed(studio, ana, f"select {shown} from Shot where id is {shot}")


def test_pages_of_named_rows_fit_together(studio: Studio) -> None:
    """In which order rows are that are named in no order is ftrack's to say: pages are cut by it alone."""
    ana, tasks = studio.person(), studio.server.production.tasks
    warm(ana, "select name from Task")
    named = f"select name from Task where id in ({', '.join(reversed(tasks))})"
    for window in (" offset 1 limit 1", " limit 2", " offset 1"):
        agreed(studio, ana, named + window)
    assert ana.ask(named + f" offset 0 limit {len(tasks)}").is_hit


def test_a_stored_value_is_not_the_one_that_is_shown(studio: Studio) -> None:
    """The two types of a custom attribute's value have the same keys, and are two entities to clients."""
    ana, shot = studio.person(), studio.server.production.shots[0]
    dense = ana.ask(f"select custom_attributes from Shot where id is {shot}").rows[0]["custom_attributes"][0]
    key = [dense["configuration_id"], shot]
    ana.call([{**updated("ContextCustomAttributeValue", shot, value=31.0), "entity_key": key}])
    for name in ("entity_id", "value"):
        agreed(studio, ana, "select custom_attributes.key, custom_attributes.value from Shot")
        agreed(studio, ana, f"select {name} from CustomAttributeValue where entity_id is {shot}")
        agreed(studio, ana, f"select custom_attributes.{name} from Shot where id is {shot}")


def created(entity_type: str, **data: Any) -> dict[str, Any]:
    values = {"__entity_type__": entity_type, **data}
    return {"action": "create", "entity_type": entity_type, "entity_data": values}


def updated(entity_type: str, identity: str, **data: Any) -> dict[str, Any]:
    values = {"__entity_type__": entity_type, **data}
    return {"action": "update", "entity_type": entity_type, "entity_key": [identity], "entity_data": values}


def deleted(entity_type: str, identity: str) -> dict[str, Any]:
    return {"action": "delete", "entity_type": entity_type, "entity_key": [identity]}


def test_a_row_does_not_show_that_it_has_left_the_list(studio: Studio) -> None:
    """Its key is not shown, but whom the relation leads to: a newer answer told of another task."""
    ana, made = studio.person(), studio.server.production
    version, other = made.versions[0], made.tasks[-1]
    listed = f"select is_published, components.name, task.name from AssetVersion where task_id is {studio.task}"
    assert version in str(warm(ana, listed).rows)
    studio.server.hub.hold_events()
    studio.server.update("AssetVersion", version, task_id=other)
    some = f"{version}, {made.versions[1]}"
    ana.ask(f"select comment, is_published, components.name, task.name from AssetVersion where id in ({some})")
    for row in ana.ask(listed.replace("is_published, ", "")).rows:
        assert row["task"]["id"] == studio.task
