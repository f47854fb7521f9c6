"""A query with its answer, and events or writes that may change it."""

from __future__ import annotations

import functools
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.change_log import ChangeLog, Timestamp
from ftrack_proxy.changes.event_items import read_items
from ftrack_proxy.changes.own_writes import changes_of_writes
from ftrack_proxy.changes.update_events import changes_of_items
from ftrack_proxy.changes.writes import read_writes
from ftrack_proxy.judging.affects import affects
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.language.parser import parse
from ftrack_proxy.queries.bound_query import BoundQuery, bind_query
from ftrack_proxy.queries.bound_shape import bind_shape
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.loader import load_catalogue
from ftrack_proxy.values.epoch import Epoch
from tests.ftrack_server.schemas import build_schemas

Row = dict[str, Any]

TERMS = Terms(max_age=60.0, event_invalidated=True, durable=True)

_TABLES = {"Project": "show", "TypedContextLink": "dependency", "TypedContextList": "list"}
_TASKS = frozenset({"Task", "Shot", "Sequence", "Folder", "AssetBuild"})


@functools.cache
def catalogue() -> Catalogue:
    """The full document's."""
    return load_catalogue(build_schemas())


TERMS = Terms(max_age=60.0, event_invalidated=True, durable=True)


def bind(expression: str, schema: Catalogue, terms: Terms = TERMS) -> BoundQuery:
    """An expression under a schema."""
    query = parse(expression)
    return bind_query(query, bind_shape(query, schema), terms)


@functools.cache
def bound(expression: str) -> BoundQuery:
    return bind(expression, catalogue())


def moment(seq: int, at: float = 0.0, *, epoch: int = 1, live: bool = True, log: str = "log") -> Moment:
    """Of one feed and one log, unless told otherwise."""
    return Moment(seq, Epoch("feed", epoch), live, at, log)


def record(log: ChangeLog, *changes: Change, at: float = 0.0) -> list[int]:
    """Enter changes into a log; returns their numbers."""
    return [log.append(change, Timestamp(at, 1.7e9 + at)) for change in changes]


def answer(expression: str, rows: Iterable[Row], *, complete: bool | None = None) -> Result:
    """What the query answered."""
    data = list(rows)
    asked = bound(expression)
    limit = asked.query.limit
    cut_off = bool(asked.query.offset) or (limit is not None and len(data) >= limit)
    return Result(
        body=json.dumps({"action": "query", "data": data}).encode(),
        http_status=200,
        content_type="application/json",
        families=asked.families,
        validity=Validity(moment(0), 0),
        terms=TERMS,
        durable=True,
        complete=not cut_off if complete is None else complete,
    )


def table_of(entity_type: str) -> str:
    return "task" if entity_type in _TASKS else _TABLES.get(entity_type, entity_type.lower())


def item(entity_type: str, identity: str, action: str, path: str = "", **changes: tuple[Any, Any]) -> dict[str, Any]:
    """One item of an event. ``path`` is what stands above, as ``Shot:S1 Project:P1``."""
    above = [step.split(":") for step in path.split()]
    steps = [(entity_type, identity), *((kind, found) for kind, found in above)]
    parents = [
        {
            "entityId": found,
            "entity_type": kind,
            "entityType": table_of(kind),
            "parentId": steps[index + 1][1] if index + 1 < len(steps) else None,
        }
        for index, (kind, found) in enumerate(steps)
    ]
    return {
        "entityId": identity,
        "entity_type": entity_type,
        "entityType": table_of(entity_type),
        "parentId": above[0][1] if above else None,
        "action": action,
        "keys": list(changes),
        "changes": {key: {"old": old, "new": new} for key, (old, new) in changes.items()},
        "parents": parents,
    }


def told(*items: Mapping[str, Any]) -> list[Change]:
    return changes_of_items(read_items({"entities": list(items)}, catalogue()), catalogue())


def event(entity_type: str, identity: str, action: str, path: str = "", **changes: tuple[Any, Any]) -> list[Change]:
    return told(item(entity_type, identity, action, path, **changes))


def added(entity_type: str, identity: str, path: str = "", **values: Any) -> list[Change]:
    return event(entity_type, identity, "add", path, **{key: (None, value) for key, value in values.items()})


def removed(entity_type: str, identity: str, path: str = "", **values: Any) -> list[Change]:
    return event(entity_type, identity, "remove", path, **{key: (value, None) for key, value in values.items()})


def updated(entity_type: str, identity: str, path: str = "", **changes: tuple[Any, Any]) -> list[Change]:
    return event(entity_type, identity, "update", path, **changes)


def written(action: str, entity_type: str, identity: str | None, **data: Any) -> list[Change]:
    """What one of our own clients writes."""
    operation = {
        "action": action,
        "entity_type": entity_type,
        "entity_key": None if identity is None else [identity],
        "entity_data": {"__entity_type__": entity_type, **data},
    }
    return changes_of_writes(read_writes([operation], catalogue()), catalogue())


def rules(expression: str, rows: Iterable[Row], changes: Iterable[Change], *, complete: bool | None = None) -> set[str]:
    """The rules by which one of the changes affects the answer; empty if none does."""
    result = answer(expression, rows, complete=complete)
    found = (affects(change, result, bound(expression)) for change in changes)
    return {rule for rule in found if rule is not None}
