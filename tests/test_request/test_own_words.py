"""Limits are for what nobody asked for, and each client's own."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, cast

from ftrack_proxy.decision.plan import OwnWords, PlanKind, PlannedQuery
from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.entities.prefetch_budget import PrefetchBudgets
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.fetched_response import FetchedResponse
from ftrack_proxy.request.flights import Flight, Flights
from ftrack_proxy.request.identify import Identifier
from tests.test_judging.cases import moment

NOW = moment(0)
ANA, BO = Principal(b"ana"), Principal(b"bo")


class Hanging:
    """An upstream that gives no answers, and whatever else a fetcher needs before it has one."""

    def __init__(self) -> None:
        self.asked = 0

    def start(self, _: Any) -> Moment:
        return NOW

    async def ask(self, *_: Any, **__: Any) -> Any:
        self.asked += 1
        await asyncio.Event().wait()


def fetcher_of(upstream: Hanging) -> Fetcher:
    anything: Any = None
    return Fetcher(
        cast(Any, upstream), anything, Counters(), cast(Any, upstream), anything, DefaultAttributes({}), body_limit=1
    )


def plan_of(queries: int) -> OwnWords:
    query = PlannedQuery("Task", cast(Any, None))
    return OwnWords(PlanKind.REMAINDER, (query,) * queries, {})


async def let_run() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def ended(tasks: list[asyncio.Task[Any]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def asking(upstream: Hanging, queries: int) -> Coroutine[Any, Any, FetchedResponse]:
    headers = [("ftrack-user", "ana"), ("ftrack-api-key", "k")]
    call = Identifier(b"salt").identify("/api", headers, b"[]", b"[]")
    return fetcher_of(upstream).in_own_words(call, plan_of(queries), NOW)


async def test_what_clients_asked_for_waits_for_no_limit() -> None:
    upstream = Hanging()
    tasks = [asyncio.create_task(asking(upstream, 1)) for _ in range(500)]
    await let_run()
    assert upstream.asked == 500
    await ended(tasks)


async def test_a_plan_of_very_many_queries_asks_some_at_a_time() -> None:
    upstream = Hanging()
    task = asyncio.create_task(asking(upstream, 40))
    await let_run()
    assert upstream.asked == 8
    await ended([task])


async def test_prefetching_that_hangs_is_counted_for_its_client_until_it_ends() -> None:
    flights = Flights()

    def launched() -> Flight:
        return flights.launch(NOW, ANA, asking(Hanging(), 1), {}, prefetches_for=ANA)

    waiting = [asyncio.create_task(launched().work.outcome()) for _ in range(4)]
    await let_run()
    assert (flights.prefetching(ANA), flights.prefetching(BO)) == (4, 0)
    await ended(cast(Any, waiting))
    await let_run()
    assert flights.prefetching(ANA) == 0


def joinable(flights: Flights, subject: object, now: float, tree: Any = None) -> object:
    found = flights.joinable(cast(Any, subject), now, ANA, tree or {})
    return None if found is None else found.handle


async def test_what_has_landed_is_not_in_flight() -> None:
    flights = Flights()
    flight = flights.launch(NOW, ANA, asking(Hanging(), 1), {b"key": {}, "row": {"name": {}}})
    assert joinable(flights, b"key", 0.0) is joinable(flights, "row", 9.9, {"name": {}}) is flight
    assert joinable(flights, "row", 0.0, {"bid": {}}) is None
    assert joinable(flights, b"key", 10.0) is None
    later = flights.launch(NOW, ANA, asking(Hanging(), 1), {b"key": {}})
    assert joinable(flights, b"key", 0.0) is later
    await ended(cast(Any, [flight.work.task]))
    assert (joinable(flights, "row", 0.0), joinable(flights, b"key", 0.0)) == (None, later)
    await ended(cast(Any, [later.work.task]))
    assert joinable(flights, b"key", 0.0) is None


def test_looking_at_a_budget_takes_nothing() -> None:
    budgets = PrefetchBudgets(10.0)
    assert budgets.left(ANA, 0.0) == budgets.left(ANA, 0.0) == 100
    assert budgets.take(ANA, 60, 0.0) == 60
    assert (budgets.left(ANA, 0.0), budgets.left(BO, 0.0)) == (40, 50)
