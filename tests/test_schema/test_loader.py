"""A schema document becomes a catalogue, or is refused."""

from __future__ import annotations

from typing import Any

import pytest

from ftrack_proxy.schema.declared_types import Kind
from ftrack_proxy.schema.loader import load_catalogue
from tests.test_schema.documents import real_catalogue, schema, small_catalogue

SMALL = small_catalogue()


def test_attributes_say_what_they_hold() -> None:
    task = SMALL.types["Task"].attributes
    assert (task["status"].kind, task["status"].target) == (Kind.REFERENCE, "Status")
    assert (task["children"].kind, task["children"].target) == (Kind.COLLECTION, "Context")
    assert (task["metadata"].kind, task["metadata"].target) == (Kind.MAPPED, "Metadata")
    assert (task["status_id"].kind, task["status_id"].alias) == (Kind.SCALAR, "statusid")
    assert task["status_id"].key_of == ("Status",)
    assert task["time_logged"].computed
    assert not task["bid"].computed
    assert SMALL.types["Job"].attributes["data"].is_opaque
    assert task["thumbnail_url"].is_opaque
    assert not task["name"].is_opaque


def test_types_keep_keys_defaults_and_translated_system_projections() -> None:
    assert SMALL.types["Metadata"].primary_key == ("parent_id", "key")
    assert SMALL.types["Task"].default_projections == ("context_type", "id", "name")
    assert SMALL.types["Task"].system_projections == ("project_id", "context_type", "object_type_id")
    assert SMALL.types["AssetVersion"].system_projections == ("asset_id",)
    assert SMALL.types["Dashboard"].system_projections == ()
    assert SMALL.types["ContextCustomAttributeValue"].system_projections == ("entity_id", "key")
    assert SMALL.types["Task"].table == "Task"
    assert SMALL.types["Project"].table == "Show"
    assert SMALL.types["Note"].table == "Note"


def test_a_cycle_of_bases_ends() -> None:
    catalogue = load_catalogue([schema("A", "id", mixin="B"), schema("B", "id x", mixin="A")])
    assert set(catalogue.types["A"].attributes) == {"id", "x"}
    assert catalogue.subtypes["A"] == {"B"}


GOOD: dict[str, Any] = schema("A", "id name")


@pytest.mark.parametrize(
    "document",
    [
        None,
        {},
        "text",
        [],
        [1],
        [None],
        [{}],
        [{**GOOD, "id": 3}],
        [{**GOOD, "id": ""}],
        [{**GOOD, "properties": None}],
        [{**GOOD, "properties": [1]}],
        [{**GOOD, "properties": {"a": 3}}],
        [{**GOOD, "properties": {"a": {"type": "array"}}}],
        [{**GOOD, "properties": {"a": {"$ref": None}}}],
        [{**GOOD, "properties": {"a": {"type": "string", "alias_for": 3}}}],
        [{**GOOD, "primary_key": "id"}],
        [{**GOOD, "primary_key": [1]}],
        [{key: value for key, value in GOOD.items() if key != "primary_key"}],
        [{**GOOD, "alias_for": 3}],
        [{**GOOD, "alias_for": {}}],
        [{**GOOD, "$mixin": {}}],
        [{**GOOD, "computed": "a"}],
    ],
)
def test_a_malformed_document_is_refused(document: Any) -> None:
    with pytest.raises(ValueError):
        load_catalogue(document)


def test_the_real_document() -> None:
    catalogue = real_catalogue()
    assert catalogue.types["TypedContextList"].system_projections == ("project_id", "system_type")
    composite = {name for name, entity_type in catalogue.types.items() if len(entity_type.primary_key) > 1}
    assert len(composite) == 22
    kinds = [attribute.kind for found in catalogue.types.values() for attribute in found.attributes.values()]
    assert kinds.count(Kind.REFERENCE) == 238
    assert kinds.count(Kind.COLLECTION) == 227
    assert kinds.count(Kind.MAPPED) == 79
