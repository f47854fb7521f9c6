from __future__ import annotations

import pytest

from ftrack_proxy.schema.dependants import dependants, referrers, thumbnailed
from tests.test_schema.documents import real_catalogue, small_catalogue

SMALL = small_catalogue()
ANY = {"Metadata", "Event"}
"""Whatever has an id can have metadata and stand in the log."""


@pytest.mark.parametrize(
    ("family", "expected"),
    [
        ("Appointment", ANY),
        ("NoteCategory", ANY | {"Note"}),
        ("Location", ANY | {"ComponentLocation"}),
        ("Note", ANY | {"Note", "Recipient"}),
        ("Event", ANY | {"Feed"}),
        ("ListObject", ANY | {"CustomAttributeValue", "CustomAttributeLink"}),
    ],
)
def test_direct_referrers(family: str, expected: set[str]) -> None:
    assert referrers(family, SMALL) == expected


def test_polymorphic_owners_count() -> None:
    assert {"Note", "StatusChange", "ListObject", "CustomAttributeValue", "CustomAttributeLink"} <= referrers(
        "AssetVersion", SMALL
    )
    assert "Note" not in referrers("Appointment", SMALL)


def test_the_closure_is_transitive() -> None:
    assert dependants("NoteCategory", SMALL) == ANY | {"Feed", "Note", "Recipient"}
    assert {"AssetVersion", "Component", "ComponentLocation", "Note", "Recipient"} <= dependants("Asset", SMALL)
    assert "Timelog" not in dependants("Asset", SMALL)


def test_a_family_is_its_own_dependant_only_if_its_rows_refer_to_each_other() -> None:
    assert "Note" in dependants("Note", SMALL)
    assert "Context" in dependants("Context", SMALL)
    assert "Component" in dependants("Component", SMALL)
    assert "Appointment" not in dependants("Appointment", SMALL)
    assert "ComponentLocation" not in dependants("ComponentLocation", SMALL)


def test_what_shows_a_thumbnail_changes_with_it_and_takes_nothing_along() -> None:
    assert {"Context", "Resource", "AssetVersion"} <= thumbnailed(SMALL)
    assert not {"Context", "Timelog", "Appointment", "Asset"} & dependants("Component", SMALL)


def test_the_id_of_a_subtype_is_no_reference_to_its_base() -> None:
    assert SMALL.types["FileComponent"].attributes["id"].key_of == ("Component",)
    assert "ContainerComponent" not in dependants("Component", SMALL)


def test_closures_are_computed_once() -> None:
    assert dependants("Asset", SMALL) is dependants("Asset", SMALL)
    assert referrers("Asset", SMALL) is referrers("Asset", SMALL)


def test_an_unknown_family_reaches_what_refers_to_anything() -> None:
    assert dependants("Nothing", SMALL) == ANY | {"Feed"}


def test_the_real_document_keeps_leaves_small() -> None:
    catalogue = real_catalogue()
    any_of_it = {"EntitySetting", "Event", "Feed", "Metadata"}
    for family in ("Appointment", "Timelog", "TypedContextLink", "ComponentLocation", "NoteLabelLink"):
        assert dependants(family, catalogue) == any_of_it
    assert len(dependants("Context", catalogue)) > 30
    assert "Timelog" not in dependants("Component", catalogue)
