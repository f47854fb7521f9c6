"""Links of custom attributes: one row under several types (ftrack-protocol 4.5, 5.3)."""

from __future__ import annotations

import pytest

from tests.ftrack_server import Engine, ProductionPlan


@pytest.fixture(scope="module")
def engine() -> Engine:
    return Engine(ProductionPlan(sundries=True))


def test_the_base_shows_what_a_link_leads_to(engine: Engine) -> None:
    expression = 'select user.username from CustomAttributeLink where configuration.key = "boss"'
    rows = engine.query(expression)
    assert [row["__entity_type__"] for row in rows] == ["UserCustomAttributeLink"]
    assert rows[0]["user"]["username"] == "ray"


def test_a_link_is_of_one_type_in_each_direction(engine: Engine) -> None:
    there = {name: len(engine.query(name)) for name in engine._model.schemas if "CustomAttributeLink" in name}
    there.pop("CustomAttributeLinkConfiguration")
    assert {name for name, count in there.items() if count} == {
        "CustomAttributeLink", "CustomAttributeLinkFrom", "UserCustomAttributeLink", "ContextCustomAttributeLinkFrom",
    }  # fmt: skip


def test_both_ends_can_be_asked_for(engine: Engine) -> None:
    task = engine.production.tasks[0]
    forward = 'Task where custom_attribute_links any (configuration.key is "boss" and user.username is "ray")'
    assert [row["id"] for row in engine.query(forward)] == [task]
    backward = 'User where custom_attribute_links_from any (configuration.key is "boss" and context.bid > 1)'
    assert [row["id"] for row in engine.query(backward)] == [engine.production.users["ray"]]


def test_a_new_link_gets_its_type_from_its_end(engine: Engine) -> None:
    configuration = engine.query("CustomAttributeLinkConfiguration")[0]["id"]
    ends = {"from_id": engine.production.tasks[1], "to_id": engine.production.users["bo"]}
    caller = engine.authenticate(*engine.credentials("ana"))
    operation = {
        "action": "create",
        "entity_type": "CustomAttributeLink",
        "entity_data": {"configuration_id": configuration, **ends},
    }
    engine.run_batch(caller, [operation])
    rows = engine.query(f'select user.username from UserCustomAttributeLink where from_id is "{ends["from_id"]}"')
    assert [row["user"]["username"] for row in rows] == ["bo"]


def test_composite_keys_are_looked_up_and_not_searched_for(engine: Engine) -> None:
    first, second = engine.production.shots[:2]
    fps = engine.production.configurations[0]
    expression = (
        f'select value from ContextCustomAttributeValue where (configuration_id is "{fps}"and entity_id is "{first}")'
        f' or (configuration_id is "{fps}"and entity_id is "{second}")'
    )
    assert [row["entity_id"] for row in engine.query(expression)] == [first, second]
