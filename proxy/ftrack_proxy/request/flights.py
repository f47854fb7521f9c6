"""Coalescing: identical misses share one fetch, if it is young enough and new enough for who joins."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from ftrack_proxy.answers.take_apart import Taken
from ftrack_proxy.freshness.result import Result, Start
from ftrack_proxy.ports import Answer

# A fetch that has hung for this long is not joined any more: who comes now tries for himself, as he would
# without us.
JOINABLE_AGE = 10.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought.

    ``entry`` is the operation's own part of a successful answer. ``result`` is that with what is needed to
    judge it, ``None`` if the answer is an error or of a shape that is not kept. ``stored`` tells whether it was.
    ``taken`` are the entities in it, if they could be told apart.
    """

    began: Start
    answer: Answer
    plain: bytes
    entry: bytes | None
    result: Result | None
    stored: bool
    taken: Taken | None = None


@dataclass(frozen=True, slots=True)
class Flight:
    """One fetch in progress. It runs in a task of its own: it ends when it ends, whoever has left."""

    began: Start
    task: asyncio.Task[Fetched]


class Flights:
    """The fetches in progress, by key."""

    def __init__(self) -> None:
        self._flights: dict[bytes, Flight] = {}
        self._tasks: set[asyncio.Task[Fetched]] = set()

    def joinable(self, key: bytes, start: Start) -> Flight | None:
        """Return the flight for ``key`` that a read starting at ``start`` may wait for."""
        flight = self._flights.get(key)
        if flight is None or start.at - flight.began.at > JOINABLE_AGE:
            return None
        return flight

    def launch(self, key: bytes, began: Start, fetch: Coroutine[Any, Any, Fetched]) -> Flight:
        """Start a fetch. Later reads join this one, not an older one for the same key."""
        task = asyncio.get_running_loop().create_task(fetch, name="flight")
        flight = Flight(began, task)
        self._flights[key] = flight
        self._tasks.add(task)
        task.add_done_callback(lambda done: self._landed(key, flight, done))
        return flight

    def _landed(self, key: bytes, flight: Flight, task: asyncio.Task[Fetched]) -> None:
        self._tasks.discard(task)
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not task.cancelled():
            task.exception()  # seen: whoever waits gets it, and nobody may be waiting
