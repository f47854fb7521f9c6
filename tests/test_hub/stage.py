"""What the hub's connections write into, with fakes of the outside, and what a connection brings."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from yarl import URL

from ftrack_proxy.cache_policy.learned_coverage import LearnedCoverage
from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.hub.feed_transitions import FeedTransition
from ftrack_proxy.hub.intake import HubIntake
from ftrack_proxy.hub.messages import MessageIntake
from ftrack_proxy.hub.subscription import ChangeFeed
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.ports import Clock
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.ledger.coverage_learning import CoverageLearner
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.settings import read_policy
from ftrack_proxy.upstream.client import UpstreamClient
from ftrack_proxy.values.epoch import Epoch
from tests.test_hub.scripted import ScriptedHub, event_frame
from tests.test_schema.documents import small_catalogue

ANA = Credentials("ana", "secret-key")


async def until(condition: Callable[[], object]) -> None:
    """Wait for what other tasks bring about."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - any condition
            await asyncio.sleep(0.002)


class AlwaysLive:
    def position(self, _: Credentials) -> tuple[Epoch, bool]:
        return Epoch("feed", 1), True

    def accepted(self, _: Credentials) -> None: ...
    async def settled(self, _: Credentials) -> None: ...


def journal_on(log: InMemoryChangeLog) -> Journal:
    """A journal of a time that stands still, whose feed is never interrupted."""
    return Journal(clock=lambda: 0.0, wall=lambda: 0.0, log=log, coverage=AlwaysLive())


class Taking:
    """An intake and the log that it writes."""

    def __init__(self) -> None:
        self.log = InMemoryChangeLog()
        self.counters = Counters()
        self.journal = journal = journal_on(self.log)
        policy = read_policy()
        self.schema = KnownSchema(on_change=lambda: None)
        self.schema.catalogue = small_catalogue()
        self.learned = LearnedCoverage(policy)
        learning = CoverageLearner(self.learned, journal, Binder(self.schema, policy), live=set, save=lambda _: None)
        self.intake = HubIntake(journal, self.counters, self.schema, learning)

    def take(self, frame: str | bytes) -> list[Change]:
        """Take a frame in; returns what was recorded of it at once."""
        before = self.log.head
        self.intake.take(frame.encode() if isinstance(frame, str) else frame)
        return self.seen(before)

    def seen(self, after: int, through: int | None = None) -> list[Change]:
        """What a read is judged by that began when the log's head was at ``through``: now, unless told otherwise."""
        found = self.log.between(after, self.log.head if through is None else through, None)
        return [change for _, change in sorted(found, key=lambda entry: entry[0])]

    @property
    def is_busy(self) -> bool:
        return bool(self.intake._tasks)


def shot(number: int, **members: Any) -> dict[str, Any]:
    return {
        "entityId": f"S{number}",
        "entityType": "task",
        "entity_type": "Shot",
        "action": "update",
        "keys": ["statusid"],
        "changes": {"statusid": {"old": "A", "new": "B"}},
        **members,
    }


def update(count: int, **members: Any) -> str:
    return event_frame("ftrack.update", {"entities": [shot(number) for number in range(count)]}, **members)


def is_wide(changes: list[Change]) -> bool:
    return [(change.families, change.entity_id) for change in changes] == [(None, None)]


class Told:
    """What a feed told of itself."""

    def __init__(self) -> None:
        self.transitions: list[FeedTransition] = []
        self.faults: list[Exception] = []
        self.refusals: list[tuple[Credentials, float]] = []

    def refusal(self, credentials: Credentials, sent: float) -> None:
        self.refusals.append((credentials, sent))


@asynccontextmanager
async def feed_of(
    hub: ScriptedHub, told: Told, intake: MessageIntake, clock: Clock = lambda: 7.0
) -> AsyncIterator[ChangeFeed]:
    """A feed that listens to ``hub``."""
    client = UpstreamClient(URL(hub.url), "test")
    feed = ChangeFeed(
        client,
        ANA,
        intake=intake,
        clock=clock,
        on_transition=told.transitions.append,
        on_refusal=told.refusal,
        on_fault=told.faults.append,
    )
    task = asyncio.create_task(feed.run())
    try:
        yield feed
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await client.close()
