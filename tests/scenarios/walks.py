"""What tools do entity by entity with the real client, each a function from a session to what it saw.

Also the means to run them: sessions, and the bill of what they cost ftrack.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import orjson

from tests.ftrack_server import FtrackServer, Record
from tests.ftrack_server.production import Production
from tests.harness import until
from tests.plain_http import Answer, PlainTransport
from tests.scenarios.studio import Studio

with warnings.catch_warnings():
    # The client is of another age; pytest's own filters do not reach a benchmark.
    warnings.simplefilter("ignore")
    import ftrack_api

Look = Callable[[Any, Production], Any]
TREE_TYPES = ("Folder", "AssetBuild", "Sequence", "Scene", "Shot")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


@contextmanager
def session_on(url: str, credentials: tuple[str, str]) -> Iterator[Any]:
    """A new process's session: nothing in its cache. Walks ask thousands of times: the transport is a plain one."""
    user, key = credentials
    session = ftrack_api.Session(
        server_url=url, api_user=user, api_key=key, auto_connect_event_hub=False, schema_cache_path=False
    )
    session._request = PlainTransport(url, session._request)
    try:
        yield session
    finally:
        session.close()


@dataclass(repr=False)
class Bill:
    """The queries that reached ftrack while something was done; complete when that is over."""

    expressions: list[str]
    records: list[Record]

    @property
    def queries(self) -> int:
        return len(self.expressions)

    @property
    def ids(self) -> list[set[str]]:
        """The ids that each query names."""
        return [set(_ID.findall(expression)) for expression in self.expressions]

    @property
    def users(self) -> set[str]:
        """Who asked."""
        asked = (record for record in self.records if b'"query"' in record.body)
        return {value for record in asked for name, value in record.headers.items() if name.lower() == "ftrack-user"}

    def __repr__(self) -> str:
        """The beginning of the bill, for a failed assertion."""
        shown = "\n".join(f"  {expression[:180]}" for expression in self.expressions[:40])
        return f"{self.queries} queries reached ftrack:\n{shown}"


@contextmanager
def billed(server: FtrackServer) -> Iterator[Bill]:
    """Count what reaches ftrack meanwhile, also what the proxy asks on its own account and has not heard of yet."""
    bill = Bill([], [])
    _wait_for_answers(server)
    server.reset_counters()
    yield bill
    _wait_for_answers(server)
    bill.expressions = server.counters.expressions
    bill.records = server.requests_log


@dataclass
class _Within:
    """Takes the place of a session's transport: batches go to the engine as they are."""

    server: FtrackServer
    user: str

    def post(self, url: str, headers: Any, data: str, timeout: float) -> Answer:
        assert url == f"{self.server.url}/api"
        return Answer(200, {}, orjson.dumps(self.server.call(orjson.loads(data), self.user, denormalize=False)))

    def close(self) -> None: ...


def _wait_for_answers(server: FtrackServer) -> None:
    """Every request that has come is answered; one from before a reset may be in the log without being counted."""

    def all_answered() -> bool:
        answered = sum(record.raw_path.partition("?")[0] == "/api" for record in server.requests_log)
        return answered >= server.counters.api_requests

    until(all_answered, "the answers to all requests")


def directly(studio: Studio, look: Look, user: str = "ana") -> Any:
    """What somebody sees who asks ftrack itself, which is in this process: without sockets."""
    with session_on(studio.server.url, studio.server.credentials(user)) as session:
        session._request = _Within(studio.server, user)
        return look(session, studio.server.production)


def proxied(studio: Studio, look: Look, user: str = "ana") -> tuple[Any, Bill]:
    """What somebody sees through the proxy, in a new process, and what that cost ftrack."""
    with session_on(studio.proxy.url, studio.server.credentials(user)) as session, billed(studio.server) as bill:
        seen = look(session, studio.server.production)
    return seen, bill


def tasks_of(session: Any, made: Production) -> list[Any]:
    """The list query by which most walks begin."""
    return list(session.query(f'Task where project.id is "{made.projects[0]}"'))


def loop(session: Any, made: Production) -> Any:
    """What is written first and never rewritten: a list, and everything else by following references."""
    seen = []
    for task in session.query(f'Task where project.id is "{made.projects[0]}"'):
        assigned = sorted(str(appointment["id"]) for appointment in task["assignments"])
        seen.append((task["name"], task["status"]["name"], task["type"]["name"], task["parent"]["name"], assigned))
    return seen


def loop_by_hand(session: Any, made: Production) -> Any:
    """The same, by somebody who knows about projections."""
    chosen = "select name, status.name, type.name, parent.name, assignments"
    seen = []
    for task in session.query(f'{chosen} from Task where project.id is "{made.projects[0]}"'):
        assigned = sorted(str(appointment["id"]) for appointment in task["assignments"])
        seen.append((task["name"], task["status"]["name"], task["type"]["name"], task["parent"]["name"], assigned))
    return seen


def tree(session: Any, made: Production) -> Any:
    """The browser's tree, every node expanded in turn, with each task's status (workloads, 1.1)."""
    seen: list[Any] = []
    below = {name: _children(session, name, made.projects[0]) for name in TREE_TYPES}
    seen.extend((name, _texts(entities)) for name, entities in below.items())
    for sequence in below["Sequence"]:
        tasks, shots = _children(session, "Task", sequence["id"]), _children(session, "Shot", sequence["id"])
        seen.append((sequence["name"], _texts(shots), _statuses(tasks)))
        seen.extend((shot["name"], _statuses(_children(session, "Task", shot["id"]))) for shot in shots)
    return seen


def _children(session: Any, type_name: str, parent: str) -> list[Any]:
    return list(session.query(f'select id, name, description from {type_name} where parent.id is "{parent}"'))


def _texts(entities: list[Any]) -> list[tuple[str, str, str]]:
    return sorted((str(e["name"]), str(e["description"]), str(e["id"])) for e in entities)


def _statuses(tasks: list[Any]) -> list[tuple[str, str]]:
    seen = []
    for task in tasks:
        status = task["status"]
        seen.append((str(task["id"]), status["name"]))
    return sorted(seen)


def climb_each(session: Any, made: Production, tasks: list[Any]) -> Any:
    """From each task up to the project, one task after the other."""
    return [
        (
            task["parent"]["name"],
            task["parent"]["parent"]["name"],
            task["parent"]["parent"]["parent"]["name"],
        )
        for task in tasks
    ]


def climb_by_level(session: Any, made: Production, tasks: list[Any]) -> Any:
    """All tasks' parents, then all parents' parents, and so on."""
    seen, level = [], tasks
    while any(entity.entity_type != "Project" for entity in level):
        level = [entity["parent"] for entity in level]
        seen.append([entity["name"] for entity in level])
    return seen


def project_of_each(session: Any, made: Production, tasks: list[Any]) -> Any:
    """The project of each task by its own reference."""
    return [task["project"]["full_name"] for task in tasks]


def statuses(session: Any, made: Production) -> Any:
    """The list, and each task's status."""
    return {str(task["id"]): task["status"]["name"] for task in tasks_of(session, made)}
