from __future__ import annotations

from collections.abc import Callable

import pytest

from ftrack_proxy.facts.derived_values import DERIVED_VALUES
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Kind
from ftrack_proxy.schema.dependants import targets
from ftrack_proxy.schema.derived import is_volatile, sources_of, sources_of_type
from tests.test_judging.cases import catalogue as full_catalogue
from tests.test_schema.documents import real_catalogue, small_catalogue

SMALL = small_catalogue()


@pytest.mark.parametrize(
    ("type_name", "attribute", "types"),
    [
        ("Task", "link", {"Context", "Project"}),
        ("Task", "_link", {"Context", "Project"}),
        ("AssetVersion", "link", {"Context", "Project", "Asset", "AssetVersion"}),
        ("Group", "link", {"Resource"}),
        ("ReviewSession", "link", {"Context", "Project", "Asset", "AssetVersion"}),
        ("Shot", "ancestors", {"Context"}),
        ("Project", "descendants", {"Context"}),
        ("Asset", "ancestors", {"Context", "Asset"}),
        ("Asset", "latest_version", {"AssetVersion"}),
        ("AssetVersion", "is_latest_version", {"AssetVersion"}),
        ("AssetVersion", "uses_versions", {"AssetVersionLink"}),
        ("Task", "time_logged", {"Timelog", "Context"}),
        ("Task", "bid_time_logged_difference", {"Timelog", "Context", "TypedContext"}),
        ("Note", "thread_activity", {"Note"}),
        ("Note", "category", set()),
        ("User", "thumbnail_url", {"Component", "ComponentLocation", "Context", "AssetVersion", "Asset"}),
        ("ReviewSession", "thumbnail_id", {"ReviewSessionObject", "AssetVersion", "Component"}),
        ("ComponentLocation", "url", {"Component", "ComponentLocation", "Location"}),
        ("AssetVersion", "project_id", {"Context", "Asset", "AssetVersion"}),
        ("AssetVersion", "project", {"Context", "Asset", "AssetVersion"}),
        ("TypedContextList", "items", {"ListObject"}),
        ("Task", "lists", {"ListObject"}),
        ("ProjectSchema", "object_types", {"ProjectSchemaObjectType"}),
        ("WorkflowSchema", "statuses", set()),
        ("Task", "name", set()),
        ("Task", "project_id", set()),
        ("List", "project_id", set()),
    ],
)
def test_where_derived_attributes_come_from(type_name: str, attribute: str, types: set[str]) -> None:
    assert {name for name, _ in sources_of(type_name, attribute, SMALL)} == types


def test_a_category_comes_from_labels() -> None:
    for name in ("category", "category_id"):
        assert sources_of("Note", name, full_catalogue()) == {("NoteLabelLink", "*")}


def test_custom_values_come_from_their_owners_and_configurations() -> None:
    def types(type_name: str) -> set[str]:
        return {name for name, _ in sources_of_type(type_name, SMALL)}

    common = {"CustomAttributeValue", "CustomAttributeConfiguration"}
    assert types("ContextCustomAttributeValue") == common | {"Context"}
    assert types("AssetVersionCustomAttributeValue") == common | {"AssetVersion", "Asset", "Context"}
    assert types("ListCustomAttributeValue") == common | {"List", "Project"}
    owners = {"Context", "Asset", "AssetVersion", "Resource", "List", "ListObject", "Project"}
    assert types("CustomAttributeValue") == common | owners


def test_status_changes_are_written_by_changes_of_status() -> None:
    expected = {("TypedContext", "status_id"), ("AssetVersion", "status_id")}
    assert sources_of_type("StatusChange", SMALL) == expected
    assert sources_of_type("TypedContextStatusChange", SMALL) == expected
    assert sources_of_type("Task", SMALL) == frozenset()


@pytest.mark.parametrize(
    ("type_name", "attribute"),
    [
        ("Task", "thumbnail_url"),
        ("ComponentLocation", "url"),
        ("JobComponent", "url"),
        ("ReviewSession", "is_open"),
        ("Dashboard", "total"),
        ("Event", "action"),
        ("Feed", "distance"),
    ],
)
def test_volatile(type_name: str, attribute: str) -> None:
    assert is_volatile(type_name, SMALL.types[type_name].attributes[attribute], SMALL)


@pytest.mark.parametrize(
    ("type_name", "attribute"),
    [
        ("Task", "time_logged"),
        ("Task", "name"),
        ("Asset", "latest_version"),
        ("ReviewSession", "thumbnail_id"),
        ("CustomAttributeConfiguration", "default"),
    ],
)
def test_not_volatile(type_name: str, attribute: str) -> None:
    assert not is_volatile(type_name, SMALL.types[type_name].attributes[attribute], SMALL)


def test_every_computed_attribute_of_the_real_document_is_accounted_for() -> None:
    """None falls through to *volatile* for want of an entry."""
    catalogue = real_catalogue()
    for name, entity_type in catalogue.types.items():
        for attribute in entity_type.attributes.values():
            if attribute.computed:
                assert sources_of(name, attribute.name, catalogue), (name, attribute.name)


def test_the_table_names_types_that_exist() -> None:
    catalogue = real_catalogue()
    families = set(catalogue.family_of.values())
    for value in DERIVED_VALUES:
        assert value.family == "*" or value.family in families, value
        for type_name, source in value.made_from:
            assert source == "*" or catalogue.lookup(type_name, source), (type_name, source)


# Collections of which no client sees the pairs: who changes one writes its owner, under the collection's own name.
_PAIRS_OF_NOBODY = {"scopes", "read_security_roles", "write_security_roles"}


@pytest.mark.parametrize("catalogue", [real_catalogue, full_catalogue], ids=["real", "full"])
def test_every_collection_is_accounted_for(catalogue: Callable[[], Catalogue]) -> None:
    """Its items point back to their owner, or the table says what joins them to it."""
    document = catalogue()
    for name, entity_type in document.types.items():
        for attribute in entity_type.attributes.values():
            if attribute.kind in (Kind.SCALAR, Kind.REFERENCE) or attribute.target not in document.types:
                continue
            if attribute.name in _PAIRS_OF_NOBODY or sources_of(name, attribute.name, document):
                continue
            family = document.family_of[attribute.target]
            items = [document.types[member] for member in document.members(family)]
            keys = [targets(item, key, document) for item in items for key in item.attributes.values()]
            assert any(document.family_of[name] in found or "*" in found for found in keys), (name, attribute.name)
