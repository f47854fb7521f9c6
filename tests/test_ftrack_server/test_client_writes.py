"""What the real client writes and then relies on: collections, dictionaries, timers, workflows (ftrack-protocol 9)."""

from __future__ import annotations

from typing import Any

from tests.ftrack_server import Engine, FtrackServer, ProductionPlan

from .conftest import OpenSession


def announced(server: FtrackServer, session: Any) -> list[tuple[str, str]]:
    """(entityType, action) of what the present operations of a session will be announced as."""
    seen: list[tuple[str, str]] = []
    publish = server._face.api.publish
    server._face.api.publish = lambda published: seen.extend(  # type: ignore[method-assign]
        (entity["entityType"], entity["action"]) for entity in published.data["entities"]
    )
    session.commit()
    server._face.api.publish = publish  # type: ignore[method-assign]
    return seen


def test_items_of_a_list(server: FtrackServer, open_session: OpenSession) -> None:
    session = open_session()
    shelf = session.query("TypedContextList").first()
    before = {item["id"] for item in shelf["items"]}
    task = next(task for task in session.query("Task") if task["id"] not in before)
    shelf["items"].append(task)
    assert announced(server, session) == [("listobject", "add")]
    assert task["id"] in {item["id"] for item in shelf["items"]}
    fresh = open_session().get("TypedContextList", shelf["id"])
    assert {item["id"] for item in fresh["items"]} == before | {task["id"]}
    fresh["items"].remove(fresh.session.get("Task", task["id"]))
    assert announced(server, fresh.session) == [("listobject", "remove")]
    entries = server.query(f'select entity_id from ListObject where list_id is "{shelf["id"]}"')
    assert {entry["entity_id"] for entry in entries} == before


def test_a_version_uses_another(open_session: OpenSession) -> None:
    session = open_session()
    first, second = session.query("AssetVersion order by id").all()[2:4]
    first["uses_versions"].append(second)
    session.commit()
    fresh = open_session()
    assert [v["id"] for v in fresh.get("AssetVersion", first["id"])["uses_versions"]] == [second["id"]]
    assert [v["id"] for v in fresh.get("AssetVersion", second["id"])["used_in_versions"]] == [first["id"]]
    link = fresh.query(f'AssetVersionLink where to_id is "{first["id"]}"').one()
    assert link["from"]["id"] == second["id"]
    assert [found["id"] for found in fresh.get("AssetVersion", first["id"])["incoming_links"]] == [link["id"]]


def test_scopes(open_session: OpenSession) -> None:
    session = open_session()
    task = session.query("Task").first()
    task["scopes"].append(session.create("Scope", {"name": "London"}))
    session.commit()
    assert session.query("Task where scopes.name is London").one() is task
    task["scopes"] = []
    session.commit()
    assert not session.query("Task where scopes any ()").all()


def test_metadata_is_a_dictionary_also_after_a_commit(open_session: OpenSession) -> None:
    session = open_session()
    shot = session.query("Shot").first()
    shot["metadata"]["a"] = "1"
    session.commit()
    assert dict(shot["metadata"]) == {"a": "1"}
    shot["metadata"]["a"] = "2"
    shot["metadata"]["b"] = "3"
    session.commit()
    assert dict(open_session().get("Shot", shot["id"])["metadata"]) == {"a": "2", "b": "3"}
    del shot["metadata"]["a"]
    session.commit()
    assert dict(open_session().get("Shot", shot["id"])["metadata"]) == {"b": "3"}


def test_components_of_a_version_can_be_taken_away(open_session: OpenSession) -> None:
    session = open_session()
    version = session.query("AssetVersion where components any ()").first()
    first = version["components"][0]
    version["components"].remove(first)
    session.commit()
    assert open_session().get("FileComponent", first["id"])["version_id"] is None


def test_statuses_and_types_of_a_project_schema(open_session: OpenSession) -> None:
    schema = open_session().query("ProjectSchema").first()
    for name in ("Task", "Shot", "AssetVersion"):
        assert schema.get_statuses(name)
    assert schema.get_types("Task")
    assert "Shot" in {kind["name"] for kind in schema["object_types"]}


def test_a_timer_becomes_a_timelog(open_session: OpenSession) -> None:
    session = open_session()
    user, task = session.query("User where username is ana").one(), session.query("Task").first()
    user.start_timer(task, comment="paint")
    log = user.stop_timer()
    assert log["comment"] == "paint"
    assert log["duration"] >= 0
    assert not session.query("Timer").all()


def test_collections_that_share_a_name(open_session: OpenSession) -> None:
    session = open_session()
    kind = session.query("AssetType where assets any ()").first()
    assert {asset["type_id"] for asset in kind["assets"]} == {kind["id"]}
    assert {shelf["category_id"] for shelf in session.query("ListCategory").first()["lists"]} != {None}


def test_addresses_lead_to_what_they_are_called_after(server: FtrackServer) -> None:
    place = server.query("select url from ComponentLocation limit 1")[0]
    assert f"/component/get?id={place['component_id']}" in place["url"]["value"]


def test_every_attribute_of_every_type_can_be_asked_for() -> None:
    engine = Engine(ProductionPlan(sequences=1, shots=1, sundries=True))
    caller = engine.authenticate(*engine.credentials("ana"))
    for schema in engine.schemas:
        properties = schema["properties"].items()
        names = [name for name, definition in properties if not definition.get("restricted_projection")]
        expression = f"select {', '.join(names)} from {schema['id']} limit 2"
        rows = engine.run_batch(caller, [{"action": "query", "expression": expression}]).responses[0]["data"]
        for row in rows:
            assert set(row) >= {"__entity_type__", *schema["primary_key"]}


def test_sundries_are_of_many_types() -> None:
    engine = Engine(ProductionPlan(sundries=True))
    assert engine.query("AssetVersionList where items any ()")
    assert engine.query("ReviewSession where review_session_objects.asset_version.version is 1")
    assert engine.query("Note where recipients.user.username is ana and note_label_links any ()")
    light = engine.query('select value from ContextCustomAttributeValue where key is "light" limit 1')
    assert light[0]["value"] == ["day"]
