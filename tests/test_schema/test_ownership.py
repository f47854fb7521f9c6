"""By which keys rows belong to others, and through them to a project."""

from __future__ import annotations

import pytest

from ftrack_proxy.schema.declared_types import Kind
from ftrack_proxy.schema.ownership import owner_keys, owns
from tests.test_judging.cases import catalogue
from tests.test_schema.documents import real_catalogue


@pytest.mark.parametrize(
    ("family", "keys"),
    [
        ("Asset", {"context_id"}),
        ("AssetVersion", {"asset_id"}),
        ("Component", {"version_id", "container_id"}),
        ("ComponentLocation", {"component_id"}),
        ("Note", {"parent_id", "in_reply_to_id"}),
        ("ListObject", {"list_id", "entity_id"}),
        ("List", {"project_id"}),
        ("Appointment", {"context_id"}),
        ("Timelog", {"context_id"}),
        ("Timer", {"context_id"}),
        ("TypedContextLink", {"from_id", "to_id"}),
        ("AssetVersionLink", {"from_id", "to_id"}),
        ("CustomAttributeLink", {"from_id", "to_id"}),
        ("CustomAttributeConfiguration", {"project_id"}),
        ("ReviewSession", {"project_id"}),
        ("ReviewSessionObject", {"review_session_id", "version_id"}),
        ("ReviewSessionInvitee", {"review_session_id"}),
        ("ReviewSessionObjectStatus", {"review_session_object_id", "review_session_invitee_id"}),
        ("CalendarEvent", {"project_id"}),
        ("CalendarEventResource", {"calendar_event_id"}),
        ("StatusChange", {"parent_id"}),
        ("Manager", {"context_id"}),
        # Their primary key says what they belong to, and that does not change.
        ("Recipient", set()),
        ("Metadata", set()),
        ("CustomAttributeValue", set()),
        # They belong to no project.
        ("Status", set()),
        ("Resource", set()),
        ("Membership", set()),
        ("Job", set()),
        ("Location", set()),
    ],
)
def test_keys_that_say_what_a_row_belongs_to(family: str, keys: set[str]) -> None:
    members = [catalogue().types[name] for name in catalogue().members(family)]
    found = owner_keys(family, catalogue())
    scalars = {a.name for m in members for a in m.attributes.values() if a.kind is Kind.SCALAR}
    assert found & scalars == keys


def test_relations_stand_beside_their_keys() -> None:
    assert owner_keys("Note", catalogue()) >= {"in_reply_to", "in_reply_to_id"}
    assert owner_keys("AssetVersion", catalogue()) == {"asset", "asset_id"}


def test_who_owns_whom() -> None:
    for owner, family in (("Asset", "AssetVersion"), ("Note", "Note"), ("Context", "Note"), ("List", "ListObject")):
        assert owns(owner, family, catalogue()), (owner, family)
    for owner, family in (("Status", "Context"), ("Resource", "Timelog"), ("Component", "AssetVersion")):
        assert not owns(owner, family, catalogue()), (owner, family)


def test_a_real_document_tells_the_same() -> None:
    real = real_catalogue()
    for family in sorted(set(real.family_of.values()) & set(catalogue().family_of.values())):
        assert owner_keys(family, real) == owner_keys(family, catalogue()), family
