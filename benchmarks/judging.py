"""What judging costs: a hot result, a change to record, a change to examine, and long lists against many changes.

python -m benchmarks.judging
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

from tests.ftrack_server import FtrackServer, ProductionPlan

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.change_log import Timestamp
from ftrack_proxy.changes.event_items import read_items
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.changes.update_events import changes_of_items
from ftrack_proxy.judging.affects import affects
from ftrack_proxy.judging.judge import judge
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import parse
from ftrack_proxy.queries.bound_query import bind_query
from ftrack_proxy.queries.bound_shape import bind_shape
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.loader import load_catalogue
from ftrack_proxy.values.epoch import Epoch

EXPRESSIONS = (
    'select id, name, status.name, type.name, parent.name from Task where parent.id is "{shot}" offset 0 limit 500',
    'select version, date, status.name from AssetVersion where asset_id is "{asset}" order by version desc limit 500',
    'select name from Task where project_id is "{project}" and assignments any (resource.username is "ana") limit 500',
    "select link from Task where id is {task} offset 0 limit 500",
)

_EPOCH = Epoch("feed", 1)
_TERMS = Terms(max_age=1e9, event_invalidated=True, durable=True)


def microseconds(function: Callable[[], object], repeats: int = 2_000) -> float:
    """The median of several rounds, per call."""
    rounds = []
    for _ in range(7):
        begun = time.perf_counter()
        for _ in range(repeats):
            function()
        rounds.append((time.perf_counter() - begun) / repeats * 1e6)
    return statistics.median(rounds)


def main() -> None:
    with FtrackServer(ProductionPlan()) as server:
        made = server.production
        catalogue = load_catalogue(server.engine.schemas)
        names = {
            "shot": made.shots[0], "asset": made.assets[0], "project": made.projects[0], "task": made.tasks[0],
        }  # fmt: skip
        expressions = [e.format(**names) for e in EXPRESSIONS]
        bodies = [server.call([{"action": "query", "expression": e}], denormalize=False) for e in expressions]
        for task in made.tasks[1:40]:
            server.update("Task", task, status_id=made.statuses[0])
        server.hub.wait_delivered()
        events = [event["data"] for event in server.hub.events if event["topic"] == "ftrack.update"]
    print(f"parse                        {microseconds(lambda: parse(expressions[0])):8.2f} us")
    print(f"canonical form               {microseconds(lambda: canonical(parse(expressions[0]))):8.2f} us with parsing")
    print(f"event to changes             {microseconds(lambda: _changes(events[0], catalogue)):8.2f} us")
    changes = [change for data in events for change in _changes(data, catalogue)]
    log = InMemoryChangeLog()
    position = iter(range(10**9))

    def record() -> None:
        log.append(changes[0], Timestamp(next(position), 0.0))

    print(f"record a change              {microseconds(record):8.2f} us")
    for expression, body in zip(expressions, bodies, strict=True):
        query = parse(expression)
        bound = bind_query(query, bind_shape(query, catalogue), _TERMS)
        start = Moment(log.head, _EPOCH, True, 0.0, log.name)
        result = Result(
            str(body).encode(), 200, "", bound.families, Validity(start, log.head), _TERMS, True, complete=True
        )
        hot = microseconds(lambda r=result, s=start, b=bound: judge(r, s, log, b))  # type: ignore[misc]
        each = microseconds(
            lambda r=result, b=bound: [affects(c, r, b) for c in changes],  # type: ignore[misc]
            200,
        ) / len(changes)
        print(f"{expression[:60]:<60} hot {hot:5.2f} us   a change examined {each:5.2f} us")
    _long(catalogue)


def _changes(data: object, catalogue: Catalogue) -> list[Change]:
    return changes_of_items(read_items(data, catalogue), catalogue)


def _long(catalogue: Catalogue) -> None:
    """One judgement of queries with long criteria, while 900 tasks are added that meet none of it."""
    log = InMemoryChangeLog()
    for number in range(900):
        for change in _changes(_added(number), catalogue):
            log.append(change, Timestamp(0.0, 0.0))
    for count in (10, 500, 20_000):
        ids = [_id(number) for number in range(count)]
        forms = {
            "in": f"select name from Task where parent_id in ({', '.join(ids)})",
            "or": f"select name from Task where {' or '.join(f'parent_id is {found}' for found in ids)}",
            "or of and": "select name from Task where "
            + " or ".join(f'(parent_id is {found} and name is "x")' for found in ids),
        }
        for form, expression in forms.items():
            begun = time.perf_counter()
            query = parse(expression)
            bound = bind_query(query, bind_shape(query, catalogue), _TERMS)
            ready = time.perf_counter()
            result = Result(
                b"[]",
                200,
                "",
                bound.families,
                Validity(Moment(0, _EPOCH, True, 0.0, log.name), 0),
                _TERMS,
                True,
                complete=True,
            )
            verdict = judge(result, Moment(log.head, _EPOCH, True, 0.0, log.name), log, bound)
            judged = time.perf_counter()
            print(
                f"{count:6} values by {form:<10} bound {(ready - begun) * 1e3:9.2f} ms"
                f"   judged {(judged - ready) * 1e3:9.2f} ms: {verdict.reason.value}"
            )


def _id(number: int) -> str:
    return f"{number:08x}-0000-4000-8000-000000000000"


def _added(number: int) -> dict[str, object]:
    path = [("Task", _id(10**6 + number)), ("Shot", _id(10**7)), ("Project", _id(10**8))]
    steps = [
        {"entityId": identity, "entity_type": kind, "entityType": "show" if kind == "Project" else "task",
         "parentId": path[at + 1][1] if at + 1 < len(path) else None}
        for at, (kind, identity) in enumerate(path)
    ]  # fmt: skip
    changes = {"name": {"old": None, "new": "x"}, "parent_id": {"old": None, "new": path[1][1]}}
    item = {**steps[0], "action": "add", "keys": list(changes), "changes": changes, "parents": steps}
    return {"entities": [item]}


if __name__ == "__main__":
    main()
