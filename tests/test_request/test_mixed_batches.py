"""What is looked at leaves no trace: only what is done is counted and stored, and nothing is looked up twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest

from ftrack_proxy.entities.entity_lookup import EntityLookup
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from tests.ftrack_server import Engine, ProductionPlan
from tests.ftrack_server.schemas import build_schemas
from tests.harness import settings_for
from tests.interleavings.stage import Stage, Stored

LIST = "select name from Task order by id"


@pytest.fixture
def stage() -> Stage:
    schema, settings = KnownSchema(on_change=lambda: None), settings_for("http://ftrack.test", Path())
    schema.learn_schemas(build_schemas())
    return Stage(Engine(ProductionPlan(sequences=1, shots=1, tasks=4)), Binder(schema, settings.policy), settings)


def row(stage: Stage, number: int, attribute: str = "name") -> str:
    return f'select {attribute} from Task where id is "{stage.ftrack.engine.production.tasks[number]}"'


async def asked(stage: Stage, *expressions: str) -> str:
    """Ask, and have ftrack answer at once; returns the ``Cache-Status``."""
    task = stage.call([{"action": "query", "expression": expression} for expression in expressions])
    await stage.drain()
    reply = await task
    assert isinstance(orjson.loads(reply.body), list)
    return dict(reply.headers)["Cache-Status"]


async def test_an_entity_hit_beside_a_miss_is_one(stage: Stage) -> None:
    await asked(stage, "select id from Status")
    await asked(stage, LIST)
    said = await asked(stage, row(stage, 0), "select id from Task order by name")
    assert said == 'ftrack-proxy; fwd=partial; stored; detail="1 hit, 1 miss"'
    counters = stage.counters
    assert (counters.hits, counters.misses, dict(counters.kinds)) == (1, 3, {"entity": 1})
    assert await asked(stage, row(stage, 0)) == "ftrack-proxy; hit; detail=exact"


async def test_what_is_prefetched_and_used_beside_a_miss_is_counted_once(stage: Stage) -> None:
    await asked(stage, "select id from Status")
    await asked(stage, LIST)
    for number in range(3):
        await asked(stage, row(stage, number, "type.name"))
    counters = stage.counters
    assert (counters.prefetches, counters.prefetched, counters.prefetched_used) == (1, 2, 1)
    await asked(stage, row(stage, 3, "type.name"), "select bid from Task order by name")
    assert counters.prefetched_used == 2


@pytest.mark.parametrize(("by_id", "lookups"), [(True, 2), (False, 1)])
async def test_a_cold_read_is_looked_up_once_before_ftrack_is_asked(
    by_id: bool, lookups: int, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And once more where its answer is put together from what came."""
    counts = {"own": 0, "entities": 0}
    in_memory, answer = Stored.in_memory, EntityLookup.answer

    def counted(key: str, function: Any) -> Any:
        def counting(*arguments: Any) -> Any:
            counts[key] += 1
            return function(*arguments)

        return counting

    await asked(stage, "select id from Status")
    monkeypatch.setattr(Stored, "in_memory", counted("own", in_memory))
    monkeypatch.setattr(EntityLookup, "answer", counted("entities", answer))
    await asked(stage, row(stage, 0) if by_id else LIST)
    assert counts == {"own": 1, "entities": lookups}
