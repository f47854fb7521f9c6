"""Custom attributes: inherited, per type, default, stored; and links between entities."""

from __future__ import annotations

from typing import Any

from .engine_stage import Stage, create, delete, update


def _values(stage: Stage, type_name: str, identity: str) -> dict[str, Any]:
    row = stage.ask(f"select custom_attributes from {type_name} where id is {identity}")[0]
    return {value["key"]: value["value"] for value in row["custom_attributes"]}


def _configuration(stage: Stage, key: str) -> str:
    return stage.ids(f"CustomAttributeConfiguration where key is {key}")[0]


def test_inherited_and_default_values(stage: Stage) -> None:
    made, fps = stage.made, _configuration(stage, "fps")
    assert _values(stage, "Task", made.tasks[0]) == {"fps": 25.0, "pipeline": "usd"}
    stage.run(create("ContextCustomAttributeValue", configuration_id=fps, entity_id=made.shots[0], value=48.0))
    assert _values(stage, "Task", made.tasks[0])["fps"] == 48.0
    assert _values(stage, "Shot", made.shots[0])["fps"] == 48.0
    assert _values(stage, "Shot", made.shots[1])["fps"] == 25.0
    stage.run(update("ContextCustomAttributeValue", [fps, made.tasks[0]], value=12.0))
    assert _values(stage, "Task", made.tasks[0])["fps"] == 12.0
    stage.run(delete("ContextCustomAttributeValue", [fps, made.tasks[0]]))
    assert _values(stage, "Task", made.tasks[0])["fps"] == 48.0


def test_moving_changes_what_is_inherited(stage: Stage) -> None:
    made, fps = stage.made, _configuration(stage, "fps")
    stage.run(update("ContextCustomAttributeValue", [fps, made.shots[1]], value=60.0))
    stage.update("Task", made.tasks[0], parent_id=made.shots[1])
    assert _values(stage, "Task", made.tasks[0])["fps"] == 60.0


def test_configurations_apply_per_type(stage: Stage) -> None:
    made = stage.made
    assert set(_values(stage, "Shot", made.shots[0])) == {"fps", "pipeline", "fstart", "fend", "is_hero"}
    assert set(_values(stage, "Sequence", made.sequences[0])) == {"fps", "pipeline"}
    assert set(_values(stage, "Project", made.projects[0])) == {"fps", "pipeline"}
    assert set(_values(stage, "AssetVersion", made.versions[0])) == {"delivery"}
    assert set(_values(stage, "User", made.users["bo"])) == {"hub_user"}
    refused = stage.refused(
        create("ContextCustomAttributeValue", configuration_id=_configuration(stage, "fend"), entity_id=made.tasks[0])
    )
    assert refused.exception == "ValidationError"


def test_stored_rows_are_only_what_was_set(stage: Stage) -> None:
    made, fps = stage.made, _configuration(stage, "fps")
    stored = stage.ask(f"select entity_id, value from CustomAttributeValue where configuration_id is {fps}")
    assert [(row["entity_id"], row["value"]) for row in stored] == [(project, 25.0) for project in made.projects]
    dense = stage.ask(f"select value from ContextCustomAttributeValue where configuration_id is {fps}")
    assert len(dense) == stage.count("Context")
    assert {row["value"] for row in dense} == {25.0}
    one = f"select value, key from ContextCustomAttributeValue where configuration_id is {fps} and entity_id is"
    assert [(row["key"], row["value"]) for row in stage.ask(f"{one} {made.tasks[0]}")] == [("fps", 25.0)]


def test_conditions_on_values(stage: Stage) -> None:
    made, hero = stage.made, _configuration(stage, "is_hero")
    stage.run(update("ContextCustomAttributeValue", [hero, made.shots[1]], value=True))
    assert stage.ids("Shot where custom_attributes any (key is is_hero and value is True)") == [made.shots[1]]
    assert made.shots[1] not in stage.ids("Shot where custom_attributes any (key is is_hero and value is False)")
    assert stage.count('Task where custom_attributes any (key is "fps" and value is "25")') == stage.count("Task")
    assert stage.count("Task where custom_attributes any (key is fps and value > 25)") == 0
    assert stage.count("Task where custom_attributes.key is fps and custom_attributes.value is usd") == len(made.tasks)
    assert stage.count("Task where custom_attributes any (key is fps and value is usd)") == 0
    assert stage.count("Group where memberships any (user.custom_attributes any (key is hub_user))") == 1
    assert stage.count("Shot where custom_attributes.configuration.key is fstart") == len(made.shots)


def test_enumerators_are_lists(stage: Stage) -> None:
    pipeline = _configuration(stage, "pipeline")
    stage.run(update("ContextCustomAttributeValue", [pipeline, stage.made.tasks[0]], value=["usd", "abc"]))
    assert _values(stage, "Task", stage.made.tasks[0])["pipeline"] == ["usd", "abc"]
    mine = f"Task where id is {stage.made.tasks[0]} and custom_attributes any (key is pipeline and value is abc)"
    assert stage.count(mine) == 1


def test_mapped_arrays_without_a_sub_path_come_with_key_and_value(stage: Stage) -> None:
    task = stage.made.tasks[0]
    row = stage.ask(f"select custom_attributes, metadata from Task where id is {task}")[0]
    assert row["custom_attributes"][0] == {
        "__entity_type__": "ContextCustomAttributeValue", "configuration_id": _configuration(stage, "fps"),
        "entity_id": task, "key": "fps", "value": 25.0,
    }  # fmt: skip
    origin = {"__entity_type__": "Metadata", "parent_id": task, "key": "origin", "value": "sh01010"}
    assert row["metadata"] == [origin]


def test_links_are_seen_from_both_ends_and_as_typed_views(stage: Stage) -> None:
    made = stage.made
    configuration = stage.create("CustomAttributeLinkConfiguration", key="lead", label="Lead", entity_type="task")["id"]
    data = {"configuration_id": configuration, "from_id": made.tasks[0], "to_id": made.users["bo"]}
    link = stage.create("UserCustomAttributeLink", **data)["id"]
    assert stage.ids('Task where custom_attribute_links any (configuration.key is "lead" and user.username is bo)') == [
        made.tasks[0]
    ]
    assert stage.ids("Task where custom_attribute_links any (user.username is ana)") == []
    backwards = "User where custom_attribute_links_from any (configuration.key is lead and context.bid > 1)"
    assert stage.ids(backwards) == [made.users["bo"]]
    row = stage.ask(
        f'select user from CustomAttributeLink where configuration.key = "lead" and from_id = "{made.tasks[0]}"'
    )
    assert [found["id"] for found in row] == [link]
    assert stage.ids("UserCustomAttributeLink") == [link]
    assert stage.ids("ContextCustomAttributeLinkFrom") == [link]
    assert stage.ids("CustomAttributeLinkFrom") == [link]
    assert stage.ids("AssetCustomAttributeLink") == []
    assert stage.ids("ContextCustomAttributeLink") == []
    assert stage.ask("select user.username from UserCustomAttributeLink")[0]["user"]["username"] == "bo"
