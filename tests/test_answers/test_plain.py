"""What an observation tells criteria of a row."""

from __future__ import annotations

from ftrack_proxy.answers.knowledge import Knowledge, Ref
from ftrack_proxy.answers.learn import learn
from ftrack_proxy.answers.plain import known_values
from ftrack_proxy.answers.take_apart import take_apart
from tests.test_answers.production import CATALOGUE, entry, reading, source

ROW = {
    "__entity_type__": "Task",
    "id": "t1",
    "name": "comp",
    "bid": 3.0,
    "status": {"__entity_type__": "Status", "id": "d1", "name": "Done"},
    "parent": None,
    "children": [{"__entity_type__": "Task", "id": "t2"}],
}


def test_relations_tell_their_keys() -> None:
    knowledge = Knowledge(10**6)
    asked = reading({"name": {}, "bid": {}, "status": {"name": {}}, "parent": {"name": {}}, "children": {}})
    learn(knowledge, asked, entry([ROW]), take_apart([ROW], asked.tree, CATALOGUE), source(1), CATALOGUE)
    known = knowledge.known(Ref("Context", ("t1",)))
    assert known is not None
    values = known_values(known.observations[0], CATALOGUE)
    assert values["status_id"] == "d1"
    assert (values["name"], values["bid"]) == ("comp", 3.0)
    assert "parent_id" not in values
    assert "children" not in values
