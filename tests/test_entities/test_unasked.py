"""Attributes that a server writes although nobody asked for them, and no rule of ftrack's says so."""

from __future__ import annotations

from typing import Any

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.event_items import read_items
from ftrack_proxy.changes.update_events import changes_of_items
from ftrack_proxy.entities.denormalise import Denormaliser
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.entities.normalise import normalise
from ftrack_proxy.judging.affects import affects
from ftrack_proxy.schema.loader import load_catalogue
from tests.ftrack_server.schemas import build_schemas
from tests.test_entities.production import CATALOGUE, entry, ingest, showing, validity
from tests.test_judging.cases import answer, bind, item

NAMES, WIDE = showing({"name": {}}), showing({"name": {}, "description": {}})
ROW = {"__entity_type__": "Task", "id": "t1", "name": "comp", "context_type": "task", "project_id": "p1"}


def learn_of(entity_store: EntityStore, asked: Any, moment: int, **row: Any) -> None:
    rows = [{**ROW, **row}]
    ingest(entity_store, asked, entry(rows), normalise(rows, asked.tree, CATALOGUE), validity(moment), CATALOGUE)


def names_shown(entity_store: EntityStore) -> set[str]:
    assembly, ref = Denormaliser(entity_store, CATALOGUE, lambda _: True), EntityRef("Context", ("t1",))
    assembly.gather(ref, NAMES.tree)
    (row,) = assembly.assembled([(ref, NAMES.tree)]).rows
    return set(row)


def test_what_was_asked_for_or_always_comes_is_not_unasked() -> None:
    entity_store = EntityStore(10**6)
    learn_of(entity_store, WIDE, 1, description="x", object_type_id="o1")
    assert entity_store.unasked("Task") == frozenset()
    assert names_shown(entity_store) == {*ROW, "object_type_id"}


def test_what_comes_by_itself_comes_in_answers_of_ours() -> None:
    entity_store = EntityStore(10**6)
    learn_of(entity_store, NAMES, 1, bid=3.0)
    learn_of(entity_store, WIDE, 2, description="x", bid=4.0)
    assert entity_store.unasked("Task") == {"bid"}
    assert names_shown(entity_store) == {*ROW, "bid"}
    entity_store.forget()
    assert entity_store.unasked("Task") == frozenset()


def test_it_is_judged_from_then_on() -> None:
    """What is shown is judged: also what nobody asked for, and what it derives from."""
    catalogue = load_catalogue(build_schemas())

    def changes_of(told: dict[str, Any]) -> list[Change]:
        return changes_of_items(read_items({"entities": [told]}, catalogue), catalogue)

    renamed = changes_of(item("Sequence", "Q1", "update", "Project:p1", name=("a", "b")))
    estimated = changes_of(item("Task", "t1", "update", "Sequence:Q1 Project:p1", bid=("3", "4")))
    expression = "select description from Task where id is t1"
    rows = [{**ROW, "bid": 3.0, "link": [{"type": "Sequence", "id": "Q1", "name": "a"}], "strange": 1}]
    result = answer(expression, rows)

    def affected(changes: list[Change]) -> bool:
        bound = bind(expression, catalogue)
        return any(affects(change, result, bound) for change in changes)

    assert not affected(renamed)
    assert not affected(estimated)
    asked = showing({"description": {}})
    entity_store = EntityStore(10**6)
    ingest(entity_store, asked, entry(rows), normalise(rows, asked.tree, catalogue), validity(1), catalogue)
    assert catalogue.note_unasked(entity_store.all_unasked)
    assert not catalogue.note_unasked(entity_store.all_unasked)
    assert catalogue.unasked["Task"] >= {"bid", "link", "strange"}
    assert affected(renamed)
    assert affected(estimated)
    assert bind(expression, catalogue).shape.reads.volatile, "what is no attribute cannot be judged"
