"""The stage of a scenario: a simulated ftrack, a proxy in front of it, and people who ask and change things."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.identity.partition import Partition, partition_of
from ftrack_proxy.identity.principal import Principal
from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import LocalProxy, settings_for, until
from tests.plain_http import PlainClient


@dataclass(frozen=True)
class Said:
    """An answer: what happened to it, and its content."""

    status: int
    cache_status: str
    age: str | None
    content: Any

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows of the first query; fails if the answer is an error."""
        assert isinstance(self.content, list), f"an error: {self.content}"
        rows: list[dict[str, Any]] = self.content[0]["data"]
        return rows

    @property
    def is_hit(self) -> bool:
        return "; hit" in self.cache_status


class Person:
    """Somebody with a connection of their own and credentials."""

    def __init__(self, studio: Studio, name: str, url: str, key: str | None = None) -> None:
        user, own_key = studio.server.credentials(name)
        self.name = user
        self._url = url
        self._studio = studio
        self._client = PlainClient(url)
        self.headers = {"ftrack-user": user, "ftrack-api-key": key or own_key}

    @property
    def cookies(self) -> dict[str, str]:
        """What was set so far, and is sent along."""
        return self._client.cookies

    def close(self) -> None:
        self._client.close()

    def call(self, operations: Any, **headers: str) -> Said:
        """Send a batch and return what came back."""
        sent = {"Content-Type": "application/json", **self.headers, **headers}
        answer = self._client.request("POST", "/api", orjson.dumps(operations), sent)
        return Said(answer.status, answer.headers.get("Cache-Status", ""), answer.headers.get("Age"), answer.json())

    def ask(self, *expressions: str, **headers: str) -> Said:
        """Send queries as one batch."""
        return self.call([{"action": "query", "expression": e} for e in expressions], **headers)

    def update(self, entity_type: str, entity_id: str, **data: Any) -> Said:
        return self.call(
            [
                {
                    "action": "update",
                    "entity_type": entity_type,
                    "entity_key": [entity_id],
                    "entity_data": {"__entity_type__": entity_type, **data},
                }
            ]
        )

    def start(self, *expressions: str, **headers: str) -> Future[Said]:
        """Ask without waiting for the answer."""
        return self._studio.threads.submit(self.ask, *expressions, **headers)


class Studio:
    """Server, proxy and people. ``direct`` people ask ftrack itself."""

    def __init__(self, server: FtrackServer, proxy: LocalProxy, threads: ThreadPoolExecutor) -> None:
        self.server = server
        self.proxy = proxy
        self.threads = threads
        self._people: list[Person] = []

    def person(self, name: str = "ana", *, direct: bool = False, key: str | None = None) -> Person:
        person = Person(self, name, self.server.url if direct else self.proxy.url, key)
        self._people.append(person)
        return person

    def close(self) -> None:
        for person in self._people:
            person.close()

    @property
    def task(self) -> str:
        task: str = self.server.production.tasks[0]
        return task

    @property
    def name_of_task(self) -> str:
        """An expression for the task's name."""
        return f'select name from Task where id is "{self.task}"'

    def foreign(self, **data: Any) -> None:
        """Somebody else changes the task, with an event; returns when the proxy has it."""
        before = self.changes
        self.server.update("Task", self.task, **data)
        self.wait_for_change(before)

    @property
    def changes(self) -> int:
        return self.proxy.inside(lambda: self.proxy.parts.journal.log.head)

    def wait_for_change(self, before: int) -> None:
        until(lambda: self.changes > before, "the event to reach the proxy")

    def cut_feed(self) -> None:
        self.server.hub.cut()
        until(lambda: not self.proxy.status()["feed"]["connected"], "the proxy to notice the cut")

    def restore_feed(self) -> None:
        self.server.hub.resume()
        self.proxy.wait_for_feed()

    def waiting(self, person: Person, key_count: int = 1) -> None:
        """Wait until some read waits for another's fetch."""
        counters = self.proxy.parts.counters
        until(lambda: counters.waiting >= key_count, "a read to join a fetch")

    def queries(self) -> int:
        """Query operations that reached ftrack so far."""
        return self.server.counters.queries

    def restart_proxy(self) -> None:
        """The proxy's end and a new one on the same folder."""
        settings, environment = self.proxy.settings, self.proxy.environment
        self.proxy.stop()
        self.proxy = LocalProxy(settings, environment).start()
        self.proxy.wait_for_feed()


def warm(person: Person, *expressions: str) -> Said:
    """Ask until the answer comes from the store."""
    said: list[Said] = []

    def is_hit() -> bool:
        said.append(person.ask(*expressions))
        return said[-1].is_hit

    until(is_hit, f"{expressions} to be kept")
    return said[-1]


@contextmanager
def open_studio(
    folder: Path,
    *,
    listens_as: str | None = "ana",
    partition_of: Callable[[Principal], Partition] = partition_of,
    open_log: Callable[[], ChangeLog] = InMemoryChangeLog,
    **plan: Any,
) -> Iterator[Studio]:
    """A studio whose proxy's change feed has the eyes of ``listens_as``."""
    with FtrackServer(ProductionPlan(**{"sequences": 1, "shots": 2, "tasks": 2, **plan})) as server:
        settings = settings_for(server.url, folder)
        environment = {}
        if listens_as is not None:
            user, key = server.credentials(listens_as)
            environment = {"FTRACK_API_USER": user, "FTRACK_API_KEY": key}
        proxy = LocalProxy(settings, environment, partition_of=partition_of, open_log=open_log).start()
        with ThreadPoolExecutor(16) as threads:
            studio = Studio(server, proxy, threads)
            try:
                if listens_as is not None:
                    proxy.wait_for_feed()
                yield studio
            finally:
                server.clear_faults()
                studio.close()
                studio.proxy.stop()
