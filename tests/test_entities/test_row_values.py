"""What an observation tells criteria of a row."""

from __future__ import annotations

from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.entities.normalise import normalise
from ftrack_proxy.entities.row_values import known_values
from tests.test_entities.production import CATALOGUE, entry, ingest, showing, validity

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
    entity_store = EntityStore(10**6)
    asked = showing({"name": {}, "bid": {}, "status": {"name": {}}, "parent": {"name": {}}, "children": {}})
    ingest(entity_store, asked, entry([ROW]), normalise([ROW], asked.tree, CATALOGUE), validity(1), CATALOGUE)
    known = entity_store.known(EntityRef("Context", ("t1",)))
    assert known is not None
    values = known_values(known.observations[0], CATALOGUE)
    assert values["status_id"] == "d1"
    assert (values["name"], values["bid"]) == ("comp", 3.0)
    assert "parent_id" not in values
    assert "children" not in values
