"""Who sees what: barred and private projects, the global key, roles, keys (ftrack-protocol 1.3, 2.3, 8.1)."""

from __future__ import annotations

from typing import Any

import pytest

from tests.ftrack_server import ApiError, Caller, Engine, Outcome, ProductionPlan


@pytest.fixture
def engine() -> Engine:
    return Engine(ProductionPlan(projects=2, sequences=1, shots=1, tasks=1, assets=1, versions=2, components=1))


def who(engine: Engine, username: str) -> Caller:
    return engine.authenticate(*engine.credentials(username))


def run(engine: Engine, username: str, action: str, **members: Any) -> Outcome:
    return engine.run_batch(who(engine, username), [{"action": action, **members}])


def projects(engine: Engine, caller: Caller) -> set[str]:
    outcome = engine.run_batch(caller, [{"action": "query", "expression": "Project"}])
    return {row["id"] for row in outcome.responses[0]["data"]}


def everyone(engine: Engine) -> Caller:
    return engine.authenticate("bo", engine._global_key)


def test_a_global_key_has_rights_of_its_own(engine: Engine) -> None:
    first, second = engine.production.projects
    engine.set_project_access("bo", [first])
    assert projects(engine, who(engine, "bo")) == {second}
    assert projects(engine, everyone(engine)) == {first, second}
    information = engine.run_batch(
        everyone(engine), [{"action": "query_server_information", "values": ["user_information"]}]
    ).responses[0]["user_information"]
    assert (information["username"], information["is_global_access_key"]) == ("bo", True)


def test_privacy_counts_when_it_is_switched_on(engine: Engine) -> None:
    first, second = engine.production.projects
    run(engine, "service", "update", entity_type="Project", entity_key=[first], entity_data={"is_private": True})
    assert projects(engine, who(engine, "ana")) == {first, second}
    engine.access.private_projects = True
    assert projects(engine, who(engine, "ana")) == {second}
    assert projects(engine, everyone(engine)) == {second}
    assert projects(engine, who(engine, "service")) == {first, second}
    assert not engine.can_see_project(engine.production.users["ana"], first)


def test_a_grant_opens_a_private_project_and_its_end_closes_it(engine: Engine) -> None:
    first = engine.production.projects[0]
    run(engine, "service", "update", entity_type="Project", entity_key=[first], entity_data={"is_private": True})
    engine.access.private_projects = True
    role = engine.query("SecurityRole")[0]["id"]
    given = {"user_id": engine.production.users["ana"], "role_id": role, "project_id": first}
    outcome = run(engine, "service", "grant_user_security_role_project", **given)
    assert first in projects(engine, who(engine, "ana"))
    entity = outcome.events[0].data["entities"][0]
    assert (entity["entityType"], entity["action"]) == ("userroleproject", "add")
    assert engine.production.users["ana"] in [step["entityId"] for step in entity["parents"]]
    run(engine, "service", "revoke_user_security_role_project", **given)
    assert first not in projects(engine, who(engine, "ana"))


def test_roles_are_added_changed_and_removed(engine: Engine) -> None:
    user, old = engine.production.users["bo"], engine.query("SecurityRole")[0]["id"]
    data = {"id": "role-2", "name": "Editor", "type": "PROJECT"}
    run(engine, "service", "create", entity_type="SecurityRole", entity_data=data)

    def roles() -> set[str]:
        rows = engine.query(f'select security_role_id from UserSecurityRole where user_id is "{user}"')
        return {row["security_role_id"] for row in rows}

    assert roles() == {old}
    run(engine, "service", "update_user_security_role", user_id=user, role_id=old, new_role_id="role-2")
    assert roles() == {"role-2"}
    run(engine, "service", "add_user_security_role", user_id=user, role_id=old)
    assert roles() == {old, "role-2"}
    run(engine, "service", "remove_user_security_role", user_id=user, role_id="role-2")
    assert roles() == {old}


def test_a_failed_batch_leaves_the_key_as_it_was(engine: Engine) -> None:
    reset = {"action": "reset_remote", "reset_type": "api_key"}
    with pytest.raises(ApiError, match="Invalid action u'no_such_thing'"):
        engine.run_batch(who(engine, "ana"), [reset, {"action": "no_such_thing"}])
    made = run(engine, "ana", "reset_remote", reset_type="api_key").responses[0]["data"]["api_key"]
    assert engine.credentials("ana") == ("ana", made)


@pytest.mark.parametrize("action", ["_query", "authorize_operation", "track_usage", None, "written"])
def test_only_real_names_are_actions(engine: Engine, action: str | None) -> None:
    with pytest.raises(ApiError, match="Invalid action"):
        engine.run_batch(who(engine, "ana"), [{"action": action, "expression": "Project"}])


def test_a_search_keeps_to_its_limits(engine: Engine) -> None:
    first = engine.production.projects[0]
    limits = {"entity_type": "TypedContext", "terms": ["s"], "context_id": first}
    everything = {"expression": "select id, name, project_id from TypedContext", **limits}
    rows = run(engine, "ana", "search", **everything).responses[0]["data"]
    assert {row["project_id"] for row in rows} == {first}
    page = run(
        engine, "ana", "search", **{**everything, "expression": "select id from TypedContext limit 1"}
    ).responses[0]
    assert len(page["data"]) == 1
    assert page["metadata"]["next"]["offset"] == 1
    shot = engine._model.object_types["Shot"]
    found = run(engine, "ana", "search", object_type_ids=[shot], **everything).responses[0]["data"]
    assert {row["__entity_type__"] for row in found} == {"Shot"}


def test_a_query_without_select_has_the_default_projections(engine: Engine) -> None:
    assert engine.query("Task limit 1")[0].keys() >= {"id", "name", "context_type"}
