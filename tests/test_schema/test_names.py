from __future__ import annotations

import pytest

from ftrack_proxy.schema.names import (
    attribute_names,
    foreign_key_of,
    is_unlisted,
    relations_on,
    types_in_event,
)
from tests.test_schema.documents import real_catalogue, small_catalogue

SMALL = small_catalogue()


@pytest.mark.parametrize(
    ("name", "types"),
    [
        ("task", ("TypedContext",)),
        ("show", ("Project",)),
        ("assetversion", ("AssetVersion",)),
        ("list", ("TypedContextList", "AssetVersionList")),
        ("listobject", ("ListObject",)),
        ("dependency", ("TypedContextLink",)),
        ("userroleproject", ("UserSecurityRoleProject",)),
        ("auth_userrole", ("UserSecurityRole",)),
        ("user", ("User",)),
        ("timer", ("Timer",)),
        ("socialfeed", ("Feed",)),
        ("socialnotification", ("Feed", "Event")),
        ("team", ("Group", "Membership")),
        ("meta", ("Metadata",)),
        ("Variable_Value", ("CustomAttributeValue",)),
        ("notecategory", ("NoteCategory", "NoteLabel")),
        ("nonsense", ()),
    ],
)
def test_names_in_events(name: str, types: tuple[str, ...]) -> None:
    assert types_in_event(name, SMALL) == types


def test_names_that_no_schema_lists() -> None:
    assert is_unlisted("Social_Notification")
    assert not is_unlisted("task")


@pytest.mark.parametrize(
    ("type_name", "column", "attributes"),
    [
        ("Task", "statusid", ("status_id",)),
        ("Task", "showid", ("project_id",)),
        ("Task", "created_by", ("created_by_id",)),
        ("Task", "createdBy", ("created_by",)),
        ("Task", "_api_link", ("link", "_link")),
        ("Task", "parent_id", ("parent_id",)),
        ("Task", "bid", ("bid",)),
        ("Task", "status_id", ("status_id",)),
        ("Task", "fstart", ()),
        ("Group", "group_id", ("parent_id",)),
        ("Status", "typeid", ()),
        ("Type", "typeid", ("id",)),
        ("UserSecurityRole", "isallprojects", ("is_all_projects", "is_all_open_projects")),
        ("Note", "text", ("content",)),
        ("Note", "user", ("author",)),
    ],
)
def test_columns_are_named_per_type(type_name: str, column: str, attributes: tuple[str, ...]) -> None:
    assert attribute_names(SMALL.types[type_name], column) == attributes


@pytest.mark.parametrize(
    ("type_name", "relation", "key"),
    [
        ("Task", "status", "status_id"),
        ("Task", "parent", "parent_id"),
        ("Asset", "parent", "context_id"),
        ("Asset", "latest_version", None),
        ("Note", "author", "user_id"),
        ("List", "owner", "user_id"),
        ("Status", "state", None),
        ("Recipient", "user", "resource_id"),
        ("Recipient", "recipient", "resource_id"),
        ("ReviewSessionObject", "asset_version", "version_id"),
        ("Feed", "event", "social_id"),
        ("UserCustomAttributeLink", "user", "to_id"),
        ("ContextCustomAttributeLinkFrom", "context", "from_id"),
        ("DashboardResource", "dashboard_id", "dashboard_id"),
        ("Task", "children", None),
        ("Task", "name", None),
        ("Task", "nothing", None),
    ],
)
def test_the_foreign_key_behind_a_relation(type_name: str, relation: str, key: str | None) -> None:
    assert foreign_key_of(SMALL.types[type_name], relation) == key


def test_relations_on_a_foreign_key() -> None:
    assert relations_on(SMALL.types["Task"], "status_id") == ("status",)
    assert relations_on(SMALL.types["Recipient"], "resource_id") == ("user", "recipient")
    assert relations_on(SMALL.types["Task"], "name") == ()
    assert relations_on(SMALL.types["DashboardResource"], "dashboard_id") == ()


def test_the_real_document_leaves_few_relations_without_a_key() -> None:
    catalogue = real_catalogue()
    without = {
        (name, relation)
        for name, entity_type in catalogue.types.items()
        for relation, attribute in entity_type.attributes.items()
        if attribute.kind.value == "reference" and foreign_key_of(entity_type, relation) is None
    }
    assert without == {
        ("Asset", "latest_version"),
        ("ReviewSession", "thumbnail"),
        ("SettingComponent", "setting"),
        ("Status", "state"),
    }
