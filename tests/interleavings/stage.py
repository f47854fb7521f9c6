"""The way of a request with its ports in the hands of a test: nothing happens between two steps but what the test says.

No socket, no thread, no clock: ftrack is the simulated engine, and each request to it waits at the port until the test
lets it arrive (ftrack carries it out then) and lets its answer come back. Events wait until they are heard.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson
from multidict import CIMultiDict

from ftrack_proxy.assembly import join_request_path
from ftrack_proxy.cache_policy.learned_coverage import LearnedCoverage
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.entities.entity_store import EntityStores
from ftrack_proxy.hub.intake import HubIntake
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.trust import Trust
from ftrack_proxy.judging.result import Result
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.ports import AnswerLost, Dispatch
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.call import Reply
from ftrack_proxy.request.identify import Identifier
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.ledger.coverage_learning import CoverageLearner
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.ledger.schema_source import SchemaSource
from ftrack_proxy.settings import Settings
from ftrack_proxy.values.epoch import Epoch
from tests.ftrack_server import Engine
from tests.ftrack_server.hub import new_event

ANA, RAY = "ana", "ray"
# Turns of the event loop after which nothing is left to be done; more than anything here takes.
_TURNS = 30


@dataclass
class Reached:
    """An answer of ftrack's."""

    body: bytes
    status: int = 200
    headers: CIMultiDict[str] = field(default_factory=lambda: CIMultiDict({"Content-Type": "application/json"}))
    rest: None = None


@dataclass
class Exchange:
    """A request at the port to ftrack: it waits for `Ftrack.arrive`, then for `Ftrack.answer` or `Ftrack.lose`."""

    body: bytes
    writes: bool
    outcome: asyncio.Future[Reached]
    answer: Reached | None = None


class Ftrack:
    """The port to ftrack, and the events that it has published and nobody has heard."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.exchanges: list[Exchange] = []
        self.unheard: deque[tuple[int, bytes]] = deque()

    async def ask(
        self, raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, *, accept_encoding: str | None
    ) -> Reached:
        return await self._exchange(body, writes=False)

    async def write(
        self, raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, dispatch: Dispatch
    ) -> Reached:
        dispatch.begun = True
        return await self._exchange(body, writes=True)

    async def _exchange(self, body: bytes, *, writes: bool) -> Reached:
        exchange = Exchange(body, writes, asyncio.get_running_loop().create_future())
        self.exchanges.append(exchange)
        return await exchange.outcome

    def carry_out(self, user: str, operations: Any) -> tuple[bytes, int | None]:
        """Do a batch; what it changed is told by events. Returns the answer's body and the commit's number."""
        outcome = self.engine.run_batch(self.engine.authenticate(*self.engine.credentials(user)), operations)
        for published in outcome.events:
            event = new_event("ftrack.update", published.data, {"id": "server", "user": {"username": user}})
            frame = b"5:::" + orjson.dumps({"name": "ftrack.event", "args": [event]})
            self.unheard.append((self.engine.commits, frame))
        return orjson.dumps(outcome.responses), outcome.commit

    def arrive(self, exchange: Exchange) -> None:
        if exchange.answer is None:
            exchange.answer = Reached(self.carry_out(ANA, orjson.loads(exchange.body))[0])

    def answer(self, exchange: Exchange) -> None:
        self.arrive(exchange)
        if not exchange.outcome.done():
            assert exchange.answer is not None
            exchange.outcome.set_result(exchange.answer)

    def lose(self, exchange: Exchange) -> None:
        """The connection breaks before the answer has come."""
        if not exchange.outcome.done():
            exchange.outcome.set_exception(AnswerLost("the connection broke"))


@dataclass
class Feed:
    """The change feed as the proxy sees it."""

    epoch: Epoch = field(default_factory=lambda: Epoch("test", 1))
    live: bool = True

    def position(self, _: Credentials) -> tuple[Epoch, bool]:
        return self.epoch, self.live

    def turn(self, *, live: bool) -> None:
        self.epoch, self.live = self.epoch.following(), live

    def accepted(self, _: Credentials) -> None: ...
    async def settled(self, _: Credentials) -> None: ...


class Stored(dict[bytes, Result]):
    """Results in memory."""

    def in_memory(self, key: bytes) -> Result | None:
        return self.get(key)

    async def peek(self, key: bytes) -> Result | None:
        return self.get(key)

    def use(self, key: bytes, result: Result) -> None: ...

    def put(self, key: bytes, result: Result) -> bool:
        self[key] = result
        return True


class Stage:
    """A proxy between one client and ftrack."""

    def __init__(self, engine: Engine, binder: Binder, settings: Settings) -> None:
        self.ftrack, self.feed = Ftrack(engine), Feed()
        self._identifier = Identifier(b"salt")
        user, key = engine.credentials(ANA)
        self._headers = [("ftrack-user", user), ("ftrack-api-key", key), ("Content-Type", "application/json")]
        journal = Journal(
            clock=lambda: 0.0,
            wall=lambda: 0.0,
            log=InMemoryChangeLog(),
            coverage=self.feed,
        )
        acceptance = Acceptance(Trust(lifetime=1.0), self.feed, journal.clock)
        self.counters = counters = Counters()
        learned = LearnedCoverage(binder.policy)
        learning = CoverageLearner(learned, journal, binder, live=set, save=lambda _: None)
        schemas = SchemaSource(binder.schema, counters, "", save=lambda _: None)
        entity_stores = EntityStores(2**22)
        path = join_request_path(
            settings,
            journal,
            acceptance,
            self.feed,
            Stored(),
            counters,
            self.ftrack,
            binder,
            schemas,
            learning,
            entity_stores,
        )
        self._api = path.api
        self.intake = HubIntake(journal, counters, binder.schema, learning)

    def call(self, operations: Any) -> asyncio.Task[Reply]:
        body = orjson.dumps(operations)
        call = self._identifier.identify("/api", self._headers, body, body)
        return asyncio.get_running_loop().create_task(self._api.answer(call))

    @property
    def faults(self) -> dict[str, int]:
        """Faults of the proxy's own that it did not let out."""
        return dict(self.counters.faults)

    async def settle(self) -> None:
        """Let everything happen that waits for nobody."""
        for _ in range(_TURNS):
            await asyncio.sleep(0)

    async def drain(self) -> None:
        """Let all requests arrive and be answered, also those that come of it."""
        await self.settle()
        while waiting := [exchange for exchange in self.ftrack.exchanges if not exchange.outcome.done()]:
            self.ftrack.answer(waiting[0])
            await self.settle()
