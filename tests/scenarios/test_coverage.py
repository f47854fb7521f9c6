"""Coverage is learned from own writes, both ways, holds at once, and outlives the process."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ftrack_proxy.cache_policy.learned_coverage import DEADLINE, ENOUGH
from tests.harness import until
from tests.scenarios.studio import Person, Studio, open_studio, warm

pytestmark = pytest.mark.required("G5.3")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        yield opened


def coverage(studio: Studio, family: str) -> dict[str, Any]:
    found: dict[str, Any] = studio.proxy.status()["coverage"][family]
    return found


def pass_deadline(studio: Studio) -> None:
    """Time enough for all events, on a feed that was heard all the while."""

    def later() -> None:
        studio.proxy.clock.ahead += DEADLINE + 1
        for feed in studio.proxy.parts.coverage.feeds:
            feed._heard = studio.proxy.clock()
        studio.proxy.parts.learning.check()

    studio.proxy.inside(later)


def write_notes(ana: Person, studio: Studio, count: int) -> None:
    data = {"__entity_type__": "Note", "parent_id": studio.task, "parent_type": "TypedContext", "content": "x"}
    for _ in range(count):
        operation = {"action": "create", "entity_type": "Note", "entity_data": {**data, "id": str(uuid.uuid4())}}
        assert isinstance(ana.call([operation]).content, list)


def announce(studio: Studio, table: str, entity_type: str, entity_id: str) -> None:
    item = {"entityId": entity_id, "entityType": table, "entity_type": entity_type, "action": "update"}
    told = {"keys": ["name"], "changes": {"name": {"old": "a", "new": "b"}}, "parents": []}
    before = studio.changes
    studio.server.hub.publish("ftrack.update", {"entities": [{**item, **told}]})
    studio.wait_for_change(before)


def prove_status(studio: Studio, ana: Person, times: int) -> None:
    status = studio.server.production.statuses[0]
    for number in range(times):
        ana.update("Status", status, name=f"name {number}")
        announce(studio, "status", "Status", status)


def silence_notes(studio: Studio, ana: Person) -> None:
    studio.server.hub.drop_next(ENOUGH)
    write_notes(ana, studio, ENOUGH)
    pass_deadline(studio)


def test_writes_without_events_leave_a_timed_type_as_it_is(studio: Studio) -> None:
    ana, status = studio.person(), studio.server.production.statuses[0]
    warm(ana, studio.name_of_task)
    for number in range(ENOUGH + 1):
        ana.update("Status", status, name=f"name {number}")
        pass_deadline(studio)
    assert coverage(studio, "Status") == {"kind": "static", "from": "configured", "proofs": 0, "misses": ENOUGH}


def test_writes_that_come_back_are_proofs(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    write_notes(ana, studio, ENOUGH)
    until(lambda: coverage(studio, "Note")["proofs"] == ENOUGH, "the events of the notes")
    pass_deadline(studio)
    assert coverage(studio, "Note") == {"kind": "evented", "from": "configured", "proofs": ENOUGH, "misses": 0}


def test_an_evented_type_whose_events_get_lost_is_kept_for_a_short_time_only(studio: Studio) -> None:
    ana = studio.person()
    notes = f'select content from Note where parent_id is "{studio.task}"'
    warm(ana, notes)
    silence_notes(studio, ana)
    assert coverage(studio, "Note") == {"kind": "timed", "from": "learned", "proofs": 0, "misses": ENOUGH}
    # What was kept before is judged by the new terms too.
    warm(ana, notes)
    before = studio.queries()
    studio.proxy.clock.ahead += 11
    ana.ask(notes)
    assert studio.queries() == before + 1


def test_what_was_kept_as_evented_does_not_stay_so(studio: Studio) -> None:
    ana = studio.person()
    no_note = f'select content from Note where id is "{uuid.uuid4()}"'
    warm(ana, no_note)
    silence_notes(studio, ana)
    assert not ana.ask(no_note).is_hit


def test_it_is_restored_and_outlives_a_restart(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    silence_notes(studio, ana)
    studio.restart_proxy()
    assert coverage(studio, "Note")["kind"] == "timed"
    ana = studio.person()
    warm(ana, studio.name_of_task)
    write_notes(ana, studio, ENOUGH)
    until(lambda: coverage(studio, "Note")["kind"] == "evented", "the notes' events to count")
    assert coverage(studio, "Note")["from"] == "configured"


def test_a_learnable_type_whose_events_come_is_evented(studio: Studio) -> None:
    ana, status = studio.person(), studio.server.production.statuses[0]
    expression = f'select name from Status where id is "{status}"'
    warm(ana, studio.name_of_task)
    prove_status(studio, ana, ENOUGH)
    assert coverage(studio, "Status") == {"kind": "evented", "from": "learned", "proofs": ENOUGH, "misses": 0}
    said = warm(ana, expression)
    studio.server.update("Status", status, name="Parked", silent=True)
    assert ana.ask(expression).content == said.content
    announce(studio, "status", "Status", status)
    assert ana.ask(expression).rows[0]["name"] == "Parked"


def test_a_gap_voids_what_was_expected(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.server.hub.hold_events()
    write_notes(ana, studio, ENOUGH)
    studio.cut_feed()
    studio.restore_feed()
    pass_deadline(studio)
    assert coverage(studio, "Note")["misses"] == 0


def test_a_damaged_file_is_begun_anew(studio: Studio) -> None:
    file = studio.proxy.settings.state_dir / "coverage.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{")
    studio.restart_proxy()
    assert coverage(studio, "Note")["kind"] == "evented"
