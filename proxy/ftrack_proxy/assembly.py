"""Builds a proxy out of its parts, starts it, and takes it down again."""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from ftrack_proxy.cache_policy.learned_coverage import LearnedCoverage
from ftrack_proxy.changes.change import ChangeSource, anything
from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.entities.entity_store import EntityStores
from ftrack_proxy.entities.prefetch_budget import PrefetchBudgets
from ftrack_proxy.hub.feed_coverage import FeedCoverage
from ftrack_proxy.hub.feed_transitions import FeedTransitionLog
from ftrack_proxy.hub.intake import HubIntake
from ftrack_proxy.hub.relay import HubRelay
from ftrack_proxy.hub.sleep_detector import SleepDetector
from ftrack_proxy.hub.subscription import ChangeFeed
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.partition import Partition, partition_of
from ftrack_proxy.identity.principal import Principal, account_of
from ftrack_proxy.identity.trust import Trust
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.descriptors import connection_limit, descriptor_limit
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.observe.logs import on_loop_fault
from ftrack_proxy.observe.status import status_document
from ftrack_proxy.ports import Clock, Coverage, Results, Upstream
from ftrack_proxy.request.api import Api
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.explainer import Explainer
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.flights import Flights
from ftrack_proxy.request.forward import Forwarder
from ftrack_proxy.request.gather import Gatherer
from ftrack_proxy.request.identify import Identifier
from ftrack_proxy.request.learn import Learner
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.ledger.coverage_learning import CoverageLearner
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.request.ledger.query_index import QueryIndex
from ftrack_proxy.request.ledger.schema_source import SchemaSource
from ftrack_proxy.request.perform import Driver
from ftrack_proxy.request.prepare import Preparation
from ftrack_proxy.request.read import Reader
from ftrack_proxy.request.running.body_memory import BodyMemory
from ftrack_proxy.request.split import Splitter
from ftrack_proxy.settings import Settings
from ftrack_proxy.store.disk import DiskTier
from ftrack_proxy.store.folder import CacheFolder
from ftrack_proxy.store.results import ResultStore
from ftrack_proxy.store.state_file import StateFolder
from ftrack_proxy.upstream import header_bytes
from ftrack_proxy.upstream.answer import AnswerIntake
from ftrack_proxy.upstream.client import UpstreamClient
from ftrack_proxy.upstream.pool import UpstreamTimeouts
from ftrack_proxy.upstream.reachability_log import reachability_log
from ftrack_proxy.web.body_reader import BodyReader
from ftrack_proxy.web.cross_site import CrossSiteCheck
from ftrack_proxy.web.explain_endpoint import ExplainPage
from ftrack_proxy.web.host_check import HostCheck
from ftrack_proxy.web.listener import Listener
from ftrack_proxy.web.management import Management
from ftrack_proxy.web.passthrough import PassThrough
from ftrack_proxy.web.request_log import RequestLog, is_wanted
from ftrack_proxy.web.router import RequestRouter
from ftrack_proxy.web.stopping import Deadline, StopStep, end_in_order

_IDLE_TIMEOUT = 3630.0
_MAX_HEADER = 65_536
# What was learned of events, in the state folder.
_LEARNED = "coverage.json"
# ftrack's schema, in the state folder.
_SCHEMA = "schema.json"
# Bodies of the greatest length that may be in memory at once.
_LONG_BODIES = 8


class CannotListen(Exception):
    """The address to listen on cannot be had, as the ``OSError`` in ``args`` says."""


@dataclass(frozen=True, slots=True)
class Parts:
    """A running proxy, open to inspection by tests."""

    journal: Journal
    acceptance: Acceptance
    counters: Counters
    schema: KnownSchema
    binder: Binder
    coverage: FeedCoverage
    learning: CoverageLearner
    client: UpstreamClient
    api: Api
    store: ResultStore
    room: BodyMemory
    listener: Listener
    port: int


def boot_clock() -> float:
    """Seconds that go on while the machine sleeps, as far as the system has such a clock (see ``hub.sleep_detector``).

    On Windows it is ``time.monotonic``. On macOS that stops in sleep, and the system's ``CLOCK_MONOTONIC`` does not.
    """
    if hasattr(time, "CLOCK_BOOTTIME"):
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.clock_gettime(time.CLOCK_MONOTONIC) if sys.platform == "darwin" else time.monotonic()


@dataclass(frozen=True, slots=True)
class RequestPath:
    """The way of a request, joined over whatever is behind its ports."""

    api: Api
    forwarder: Forwarder
    gatherer: Gatherer
    index: QueryIndex


def join_request_path(
    settings: Settings,
    journal: Journal,
    acceptance: Acceptance,
    coverage: Coverage,
    results: Results,
    counters: Counters,
    upstream: Upstream,
    binder: Binder,
    schemas: SchemaSource,
    learning: CoverageLearner,
    entity_stores: EntityStores,
) -> RequestPath:
    """Join the parts that read, decide, fetch and forward. Nothing of it opens anything."""
    origin, body_limit = str(settings.upstream), settings.body_limit
    flights, defaults = Flights(), DefaultAttributes(settings.policy.default_attributes)
    budgets, index = PrefetchBudgets(settings.prefetch_rate / 60), QueryIndex()
    learner = Learner(
        journal.log,
        results,
        entity_stores,
        binder,
        schemas,
        counters,
        settle_window=settings.settle_window,
    )
    fetcher = Fetcher(journal, acceptance, counters, upstream, learner, defaults, body_limit=body_limit)
    gatherer = Gatherer(
        journal.clock,
        journal.log,
        results,
        entity_stores,
        flights,
        defaults,
        budgets,
        binder.bind_expression,
        on_fault=lambda error: note_fault(counters, "recalling", error),
    )
    driver = Driver(journal, results, counters, gatherer, fetcher, flights, entity_stores, defaults, budgets)
    preparation = Preparation(journal, acceptance, coverage, upstream, binder, schemas, body_limit=body_limit)
    reader = Reader(journal, acceptance, counters, preparation, binder, gatherer, driver, index, origin)
    forwarder = Forwarder(
        journal,
        acceptance,
        counters,
        upstream,
        learning,
        binder.schema,
        entity_stores,
        origin=origin,
        body_limit=body_limit,
    )
    return RequestPath(Api(Splitter(), reader, forwarder), forwarder, gatherer, index)


@asynccontextmanager
async def running_proxy(
    settings: Settings,
    folder: CacheFolder,
    disk: DiskTier,
    *,
    environment: Mapping[str, str] = os.environ,
    clock: Clock = boot_clock,
    wall: Clock = time.time,
    open_log: Callable[[], ChangeLog] = InMemoryChangeLog,
    partition_of: Callable[[Principal], Partition] = partition_of,
) -> AsyncIterator[Parts]:
    """Run a proxy for as long as the context is open; leaving it drains.

    ``folder`` and ``disk`` are opened before and closed after by the caller: they block.

    Raises:
        CannotListen: the listener cannot be opened.
        BadEnvironment: see ``UpstreamClient``.
    """
    header_bytes.install()
    instance = secrets.token_hex(8)
    timeouts = UpstreamTimeouts(settings.connect_wait, settings.pool_wait, settings.answer_wait, settings.idle_wait)
    room = BodyMemory(_LONG_BODIES * settings.body_limit)
    client = UpstreamClient(
        settings.upstream,
        instance,
        timeouts,
        reachability_log(settings.upstream).update,
        AnswerIntake(settings.body_limit, room),
    )
    log, counters = open_log(), Counters()

    def note_feed_fault(error: Exception) -> None:
        note_fault(counters, "listening to the event hub", error)

    on_transition = FeedTransitionLog()

    def build_feed(credentials: Credentials) -> ChangeFeed:
        return ChangeFeed(
            client,
            credentials,
            intake=intake,
            clock=clock,
            on_transition=on_transition,
            on_refusal=lambda refused, _: acceptance.trust.refuse_account(account_of(refused, folder.salt), clock()),
            on_fault=note_feed_fault,
        )

    coverage = FeedCoverage(
        settings.feed_credentials(environment),
        may_borrow=settings.listen.is_loopback,
        build=build_feed,
        sleep_detector=SleepDetector(boot_clock, wall),
        on_end=note_feed_fault,
    )
    store = ResultStore(settings.memory_size, disk)
    journal = Journal(clock=clock, wall=wall, log=log, coverage=coverage)
    acceptance = Acceptance(Trust(lifetime=settings.trust_lifetime), coverage, clock)
    entity_stores = EntityStores(settings.entities_size)

    def forget_schema() -> None:
        journal.record([anything(ChangeSource.SCHEMA)])
        entity_stores.forget()

    schema = KnownSchema(on_change=forget_schema)
    binder = Binder(schema, settings.policy)
    learned = LearnedCoverage(settings.policy)
    state = await asyncio.to_thread(StateFolder, settings.state_dir)
    learned.restore(await asyncio.to_thread(state.read, _LEARNED))
    schemas = SchemaSource(
        schema, counters, str(settings.upstream), save=lambda document: state.write(_SCHEMA, document)
    )
    schemas.restore(await asyncio.to_thread(state.read, _SCHEMA))
    learning = CoverageLearner(
        learned,
        journal,
        binder,
        live=coverage.live_epochs,
        save=lambda document: state.write(_LEARNED, document),
    )
    intake = HubIntake(journal, counters, schema, learning)
    path = join_request_path(
        settings, journal, acceptance, coverage, store, counters, client, binder, schemas, learning, entity_stores
    )
    explainer = Explainer(
        journal, acceptance, path.gatherer, binder, path.index, live=lambda: bool(coverage.live_epochs())
    )
    relay = HubRelay(client, intake, journal.recorded)

    async def status() -> dict[str, Any]:
        results, disk_bytes = await store.measure()
        return status_document(
            upstream=str(settings.upstream),
            upstream_requests=client.requests,
            upstream_problem=client.problem,
            feeds=[(feed.position()[1], feed.position()[0].number, feed.problem) for feed in coverage.feeds],
            coverage=learning.described(),
            changes=log.head,
            results=results,
            disk_bytes=disk_bytes,
            entities=sum(map(len, entity_stores)),
            entities_bytes=entity_stores.weight,
            store_trouble=store.trouble,
            state_trouble=state.trouble,
            counters=counters,
            connections=listener.describe(),
            connection_trouble=listener.trouble,
        )

    pass_through = PassThrough(client, journal, acceptance.permissions, counters)
    management = Management(status, {"explain": ExplainPage(explainer.explain).handle})
    router = RequestRouter(
        api=path.api,
        relay=relay,
        pass_through=pass_through,
        body_reader=BodyReader(settings.body_limit, room),
        management=management,
        host_check=HostCheck(settings.listen.host, settings.allowed_hosts),
        cross_site_check=CrossSiteCheck(settings.allowed_origins),
        acceptance=acceptance,
        clock=clock,
        client=client,
        identifier=Identifier(folder.salt, partition_of),
        instance=instance,
    )
    descriptors = descriptor_limit()
    listener = Listener(
        RequestLog(router.handle, schema, folder.salt) if is_wanted() else router.handle,
        limit=connection_limit(descriptors),
        descriptors=descriptors,
        auto_decompress=False,
        # Who has left is not waited for: handlers are told, and decide what has to be finished all the same.
        handler_cancellation=True,
        keepalive_timeout=_IDLE_TIMEOUT,
        max_line_size=_MAX_HEADER,
        max_field_size=_MAX_HEADER,
    )
    checking: asyncio.Task[None] | None = None
    loop = asyncio.get_running_loop()
    earlier_handler = loop.get_exception_handler()
    loop.set_exception_handler(on_loop_fault)
    try:
        try:
            port = await listener.start(settings.listen.host, settings.listen.port)
        except OSError as error:
            raise CannotListen(error) from None
        coverage.start()
        checking = loop.create_task(learning.run(), name="learn coverage")
        management.ready = True
        yield Parts(
            journal,
            acceptance,
            counters,
            schema,
            binder,
            coverage,
            learning,
            client,
            path.api,
            store,
            room,
            listener,
            port,
        )
    finally:
        management.ready = False
        deadline = Deadline(settings.stop_timeout)

        async def end_learning() -> None:
            if checking is not None:
                checking.cancel()
                await asyncio.wait([checking])
                await learning.save()

        async def finish_writes() -> None:
            left = deadline.left(0.85)
            await asyncio.gather(path.forwarder.finish(left), pass_through.finish(left))

        await end_in_order(
            [
                StopStep("the clients' event hub connections", relay.close, 0.1),
                StopStep("requests", lambda: listener.stop(deadline), 0.8),
                StopStep("writes", finish_writes, 0.85),
                StopStep("change feeds", coverage.close, 0.9),
                StopStep("events", intake.close, 0.92),
                StopStep("the schema", schemas.close, 0.93),
                StopStep("what was learned of events", end_learning, 0.95),
                StopStep("connections to ftrack", client.close),
            ],
            deadline,
        )
        loop.set_exception_handler(earlier_handler)
