from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind, ChangeSource
from ftrack_proxy.changes.own_writes import changes_of_writes
from ftrack_proxy.changes.writes import read_writes
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.dependants import dependants, referrers
from ftrack_proxy.schema.loader import load_catalogue
from tests.test_changes.test_update_events import JSON
from tests.test_schema.documents import DOCUMENT, schema, small_catalogue

pytestmark = pytest.mark.required("G1.1")

SMALL = small_catalogue()
_OF_NEW_USERS = ("Membership", "UserSecurityRole", "UserSecurityRoleProject")


def create(entity_type: str, **data: Any) -> dict[str, Any]:
    return {
        "action": "create",
        "entity_type": entity_type,
        "entity_data": {"__entity_type__": entity_type, **data},
    }


def update(entity_type: str, key: Any, **data: Any) -> dict[str, Any]:
    return {
        "action": "update",
        "entity_type": entity_type,
        "entity_key": key,
        "entity_data": {"__entity_type__": entity_type, **data},
    }


def delete(entity_type: str, key: Any) -> dict[str, Any]:
    return {"action": "delete", "entity_type": entity_type, "entity_key": key}


def reference(entity_type: str, **members: Any) -> dict[str, Any]:
    return {"__entity_type__": entity_type, **members}


def changes(*operations: object, catalogue: Catalogue | None = SMALL) -> list[Change]:
    return changes_of_writes(read_writes(operations, catalogue), catalogue)


def families(*operations: object) -> frozenset[str] | None:
    found = frozenset[str]()
    for change in changes(*operations):
        if change.families is None:
            return None
        found |= change.families
    return found


def test_an_update_changes_its_row() -> None:
    assert changes(update("Task", ["T1"], name="new", status_id="S1", bid=3)) == [
        Change(
            kind=ChangeKind.UPDATED,
            families=frozenset({"Context"}),
            entity_id="T1",
            entity_type="Task",
            attributes={
                "name": (UNKNOWN, "new"),
                "status_id": (UNKNOWN, "S1"),
                "status": (UNKNOWN, "S1"),
                "bid": (UNKNOWN, 3),
            },
            source=ChangeSource.OWN_WRITE,
            attributes_complete=True,
        )
    ]


def test_a_relation_writes_its_foreign_key_and_not_the_other_row() -> None:
    (found,) = changes(update("Task", ["T1"], status=reference("Status", id="S1"), type=None))
    assert found.families == {"Context"}
    assert found.attributes == {
        "status": (UNKNOWN, "S1"),
        "status_id": (UNKNOWN, "S1"),
        "type": (UNKNOWN, None),
        "type_id": (UNKNOWN, None),
    }
    (found,) = changes(update("Status", ["S1"], state=reference("State", id="X")))
    assert found.attributes == {"state": (UNKNOWN, "X")}
    (found,) = changes(update("Task", ["T1"], status="odd"))
    assert found.attributes["status_id"] == (UNKNOWN, UNKNOWN)


@pytest.mark.parametrize("key", ["T1", ["T1"]])
def test_keys_may_be_a_list_or_a_bare_text(key: Any) -> None:
    (found,) = changes(update("Task", key, name="x"))
    assert found.entity_id == "T1"


@pytest.mark.parametrize(
    "operation",
    [
        update("Task", None, name="x"),
        update("Task", ["T1", "T2"], name="x"),
        update("Task", [3], name="x"),
        update("Metadata", ["T1", "key"], value="x"),
        create("Appointment", type="assignment"),
    ],
)
def test_without_one_plain_id_any_row_may_have_changed(operation: dict[str, Any]) -> None:
    assert changes(operation)[0].entity_id is None


def test_a_create_takes_its_id_from_the_data() -> None:
    (found,) = changes(create("Timelog", id="L1", context_id="T1", start={"__type__": "datetime", "value": "x"}))
    assert found.kind is ChangeKind.ADDED
    assert found.entity_id == "L1"
    assert found.attributes["context"] == (UNKNOWN, "T1")
    assert found.attributes["start"] == (UNKNOWN, UNKNOWN)
    assert not found.attributes_complete


def test_an_attribute_that_the_schema_lacks_leaves_the_rest_unknown() -> None:
    (found,) = changes(update("Task", ["T1"], mystery=3))
    assert found.attributes == {"mystery": (UNKNOWN, UNKNOWN)}
    assert not found.attributes_complete


@pytest.mark.parametrize(
    ("operation", "expected"),
    [
        (update("Task", ["T1"], metadata=[reference("Metadata", parent_id="T1", key="k")]), {"Metadata"}),
        (
            update("Task", ["T1"], custom_attributes=[]),
            {"CustomAttributeValue"},
        ),
        (update("TypedContextList", ["L1"], items=[reference("Task", id="T1")]), {"Context", "ListObject"}),
        (update("Asset", ["A1"], versions=[]), {"AssetVersion"} | dependants("AssetVersion", SMALL)),
        (update("Note", ["N1"], author=reference("User", id="U1", username="bo")), {"Resource", *_OF_NEW_USERS}),
        (
            update(
                "Group", ["G1"], children=[reference("Group", id="G2", assignments=[reference("Appointment", id="A")])]
            ),
            {"Resource", "Appointment", *_OF_NEW_USERS},
        ),
        (update("Note", ["N1"], content=reference("Job", id="J1")), {"Job"}),
        (update("Note", ["N1"], mystery=[3, reference("Job", id="J1")]), {"Job"} | dependants("Note", SMALL)),
        (create("AssetVersion", id="V", asset=reference("Asset", id="A"), task=reference("Task", id="T")), set()),
    ],
)
def test_relations_reach_further(operation: dict[str, Any], expected: set[str]) -> None:
    found = families(operation)
    assert found is not None
    assert found - {SMALL.family_of[operation["entity_type"]]} == expected - {SMALL.family_of[operation["entity_type"]]}
    assert expected <= found


def test_a_new_context_may_bring_more() -> None:
    found = families(create("Shot", id="S", name="x", parent_id="P", project_id="P"))
    assert found == referrers("Context", SMALL) | {"Context"}
    assert {"Context", "Appointment", "TypedContextLink", "Asset", "CustomAttributeValue"} <= found


@pytest.mark.parametrize(
    "operation",
    [
        update("Task", ["T1"], parent_id="S2"),
        update("Task", ["T1"], parent=reference("Shot", id="S2")),
        update("Task", ["T1"], project=reference("Project", id="P2")),
        update("Shot", ["S1"], children=[]),
        create("Shot", id="S1", children=[reference("Task", id="T1")]),
        update("Status", ["S1"], tasks=[reference("Task", id="T1", parent_id="S2")]),
    ],
)
def test_moves_change_everything_below(operation: dict[str, Any]) -> None:
    assert families(operation) is None


@pytest.mark.parametrize(
    ("operation", "moved"),
    [
        (update("Note", ["N1"], parent_id="T2"), "Note"),
        (update("Note", ["N1"], in_reply_to_id="N2"), "Note"),
        (update("Note", ["N1"], in_reply_to=reference("Note", id="N2")), "Note"),
        (update("Note", ["N2"], replies=[reference("Note", id="N1")]), "Note"),
        (update("AssetVersion", ["V1"], asset_id="A2"), "AssetVersion"),
        (update("Asset", ["A2"], versions=[reference("AssetVersion", id="V1")]), "AssetVersion"),
        (update("Status", ["X"], tasks=[reference("Note", id="N1", in_reply_to_id="N2")]), "Note"),
        (update("FileComponent", ["C1"], version=reference("AssetVersion", id="V2")), "Component"),
        (update("ListObject", ["L1"], list_id="L2"), "ListObject"),
        (update("Note", ["N1"], mystery="x"), "Note"),
    ],
)
def test_what_goes_to_another_owner_takes_along_what_hangs_on_it(operation: dict[str, Any], moved: str) -> None:
    found = [change for change in changes(operation) if change.kind is ChangeKind.UNKNOWN]
    assert any(
        change.families is not None and {moved} | dependants(moved, SMALL) <= change.families for change in found
    )


@pytest.mark.parametrize(
    "operation",
    [
        update("Note", ["N1"], content="x"),
        update("AssetVersion", ["V1"], task_id="T2", thumbnail_id="C1"),
        update("TypedContextList", ["L1"], items=[reference("Task", id="T1")]),
        update("Job", ["J1"], mystery="x"),
    ],
)
def test_others_stay_where_they_are(operation: dict[str, Any]) -> None:
    assert "Recipient" not in (families(operation) or {"Recipient"})


def test_a_reply_to_another_parent_is_no_move() -> None:
    found = families(update("Note", ["N1"], parent_id="T2"))
    assert found is not None
    assert "Note" in found
    assert "Context" not in found


@pytest.mark.parametrize(
    "operation",
    [
        create("UserSecurityRole", id="R", user_id="U"),
        update("SecurityRole", ["R"], name="x"),
        delete("UserSecurityRoleProject", ["R"]),
        delete("ApiKey", ["K"]),
        update("Project", ["P1"], is_private=True),
        update("Status", ["S"], tasks=[reference("Project", id="P", is_private=True)]),
        {"action": "add_user_security_role", "user_id": "U", "role_id": "R"},
        {"action": "grant_api_key_security_role"},
        {"action": "convert_entity", "entity_type": "User"},
        {"action": "reset_remote"},
    ],
)
def test_who_may_see_what_changes_every_answer(operation: dict[str, Any]) -> None:
    assert families(operation) is None


def test_a_delete_may_cascade() -> None:
    removed, below, _thumbnails = changes(delete("Asset", ["A1"]))
    assert (removed.kind, removed.entity_id, removed.families) == (ChangeKind.REMOVED, "A1", {"Asset"})
    assert below.entity_id is None
    assert below.families is not None
    assert {"AssetVersion", "Component", "Note", "Metadata", "ListObject"} <= below.families


@pytest.mark.parametrize("action", ["encode_media", "delayed_job", "brand_new_action", "batch"])
def test_jobs_and_unknown_actions_may_change_anything(action: str) -> None:
    assert families({"action": action}) is None


@pytest.mark.parametrize(
    "action",
    [
        *("query", "search", "query_schemas", "query_server_information", "permissions", "_authorize_operation"),
        *("compute_rollups", "get_widget_url", "generate_signed_url", "_track_usage", "send_user_invite"),
    ],
)
def test_reads_and_mails_change_nothing(action: str) -> None:
    assert changes({"action": action}) == []
    assert changes({"action": action}, catalogue=None) == []


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        ("get_upload_metadata", {"Component", "ComponentLocation"}),
        ("complete_multipart_upload", {"Component", "ComponentLocation"}),
        ("send_review_session_invite", {"ReviewSessionInvitee"}),
        ("configure_totp", {"Resource"}),
    ],
)
def test_actions_with_a_known_effect(action: str, expected: set[str]) -> None:
    assert families({"action": action}) == expected
    assert changes({"action": action}, catalogue=None)[0].families is None


@pytest.mark.parametrize(
    "operation",
    [
        None,
        "create",
        [],
        {},
        {"action": 3},
        {"action": "create"},
        {"action": "create", "entity_type": "Nothing", "entity_data": {}},
        {"action": "create", "entity_type": ["Task"], "entity_data": {}},
        {"action": "create", "entity_type": "Task"},
        {"action": "update", "entity_type": "Task", "entity_data": [1]},
        {"action": "delete", "entity_key": ["T1"]},
        update("Note", ["N1"], author=reference("Nothing", id="U1")),
        update("Note", ["N1"], author=reference("User", username=reference("Nothing"))),
    ],
)
def test_what_cannot_be_understood_may_be_anything(operation: object) -> None:
    (found,) = changes(operation)
    assert found.families is None
    assert found.source is ChangeSource.OWN_WRITE


def test_without_a_catalogue_every_write_may_be_anything() -> None:
    for operation in (create("Task"), update("Task", ["T"], name="x"), delete("Task", ["T"])):
        (found,) = changes(operation, catalogue=None)
        assert found.families is None


def test_endless_nesting_is_anything() -> None:
    data: dict[str, Any] = reference("Note", id="N")
    for _ in range(900):
        data = reference("Note", id="N", in_reply_to=data)
    assert families(update("Note", ["N"], in_reply_to=data)) is None


def test_a_collection_of_a_type_that_the_document_lacks() -> None:
    catalogue = load_catalogue([*DOCUMENT, schema("Odd", "id things*Gone")])
    (found,) = changes(update("Odd", ["O"], things=[]), catalogue=catalogue)
    assert found.families == {"Odd"}


def test_a_batch_is_read_in_order() -> None:
    found = changes({"action": "query"}, create("Status", id="S"), delete("Timer", ["X"]))
    assert [change.kind for change in found] == [ChangeKind.ADDED, ChangeKind.REMOVED, ChangeKind.UNKNOWN]
    assert changes() == []


@settings(max_examples=300, deadline=None)
@given(
    st.fixed_dictionaries(
        {"action": st.sampled_from(["create", "update", "delete"])},
        optional={
            "entity_type": st.sampled_from(sorted(SMALL.types)) | JSON,
            "entity_key": JSON,
            "entity_data": st.dictionaries(
                st.sampled_from(["id", "name", "parent", "status", "children", "metadata", "x"]),
                JSON | st.fixed_dictionaries({"__entity_type__": st.sampled_from(sorted(SMALL.types)), "id": JSON}),
            )
            | JSON,
        },
    )
)
def test_every_write_changes_something_and_none_is_too_strange(operation: dict[str, Any]) -> None:
    found = changes(operation)
    assert found
    assert all(change.families is None or change.families for change in found)
