"""What is known of 200,000 entities: memory, and the time to learn and to answer.

python -m benchmarks.entities [--entities N] [--limit-mb N]
"""

from __future__ import annotations

import argparse
import gc
import resource
import time
import uuid
from typing import Any

import orjson
from tests.ftrack_server.schemas import build_schemas

from ftrack_proxy.entities.denormalise import Denormaliser
from ftrack_proxy.entities.entity_store import EntityRef, EntityStore
from ftrack_proxy.entities.ingest import ingest
from ftrack_proxy.entities.normalise import normalise
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.language.parser import parse
from ftrack_proxy.queries.bound_query import bind_query
from ftrack_proxy.queries.bound_shape import bind_shape
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.loader import load_catalogue
from ftrack_proxy.values.epoch import Epoch

_PAGE = 500
_TERMS = Terms(max_age=60.0, event_invalidated=True, durable=True)
_TASKS = (
    "select name, description, status.name, type.name, priority_id, start_date, end_date, bid, sort, parent_id, "
    "thumbnail_id, parent.name from Task where project_id is {project}"
)


def page(number: int, project: str, statuses: list[str], types: list[str]) -> dict[str, Any]:
    """An answer as ftrack writes it: five tasks a shot."""
    rows: list[dict[str, Any]] = []
    for index in range(_PAGE):
        if index % 5 == 0:
            shot = {"__entity_type__": "Shot", "id": str(uuid.uuid4()), "name": f"sh{number:03}{index:03}"}
            shot |= {"project_id": project, "context_type": "task", "object_type_id": types[0]}
        row = {
            "__entity_type__": "Task", "id": str(uuid.uuid4()), "name": f"animation {index}", "description": "",
            "status": {"__entity_type__": "Status", "id": statuses[index % 6], "name": f"status {index % 6}"},
            "type": {"__entity_type__": "Type", "id": types[index % 4], "name": f"type {index % 4}"},
            "priority_id": statuses[0], "end_date": None, "bid": 3600.0 * index, "sort": index,
            "start_date": {"__type__": "datetime", "value": f"2031-05-{index % 28 + 1:02}T00:00:00"},
            "parent_id": shot["id"], "thumbnail_id": str(uuid.uuid4()),
            "parent": shot, "project_id": project, "context_type": "task", "object_type_id": types[1],
        }  # fmt: skip
        rows.append(row)
    document: dict[str, Any] = orjson.loads(
        orjson.dumps({"action": "query", "data": rows, "metadata": {"next": {"offset": None}}})
    )
    return document


def memory() -> float:
    """Resident memory in MB."""
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entities", type=int, default=200_000)
    parser.add_argument("--limit-mb", type=int, default=1_024)
    chosen = parser.parse_args()
    catalogue = load_catalogue(build_schemas())
    entity_store = EntityStore(chosen.limit_mb * 2**20)
    statuses, types = ([str(uuid.uuid4()) for _ in range(6)] for _ in range(2))
    before, learning, pages, last = memory(), 0.0, 0, None
    while len(entity_store) < chosen.entities:
        project = str(uuid.uuid4())
        query = parse(_TASKS.format(project=project))
        bound = bind_query(query, bind_shape(query, catalogue), _TERMS)
        assert bound.tree is not None
        entry = page(pages, project, statuses, types)
        validity = Validity(Moment(pages, Epoch("feed", 1), True, float(pages), "log"), pages)
        began = time.perf_counter()
        taken = normalise(entry["data"], bound.tree, catalogue)
        ingest(entity_store, bound, entry, taken, validity, catalogue)
        learning += time.perf_counter() - began
        pages, last = pages + 1, taken
    used = memory() - before
    print(f"entities {len(entity_store):,}  {used:.0f} MB  {used * 2**20 / len(entity_store):.0f} bytes each")
    print(f"reckoned {entity_store.weight / 2**20:.0f} MB")
    print(f"learning an answer of {_PAGE} rows  {learning / pages * 1e3:.1f} ms")
    assert last is not None
    tree = {"name": {}, "status": {"name": {}}}
    began = time.perf_counter()
    for ref in last.rows:
        answer(entity_store, catalogue, ref, tree)
    print(f"assembling one row  {(time.perf_counter() - began) / len(last.rows) * 1e6:.1f} µs")


def answer(entity_store: EntityStore, catalogue: Catalogue, ref: EntityRef, tree: Any) -> bytes:
    assembly = Denormaliser(entity_store, catalogue, lambda _: True)
    assembly.gather(ref, tree)
    return orjson.dumps(assembly.assembled([(ref, tree)]).rows)


if __name__ == "__main__":
    main()
