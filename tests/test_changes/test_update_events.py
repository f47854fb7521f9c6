from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind, ChangeSource
from ftrack_proxy.changes.event_items import read_items
from ftrack_proxy.changes.update_events import changes_of_items, changes_of_location_event
from ftrack_proxy.schema.catalogue import Catalogue
from tests.test_schema.documents import small_catalogue

pytestmark = pytest.mark.required("G2.3", "G2.5")

SMALL = small_catalogue()


def entity(**members: Any) -> dict[str, Any]:
    """A status change of a shot, with other members; None leaves one out."""
    found: dict[str, Any] = {
        "entityId": "T1",
        "entityType": "task",
        "entity_type": "Shot",
        "objectTypeId": "uuid",
        "parentId": "S1",
        "action": "update",
        "keys": ["statusid"],
        "changes": {"statusid": {"old": "A", "new": "B"}},
        "parents": [{"entityId": "T1"}, {"entityId": "S1"}, {"entityId": "P1"}],
    }
    found.update(members)
    return found


def changes_in(data: Any, catalogue: Catalogue | None = SMALL) -> list[Change]:
    return changes_of_items(read_items(data, catalogue), catalogue)


def changes(*entities: Any) -> list[Change]:
    return changes_in({"entities": list(entities)})


def test_an_update_is_read_in_api_names() -> None:
    assert changes(entity()) == [
        Change(
            kind=ChangeKind.UPDATED,
            families=frozenset({"Context"}),
            entity_id="T1",
            entity_type="Shot",
            attributes={"status_id": ("A", "B")},
            ancestors=("S1", "P1"),
            ancestor_families=("", ""),
            source=ChangeSource.HUB_EVENT,
            attributes_complete=True,
        )
    ]


def test_all_items_are_read_in_order() -> None:
    found = changes(entity(action="add"), entity(keys=["fstart"], changes={"fstart": {"old": "1", "new": "2"}}))
    assert [change.kind for change in found] == [ChangeKind.ADDED, ChangeKind.UPDATED]
    assert changes() == []


def test_custom_attributes_stand_under_their_attribute() -> None:
    (found,) = changes(
        entity(
            keys=["statusid", "fstart", "fend"],
            changes={"statusid": {"old": "A", "new": "B"}, "fstart": {"old": "1", "new": "2"}},
        )
    )
    assert found.attributes == {
        "status_id": ("A", "B"),
        "custom_attributes": ({"fstart": "1", "fend": UNKNOWN}, {"fstart": "2", "fend": UNKNOWN}),
    }
    assert found.attributes_complete
    assert repr(UNKNOWN) == "UNKNOWN"


def test_an_unnamed_column_of_a_type_without_custom_attributes_leaves_the_rest_unknown() -> None:
    found, anywhere = changes(
        entity(entityType="timelog", entity_type="Timelog", changes={"secret": {"old": 1, "new": 2}}, keys=None)
    )
    assert found.attributes == {"secret": (1, 2)}
    assert not found.attributes_complete
    # It may hang on another task now.
    assert anywhere.kind is ChangeKind.UNKNOWN
    assert "Timelog" in (anywhere.families or ())


def test_a_column_may_be_known_only_to_the_table() -> None:
    (found,) = changes(
        entity(entityType="list", entity_type="List", changes={"_task_items": {"old": 1, "new": 2}}, keys=None)
    )
    assert found.attributes == {"items": (1, 2)}


@pytest.mark.parametrize(
    ("members", "attributes", "complete"),
    [
        ({"changes": None}, {"status_id": (UNKNOWN, UNKNOWN)}, False),
        ({"changes": None, "keys": None}, {}, False),
        ({"changes": {}, "keys": []}, {}, False),
        ({"changes": {"statusid": None}}, {"status_id": (UNKNOWN, UNKNOWN)}, True),
        ({"changes": {"statusid": {"new": "B"}}}, {"status_id": (UNKNOWN, "B")}, True),
        ({"keys": "statusid"}, {"status_id": ("A", "B")}, False),
        ({"keys": [1, "statusid"]}, {"status_id": ("A", "B")}, False),
        ({"keys": None}, {"status_id": ("A", "B")}, True),
        ({"action": "add"}, {"status_id": ("A", "B")}, False),
    ],
)
def test_keys_and_changes_may_be_missing(members: dict[str, Any], attributes: dict[str, Any], complete: bool) -> None:
    (found,) = changes(entity(**members))
    assert found.attributes == attributes
    assert found.attributes_complete is complete


@pytest.mark.parametrize(
    ("members", "ancestors"),
    [
        ({"parents": None}, ("S1",)),
        ({"parents": None, "parentId": None}, ()),
        ({"parents": [None, {"entityId": 3}, {}, {"entityId": "P1"}]}, ("S1", "P1")),
        ({"parents": "P1", "parentId": 3}, ()),
    ],
)
def test_ancestors_as_far_as_told(members: dict[str, Any], ancestors: tuple[str, ...]) -> None:
    (found,) = changes(entity(**members))
    assert found.ancestors == ancestors


@pytest.mark.parametrize(
    ("table", "declared", "families"),
    [
        ("task", "Prop", {"Context"}),
        ("task", None, {"Context"}),
        ("show", "Project", {"Context"}),
        ("list", "AssetVersionList", {"List"}),
        ("list", None, {"List"}),
        ("appointment", "Appointment", {"Appointment"}),
        ("dependency", "TypedContextLink", {"TypedContextLink"}),
        ("user", "User", {"Resource"}),
        ("socialfeed", "SocialFeed", {"Feed"}),
        ("socialnotification", "SocialNotification", {"Feed", "Event"}),
        ("team", "Team", {"Resource", "Membership"}),
        ("team", None, {"Resource", "Membership"}),
        # the two names disagree: both count
        ("task", "AssetVersion", {"Context", "AssetVersion"}),
    ],
)
def test_families_of_both_names(table: str, declared: str | None, families: set[str]) -> None:
    found, *_ = changes(entity(entityType=table, entity_type=declared))
    assert found.families == families


def test_a_timer_is_known_by_its_object_type_too() -> None:
    found, *_ = changes(entity(entityType="timelog", entity_type="Timelog", objectTypeId="timer"))
    assert found.families == {"Timelog", "Timer"}


@pytest.mark.parametrize("identifier", [["T1"], None, "", 3])
def test_without_an_id_any_row_may_have_changed(identifier: object) -> None:
    (found,) = changes(entity(entityId=identifier))
    assert found.entity_id is None
    assert found.families == {"Context"}


def test_a_row_with_a_composite_key_is_any_row() -> None:
    (found,) = changes(entity(entityType="recipient", entity_type="Recipient"))
    assert found.entity_id is None


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "text",
        {},
        {"entities": None},
        {"entities": {"a": 1}},
        {"entities": [None]},
        {"entities": [entity(entityType=None)]},
        {"entities": [entity(entityType=3)]},
        {"entities": [entity(entityType="nonsense")]},
        {"entities": [entity(entity_type="Nonsense")]},
        {"entities": [entity(entity_type=3)]},
        {"entities": [entity(action=None)]},
        {"entities": [entity(action="explode")]},
        {"entities": [entity(action=["add"])]},
    ],
)
def test_what_cannot_be_understood_may_be_anything(data: object) -> None:
    (found,) = changes_in(data)
    assert found.families is None
    assert found.source is ChangeSource.HUB_EVENT


def test_without_a_catalogue_everything_may_have_changed() -> None:
    (found,) = changes_in({"entities": [entity()]}, None)
    assert found.families is None


@pytest.mark.parametrize(
    "members",
    [
        {"action": "move"},
        {"action": "move", "changes": None, "keys": None},
        {"changes": {"parent_id": {"old": "S1", "new": "S2"}}},
        {"changes": {"showid": {"old": "P1", "new": "P2"}}},
        {"changes": None, "keys": ["showid"]},
    ],
)
def test_a_move_carries_a_subtree_along(members: dict[str, Any]) -> None:
    (found,) = changes(entity(**members))
    assert found.kind is ChangeKind.MOVED
    assert found.families is None
    assert found.entity_id == "T1"


@pytest.mark.parametrize(
    "members",
    [
        {"entityType": "note", "entity_type": "Note", "changes": {"noteparentid": {"old": "N1", "new": "N2"}}},
        {"entityType": "note", "entity_type": "Note", "changes": None, "keys": ["parent_id"]},
        {"entityType": "note", "entity_type": "Note", "changes": None, "keys": None},
        {"entityType": "note", "entity_type": None, "changes": {"noteparentid": {}}, "keys": None},
    ],
)
def test_a_note_that_goes_elsewhere_takes_along_what_hangs_on_it(members: dict[str, Any]) -> None:
    note, rest, *_ = changes(entity(**members))
    assert (note.kind, rest.kind) == (ChangeKind.UPDATED, ChangeKind.UNKNOWN)
    assert rest.families is not None
    assert {"Note", "Recipient"} <= rest.families


def test_a_new_context_has_a_parent_and_has_not_moved() -> None:
    (found,) = changes(entity(action="add", changes={"parent_id": {"old": None, "new": "S1"}}))
    assert found.kind is ChangeKind.ADDED
    assert found.families == {"Context"}
    note, _ = changes(entity(entityType="note", entity_type="Note", changes={"parent_id": {"old": None, "new": "S1"}}))
    assert note.families == {"Note"}


@pytest.mark.parametrize(
    "members",
    [
        {"entityType": "userroleproject", "entity_type": "UserSecurityRoleProject", "action": "add"},
        {"entityType": "userroleproject", "entity_type": None, "action": "remove"},
        {"entityType": "auth_userrole", "entity_type": "UserSecurityRole"},
        {"entityType": "auth_role", "entity_type": "SecurityRole"},
        {"entityType": "accesskey", "entity_type": "ApiKey"},
        {
            "entityType": "show",
            "entity_type": "Project",
            "changes": {"private": {"old": "0", "new": "1"}},
        },
    ],
)
def test_who_may_see_what_changes_every_answer(members: dict[str, Any]) -> None:
    (found,) = changes(entity(**members))
    assert found.families is None


def test_a_new_private_project_hides_nothing_that_was_seen() -> None:
    (found,) = changes(
        entity(
            entityType="show",
            entity_type="Project",
            action="add",
            changes={"private": {"old": None, "new": "1"}},
        )
    )
    assert found.families == {"Context"}


def test_a_removal_may_cascade() -> None:
    removed, below, thumbnails = changes(entity(action="remove"))
    assert removed.kind is ChangeKind.REMOVED
    assert removed.entity_id == "T1"
    assert below.kind is ChangeKind.UNKNOWN
    assert below.entity_id is None
    assert below.families is not None
    assert {"Context", "Asset", "AssetVersion", "Note", "Appointment"} <= below.families
    assert (below.ancestors, below.ancestor_families) == (("T1", "S1", "P1"), ("Context", "", ""))
    assert thumbnails.families is not None
    assert {"Context", "Resource", "AssetVersion"} <= thumbnails.families
    assert set(thumbnails.attributes) == {"thumbnail", "thumbnail_id", "thumbnail_url", "thumbnail_source_id"}
    assert thumbnails.attributes_complete
    _, below = changes(entity(action="remove", entityType="appointment", entity_type="Appointment"))
    assert below.families == {"Event", "Feed", "Metadata"}


def test_finished_encoding_brings_components() -> None:
    version, rest = changes(
        entity(action="encoded", entityType="assetversion", entity_type="AssetVersion", keys=None, changes=None)
    )
    assert version.kind is ChangeKind.UPDATED
    assert not version.attributes_complete
    assert rest.families == {"AssetVersion", "Component", "ComponentLocation", "Job", "JobComponent"}


@pytest.mark.parametrize(
    ("topic", "kind", "values"),
    [
        ("ftrack.location.component-added", ChangeKind.ADDED, (None, "L1")),
        ("ftrack.location.component-removed", ChangeKind.REMOVED, ("L1", None)),
    ],
)
def test_location_events(topic: str, kind: ChangeKind, values: tuple[object, object]) -> None:
    pair, component = changes_of_location_event(topic, {"component_id": "C1", "location_id": "L1"}, SMALL)
    assert pair.kind is kind
    assert pair.families == {"ComponentLocation"}
    assert pair.entity_id is None
    assert pair.attributes["location_id"] == values
    assert component.kind is ChangeKind.UPDATED
    assert component.families == {"Component"}
    assert component.entity_id == "C1"
    assert component.source is ChangeSource.LOCATION_EVENT


def test_location_events_that_do_not_name_the_pair() -> None:
    for data in (None, {}, {"component_id": 3}):
        pair, component = changes_of_location_event("ftrack.location.component-added", data, SMALL)
        assert pair.attributes == {}
        assert component.entity_id is None


def test_other_topics_and_no_catalogue_are_anything() -> None:
    (found,) = changes_of_location_event("ftrack.location.request-resolve", {}, SMALL)
    assert found.families is None
    (found,) = changes_of_location_event("ftrack.location.component-added", {}, None)
    assert found.families is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.dictionaries(st.sampled_from(sorted(entity())), JSON, max_size=5), st.booleans())
def test_no_event_is_too_strange(members: dict[str, Any], bare: bool) -> None:
    item = members if bare else entity(**members)
    for found in changes(item):
        assert found.families is None or found.families
