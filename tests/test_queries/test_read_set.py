from __future__ import annotations

import pytest

from ftrack_proxy.language.parser import NotUnderstood, parse
from ftrack_proxy.queries.bound_shape import bind_shape
from ftrack_proxy.queries.read_set import ReadSet
from ftrack_proxy.queries.resolve import Unresolvable
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.loader import load_catalogue
from tests.test_judging.cases import catalogue as full_catalogue
from tests.test_language.test_forms import FORMS
from tests.test_schema.documents import DOCUMENT, real_catalogue, schema, small_catalogue

SMALL = small_catalogue()


def reads(expression: str, catalogue: Catalogue = SMALL) -> ReadSet:
    return bind_shape(parse(expression), catalogue).reads


@pytest.mark.parametrize(
    ("expression", "families"),
    [
        # a foreign key is the row's own; the relation is another row
        ("select status_id from Task", {"Context"}),
        ("select status from Task", {"Context", "Status"}),
        ("select status.name from Task", {"Context", "Status"}),
        ("select status.state.short from Task", {"Context", "Status", "State"}),
        ("Task where status_id is x", {"Context"}),
        ("Task where status.name is x", {"Context", "Status"}),
        ("Task where status is none", {"Context", "Status"}),
        ("Task order by status.sort", {"Context", "Status"}),
        ("select count(id) from Task group by type.name", {"Context", "Type"}),
        ("select max(status.sort) from Task group by bid", {"Context", "Status"}),
        # a key behind a relation is the foreign key
        ("Task where status.id is x", {"Context"}),
        ("AssetVersion where asset.id is x order by task.id", {"AssetVersion"}),
        ("AssetVersion where asset.parent.id is x", {"AssetVersion", "Asset"}),
        ("select asset.id from AssetVersion", {"AssetVersion", "Asset"}),
        ("Task where children.id is x", {"Context"}),
        ("Status where state.id is x", {"Status", "State"}),
        ("Task where assignments.resource.id is x", {"Context", "Appointment"}),
        ("Asset where latest_version.id is x", {"Asset", "AssetVersion"}),
        ("Note where project.id is x", {"Note", "Context", "Asset", "AssetVersion"}),
        ("Task where status has (id is x)", {"Context", "Status"}),
        # collections and mapped arrays
        ("select assignments from Task", {"Context", "Appointment"}),
        ("select metadata from Asset", {"Asset", "Metadata"}),
        ("User where not assignments any ()", {"Resource", "Appointment"}),
        ("select lists from Task", {"Context", "List", "ListObject"}),
        # the tree
        ("Task where ancestors any (id is x)", {"Context"}),
        ("AssetVersion where task.ancestors.name is x", {"AssetVersion", "Context"}),
        # sub-queries
        (
            "Note where parent_id in (select id from ReviewSessionObject where asset_version.version is 1)",
            {"Note", "ReviewSessionObject", "AssetVersion"},
        ),
        # polymorphic relations
        ("select resource from Appointment", {"Appointment", "Resource"}),
        (
            "Project where assignments.resource[Group].memberships any (user.username is x)",
            {"Context", "Appointment", "Resource", "Membership"},
        ),
        ("select user from CustomAttributeLink", {"CustomAttributeLink", "Resource"}),
        ("CustomAttributeLinkFrom where context.bid > 1", {"CustomAttributeLink", "Context"}),
        # derived values
        ("select link from AssetVersion", {"AssetVersion", "Asset", "Context"}),
        ("select time_logged from Task", {"Context", "Timelog"}),
        ("AssetVersion where is_latest_version is True", {"AssetVersion"}),
        ("select custom_attributes from Task", {"Context", "CustomAttributeValue", "CustomAttributeConfiguration"}),
        ("Task where status_changes any ()", {"Context", "AssetVersion", "StatusChange"}),
        # values with an inside
        ("select component_locations.url.value from Component", {"Component", "ComponentLocation", "Location"}),
        ('Job where data any (key is name and value like "x")', {"Job"}),
        # no select clause: the default projections; those without a property are not answered
        ("Task", {"Context"}),
        ("Setting", {"Setting"}),
        ("DashboardResource", {"DashboardResource", "Dashboard", "Resource"}),
    ],
)
def test_families(expression: str, families: set[str]) -> None:
    assert reads(expression).families == families


def test_reads_are_split_into_filter_and_projection() -> None:
    found = reads("select name, status.color from Task where project.name is x order by type.name")
    assert found.attributes == {
        ("Task", "project"),
        ("Project", "name"),
        ("Task", "type"),
        ("Type", "name"),
    }
    assert found.projections == {
        ("Task", "id"),
        ("Task", "context_type"),
        ("Task", "project_id"),
        ("Task", "object_type_id"),
        ("Task", "name"),
        ("Task", "status"),
        ("Status", "id"),
        ("Status", "color"),
    }
    assert found.derived == frozenset()
    assert found.types == {"Task", "Project", "Type", "Status"}
    assert not found.volatile


def test_what_carries_an_entity_carries_its_system_projections() -> None:
    assert ("Asset", "context_id") in reads("select asset.name from AssetVersion").projections
    assert ("Asset", "context_id") not in reads("AssetVersion where asset.name is x").projections


def test_a_foreign_key_stands_for_the_key_behind_the_relation() -> None:
    assert reads("Task where status.id is x").attributes == {("Task", "status_id")}
    assert reads("CustomAttributeLinkFrom where context.id is x").attributes == {
        ("ContextCustomAttributeLinkFrom", "from_id")
    }


def test_a_subquery_is_a_filter() -> None:
    found = reads("select name from Task where id in (select context_id from Timelog where duration > 1)")
    assert {("Timelog", "context_id"), ("Timelog", "duration")} <= found.attributes
    assert not any(name == "Timelog" for name, _ in found.projections)


def test_a_group_key_is_both() -> None:
    found = reads("select count(id) from Task group by status.name")
    assert ("Status", "name") in found.attributes & found.projections


def test_derived_reads_are_listed_with_their_sources_and_types() -> None:
    found = reads("select link from Task")
    assert ("Context", "name") in found.derived
    assert ("Project", "full_name") in found.derived
    assert {"Context", "Project"} <= found.types
    assert "CustomAttributeConfiguration" in reads("select custom_attributes from Task").types


@pytest.mark.parametrize(
    "expression",
    [
        "select thumbnail_url from Task",
        "select component_locations.url from Component",
        "ReviewSession where is_open is True",
        "select total from Dashboard",
        "select feeds from Event",
        "Task where name is THIS_WEEK",
        "Task where id in (select context_id from Timelog where start > TODAY)",
    ],
)
def test_volatile(expression: str) -> None:
    assert reads(expression).volatile


@pytest.mark.parametrize(
    ("expression", "position"),
    [
        ("Nothing", 0),
        ("select nothing from Task", 7),
        ("Task where status.nothing is x", 18),
        ("Task where name.x is y", 16),
        ("Task order by nothing", 14),
        ("select count(x) from Task group by y", 13),
        ("select id from Task group by y", 29),
        ("Task where name any ()", 11),
        ("Task where id in (select id from Nothing)", 33),
        ("Task where status has (nothing is 1)", 23),
        ("Task where parent[Status] has (name is 1)", 18),
        ("Task where parent[Nothing].name is 1", 18),
        ("Task where name[Task] is 1", 16),
        ("Task where data.x is 1", 11),
        ("Task where nothing.id is 1", 11),
        ("Task where name.id is 1", 16),
        ("Note where parent.name is 1", 11),
    ],
)
def test_what_the_schema_does_not_have_is_unresolvable(expression: str, position: int) -> None:
    with pytest.raises(Unresolvable) as caught:
        reads(expression)
    assert isinstance(caught.value, NotUnderstood)
    assert caught.value.position == position


def test_a_relation_to_a_type_that_the_document_lacks_is_unresolvable() -> None:
    catalogue = load_catalogue([*DOCUMENT, schema("Odd", "id gone>Gone", defaults="id gone")])
    with pytest.raises(Unresolvable, match="unknown type"):
        reads("select gone from Odd", catalogue)
    with pytest.raises(Unresolvable):
        reads("Odd where gone.id is x", catalogue)
    assert reads("Odd", catalogue).families == {"Odd"}


def test_a_cast_opens_the_attributes_of_the_subtype() -> None:
    found = reads("select name from Task where parent[Shot].parent[Project].full_name is x")
    assert {"Shot", "Project"} <= found.types
    assert ("Project", "full_name") in found.attributes


def test_a_path_through_types_of_which_only_some_have_the_attribute() -> None:
    found = reads("Asset where parent.status.name is x")
    assert {("Task", "status"), ("Shot", "status"), ("Project", "status")} <= found.attributes
    assert "Status" in found.families


@pytest.mark.parametrize(("number", "expression"), FORMS)
def test_the_real_forms_resolve_against_the_real_document(number: str, expression: str) -> None:
    catalogue = real_catalogue()
    query = parse(expression)
    if number == "12":  # Status has no type in this document
        with pytest.raises(Unresolvable):
            reads(expression, catalogue)
    else:
        found = reads(expression, catalogue)
        assert catalogue.family_of[query.entity_type] in found.families
        assert found.types <= catalogue.types.keys()


def test_what_derives_from_rows_is_read_in_whatever_order_they_are_met() -> None:
    """Shown custom attributes derive from stored values among others, which have sources of their own."""
    stored = reads("select values from CustomAttributeConfiguration", full_catalogue()).derived
    assert ("AssetVersion", "custom_attributes") in stored
    both = "Task where custom_attributes.configuration.values.entity_id is x"
    assert stored <= reads(both, full_catalogue()).derived
