"""Limits apply to rows that nobody asked for, and to each client by itself."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from ftrack_proxy.entities.prefetch_budget import PrefetchBudgets
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.errand import Errand, Errands
from ftrack_proxy.request.identify import Identifier

NOW = 0.0


class Hanging:
    """A fetcher that gets no answers."""

    def __init__(self) -> None:
        self.asked = 0

    async def ask(self, *_: Any, **__: Any) -> Any:
        self.asked += 1
        await asyncio.Event().wait()


def call_of(user: str) -> ApiCall:
    headers = [("ftrack-user", user), ("ftrack-api-key", "k")]
    return Identifier(b"salt").identify("/api", headers, b"[]", b"[]")


def errands_of(fetcher: Hanging) -> Errands:
    anything: Any = None
    return Errands(cast(Any, fetcher), anything, anything, anything, PrefetchBudgets(1_000.0), Counters())


async def let_run() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def carried_out(errands: Errands, call: ApiCall, count: int, errand: Errand) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(errands.carry_out(call, errand, NOW)) for _ in range(count)]
    await let_run()
    return tasks


async def test_what_clients_asked_for_waits_for_no_limit() -> None:
    fetcher = Hanging()
    tasks = await carried_out(errands_of(fetcher), call_of("ana"), 500, Errand([("one", cast(Any, None))], {}))
    assert fetcher.asked == 500
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def test_prefetching_that_hangs_is_not_added_to_and_bothers_nobody_else() -> None:
    errands, ana, bo = errands_of(Hanging()), call_of("ana"), call_of("bo")
    assert errands._may_prefetch(ana, 10, NOW) == 10
    tasks = await carried_out(errands, ana, 4, Errand([("many", cast(Any, None))], {}, spare=10))
    assert errands._may_prefetch(ana, 10, NOW) == 0
    assert errands._may_prefetch(bo, 10, NOW) == 10
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)
    await let_run()
    assert errands._may_prefetch(ana, 10, NOW) == 10
    assert not errands._prefetching


async def test_an_errand_of_very_many_questions_asks_some_at_a_time() -> None:
    fetcher = Hanging()
    errand = Errand([(str(number), cast(Any, None)) for number in range(40)], {})
    (task,) = await carried_out(errands_of(fetcher), call_of("ana"), 1, errand)
    assert fetcher.asked == 8
    task.cancel()
    await asyncio.wait([task])
