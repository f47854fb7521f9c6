"""Whatever anybody makes of a write or of an event, the recorded changes cover it (G1, G2)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.cache_policy.expected_events import expected_events
from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.changes.event_items import read_items, rows_in
from ftrack_proxy.changes.own_writes import changes_of_writes
from ftrack_proxy.changes.update_events import changes_of_items
from ftrack_proxy.changes.writes import Create, Delete, Relations, Update, read_writes
from ftrack_proxy.decision.forward_plan import Delivery, Outcome, aftermath, outcome_of, plan_forward
from ftrack_proxy.entities.written_entities import observations_of
from tests.test_changes.operations import answered_batches, items, writes
from tests.test_schema.documents import small_catalogue

SMALL = small_catalogue()


def covers(changes: Iterable[Change], family: str, entity_id: str | None, *kinds: ChangeKind) -> bool:
    """True if one of the changes may have touched this row, or all rows of the family (``None``)."""
    return any(
        change.families is None
        or (
            family in change.families
            and change.entity_id in (None, entity_id)
            and (not kinds or change.kind in (*kinds, ChangeKind.UNKNOWN))
        )
        for change in changes
    )


@settings(max_examples=100, deadline=None)
@given(answered_batches(SMALL))
def test_what_is_learned_of_a_write_has_been_recorded(drawn: tuple[list[Any], list[Any]]) -> None:
    operations, answer = drawn
    read = read_writes(operations, SMALL)
    changes = changes_of_writes(read, SMALL)
    for event in expected_events(read, answer, SMALL):
        assert covers(changes, event.family, event.entity_id)
    for type_name, key in observations_of(read, answer, SMALL).gone:
        certain = key[0] if len(key) == 1 else None
        assert covers(changes, SMALL.family_of[type_name], certain, ChangeKind.REMOVED)


@settings(max_examples=200, deadline=None)
@given(writes(SMALL))
def test_each_row_that_is_written_has_been_recorded(operation: dict[str, Any]) -> None:
    (write,) = read_writes([operation], SMALL)
    changes = changes_of_writes([write], SMALL)
    assert isinstance(write, Create | Update | Delete)
    kind = {Create: ChangeKind.ADDED, Update: ChangeKind.UPDATED, Delete: ChangeKind.REMOVED}[type(write)]
    assert covers(changes, write.row.family, write.row.entity_id, kind)
    if not isinstance(write, Delete):
        assert covers_nested(changes, write.data.relations)


def covers_nested(changes: list[Change], relations: Relations) -> bool:
    """Whatever an entity inside another one writes; of a reference that is one, nothing."""
    if not relations.is_readable:
        return any(change.families is None for change in changes)
    return all(
        (not entity.members or covers(changes, entity.family, None)) and covers_nested(changes, entity.relations)
        for entity in relations.nested
    )


@settings(max_examples=100, deadline=None)
@given(st.lists(items(SMALL), max_size=3))
def test_each_row_that_an_event_names_has_been_recorded(entities: list[Any]) -> None:
    found = read_items({"entities": entities}, SMALL)
    assert len(found) == len(entities)
    changes = changes_of_items(found, SMALL)
    for family, entity_id in rows_in(found):
        assert covers(changes, family, entity_id)


@settings(max_examples=100, deadline=None)
@given(answered_batches(SMALL), st.sampled_from([200, 403, 413, 500, 504]), st.booleans(), st.booleans())
def test_what_may_have_changed_something_is_recorded_unless_ftrack_refused_it(
    drawn: tuple[list[Any], list[Any]], status: int, is_anonymous: bool, is_whole: bool
) -> None:
    operations, answer = drawn
    plan = plan_forward(operations, SMALL)
    assert not (plan.changes and plan.delivery is Delivery.REPEATABLE)
    for said in (answer, None, {"exception": "ServerError"}):
        outcome = outcome_of(plan, status, said, is_anonymous=is_anonymous)
        after = aftermath(plan, outcome, is_whole=is_whole)
        assert after.changes == (() if outcome is Outcome.REFUSED else plan.changes)
        assert not after.teaches or outcome is Outcome.CARRIED_OUT
        if said is answer:
            assert outcome is Outcome.CARRIED_OUT


UPDATE = {"action": "update", "entity_type": "Status", "entity_key": ["S"], "entity_data": {"name": "x"}}
READERS = {
    # kind of write: changes, events to expect, entities to observe, rows that are gone
    "create": ({**UPDATE, "action": "create"}, True, 1, 1, False),
    "update": (UPDATE, True, 1, 1, False),
    "delete": ({"action": "delete", "entity_type": "Status", "entity_key": ["S"]}, True, 1, 0, True),
    "an action with effects": ({"action": "configure_totp"}, True, 0, 0, False),
    "an action that changes nothing": ({"action": "send_user_invite"}, False, 0, 0, False),
    "an action that nobody knows": ({"action": "brand_new"}, True, 0, 0, False),
    "nonsense": (3, True, 0, 0, False),
}


@pytest.mark.parametrize("kind", READERS)
def test_what_each_reader_makes_of_each_kind_of_write(kind: str) -> None:
    operation, changes, expected, entities, gone = READERS[kind]
    is_delete = isinstance(operation, dict) and operation["action"] == "delete"
    answer = [{"data": True if is_delete else {"__entity_type__": "Status", "id": "S"}}]
    read = read_writes([operation], SMALL)
    assert bool(changes_of_writes(read, SMALL)) == changes
    assert len(expected_events(read, answer, SMALL)) == expected
    observations = observations_of(read, answer, SMALL)
    assert (len(observations.entities), bool(observations.gone)) == (entities, gone)
