"""Attributes that a server writes although nobody asked for them, and no rule of ftrack's says so."""

from __future__ import annotations

from typing import Any

from ftrack_proxy.answers.assemble import Assembly
from ftrack_proxy.answers.knowledge import Knowledge, Ref
from ftrack_proxy.answers.learn import learn
from ftrack_proxy.answers.take_apart import take_apart
from tests.test_answers.production import CATALOGUE, entry, reading, source

NAMES, WIDE = reading({"name": {}}), reading({"name": {}, "description": {}})
ROW = {"__entity_type__": "Task", "id": "t1", "name": "comp", "context_type": "task", "project_id": "p1"}


def learn_of(knowledge: Knowledge, asked: Any, moment: int, **row: Any) -> None:
    rows = [{**ROW, **row}]
    learn(knowledge, asked, entry(rows), take_apart(rows, asked.tree, CATALOGUE), source(moment), CATALOGUE)


def names_shown(knowledge: Knowledge) -> set[str]:
    assembly, ref = Assembly(knowledge, CATALOGUE, lambda _: True), Ref("Context", ("t1",))
    assembly.gather(ref, NAMES.tree)
    (row,) = assembly.assembled([(ref, NAMES.tree)]).rows
    return set(row)


def test_what_was_asked_for_or_always_comes_is_not_unasked() -> None:
    knowledge = Knowledge(10**6)
    learn_of(knowledge, WIDE, 1, description="x", object_type_id="o1")
    assert knowledge.unasked("Task") == frozenset()
    assert names_shown(knowledge) == {*ROW, "object_type_id"}


def test_what_comes_by_itself_comes_in_answers_of_ours() -> None:
    knowledge = Knowledge(10**6)
    learn_of(knowledge, NAMES, 1, bid=3.0)
    learn_of(knowledge, WIDE, 2, description="x", bid=4.0)
    assert knowledge.unasked("Task") == {"bid"}
    assert names_shown(knowledge) == {*ROW, "bid"}
    knowledge.forget()
    assert knowledge.unasked("Task") == frozenset()
