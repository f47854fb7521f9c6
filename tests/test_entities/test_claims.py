"""What events say never becomes part of an answer: it can only make known data unusable."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ftrack_proxy.changes.change import Change
from ftrack_proxy.entities.entity_lookup import EntityAnswer, lookup_of
from ftrack_proxy.entities.entity_store import EntityStore
from ftrack_proxy.entities.normalise import normalise
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.queries.terms import Terms
from tests.test_entities.production import CATALOGUE, Production, answer, entry, ingest, productions, showing, validity
from tests.test_entities.test_row_judge import NAMES, PATHS, log_of
from tests.test_judging import cases
from tests.test_judging.cases import moment

pytestmark = pytest.mark.required("G2.4")

_OLD_NEW = st.tuples(st.sampled_from([None, "a", "t1", "s1"]), st.sampled_from([None, "a", "t1", "s1"]))
CLAIMS = st.builds(
    lambda kind, name, action, path, changes: cases.event(kind, name, action, path, **changes),
    st.sampled_from(["Task", "Shot", "Project", "Status", "Note"]),
    NAMES,
    st.sampled_from(["add", "update", "remove", "move"]),
    PATHS,
    st.dictionaries(st.sampled_from(["name", "statusid", "parent_id", "bid", "id"]), _OLD_NEW, max_size=2),
)
QUESTIONS = [
    ({"name": {}}, "Task where id is t1"),
    ({"name": {}}, "TypedContext where id is t1 limit 1"),
    ({"name": {}}, "Task where id in (t1, t2, x1)"),
    ({"name": {}, "status": {"name": {}}}, "Task where id is t2"),
    ({"children": {"name": {}}}, "Shot where id is s1"),
    ({"name": {}}, 'Task where name is "t1" order by name limit 2'),
    ({"name": {}}, "Task where id is x1"),
]
TERMS = Terms(max_age=1e9, event_invalidated=True, durable=False)


def asked_of(records: EntityStore, number: int, changes: list[Change]) -> object:
    shown, rest = QUESTIONS[number]
    log = log_of(changes)
    lookup = lookup_of(records, showing(shown, rest, TERMS), moment(log.head, 9.0), log, EntityForm.NORMALISED)
    assert lookup is not None
    return lookup.answer()


def known_of(production: Production, rows: list[str], number: int) -> EntityStore:
    """What was answered to a question before."""
    entity_store = EntityStore(10**6)
    shown, rest = QUESTIONS[number]
    asked = showing(shown, rest)
    written = answer(production, rows, asked.tree, normalised=True)
    ingest(entity_store, asked, entry(written), normalise(written, asked.tree, CATALOGUE), validity(0), CATALOGUE)
    return entity_store


@settings(deadline=None, max_examples=300)
@given(
    productions(),
    st.lists(st.sampled_from(["t1", "t2"]), max_size=2, unique=True),
    st.integers(0, len(QUESTIONS) - 1),
    st.integers(0, len(QUESTIONS) - 1),
    st.lists(CLAIMS, min_size=1, max_size=4),
)
def test_events_only_take_answers_away(
    production: Production, rows: list[str], told: int, asked: int, events: list[list[Change]]
) -> None:
    changes = [change for event in events for change in event]
    now = asked_of(known_of(production, rows, told), asked, changes)
    if isinstance(now, EntityAnswer):
        before = asked_of(known_of(production, rows, told), asked, [])
        assert isinstance(before, EntityAnswer)
        assert now.result.body == before.result.body
