"""The schema document of the simulated server."""

from __future__ import annotations

import pytest

from tests.ftrack_server import Engine
from tests.ftrack_server.model import Model
from tests.ftrack_server.schemas import build_schemas, hash_of
from tests.reference import real_schema_document

KNOWN_HASH = "23a1157b8b1730fd91c76f63dcd67a8f"


def test_hash_is_the_real_document_s() -> None:
    assert hash_of(build_schemas()) == KNOWN_HASH


def test_equals_the_real_document() -> None:
    real = real_schema_document()
    assert {schema["id"]: schema for schema in build_schemas()} == {schema["id"]: schema for schema in real}
    assert [schema["id"] for schema in build_schemas()] == [schema["id"] for schema in real]


def test_every_document_is_the_caller_s_own() -> None:
    build_schemas()[0]["properties"].clear()
    assert hash_of(build_schemas()) == KNOWN_HASH


def test_every_relation_leads_to_a_type() -> None:
    model = Model(build_schemas())
    for type_name, schema in model.schemas.items():
        for attribute in schema["properties"]:
            target = model.target(type_name, attribute)
            assert target is None or target in model.schemas, (type_name, attribute)


def test_every_scalar_relation_has_a_key_or_is_known_to_be_derived() -> None:
    model = Model(build_schemas())
    keyless = {
        (type_name, attribute)
        for type_name, schema in model.schemas.items()
        for attribute in schema["properties"]
        if model.target(type_name, attribute)
        and not model.is_collection(type_name, attribute)
        and model.key_of(type_name, attribute) is None
    }
    # `latest_version` is computed, a setting's key has two parts.
    assert keyless == {("Asset", "latest_version"), ("SettingComponent", "setting")}


def test_a_new_object_type_changes_the_hash_and_can_be_used() -> None:
    engine = Engine()
    engine.add_object_type("Episode2")
    assert engine.schema_hash != KNOWN_HASH
    assert engine.schema_hash == hash_of(engine.schemas)
    assert engine.query("Episode2") == []
    assert [row["name"] for row in engine.query('select name from ObjectType where name is "Episode2"')] == ["Episode2"]


@pytest.mark.parametrize(
    ("concrete", "family", "belongs"),
    [
        ("Shot", "TypedContext", True),
        ("Shot", "Context", True),
        ("Project", "Context", True),
        ("Project", "TypedContext", False),
        ("Shot", "Task", False),
        ("FileComponent", "Component", True),
        ("User", "Resource", True),
        ("Group", "User", False),
        ("AssetVersionList", "List", True),
        ("TypedContextStatusChange", "StatusChange", True),
        ("NoteCategory", "NoteLabel", True),
        ("CustomAttributeConfiguration", "CustomConfigurationBase", True),
        ("UserCustomAttributeLink", "CustomAttributeLink", True),
        ("Asset", "Context", False),
    ],
)
def test_families(concrete: str, family: str, belongs: bool) -> None:
    assert Model(build_schemas()).is_a(concrete, family) is belongs
