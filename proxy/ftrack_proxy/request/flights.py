"""Coalescing: identical misses share one fetch, if it is young enough and new enough for who joins."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any

from ftrack_proxy.entities.normalise import NormalisedAnswer
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import Answer
from ftrack_proxy.protocol.responses import Failure
from ftrack_proxy.request.shared_task import SharedTask

# Nobody waits longer than this, from its beginning, for what another asked: then he tries for himself, as he would
# without us.
JOINABLE_AGE = 10.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """What a fetch brought.

    ``plain`` is the body without content encoding, ``None`` if that cannot be had. ``entry`` is the operation's own
    part of a successful answer. ``result`` is that with what is needed to judge it, ``None`` if the answer is an
    error (``failure`` says of which kind) or not exactly what is expected. ``stored`` tells whether it was kept.
    ``taken`` are the entities in it, if they could be told apart.
    """

    began: Moment
    answer: Answer
    plain: bytes | None
    entry: bytes | None
    result: Result | None
    stored: bool
    taken: NormalisedAnswer | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class Flight:
    """One fetch in progress, for as long as anybody waits for it; ``principal`` is whom ftrack will answer."""

    principal: Principal
    began: Moment
    fetch: SharedTask[Fetched]

    def patience(self, now: float) -> float:
        """For how many seconds yet others may wait for it."""
        return self.began.at + JOINABLE_AGE - now


class Flights:
    """The fetches in progress, by key."""

    def __init__(self) -> None:
        self._flights: dict[bytes, Flight] = {}

    def joinable(self, key: bytes, now: float) -> Flight | None:
        """Return the flight for ``key`` that others may wait for."""
        flight = self._flights.get(key)
        return flight if flight is not None and flight.fetch.is_open and flight.patience(now) > 0 else None

    def launch(self, key: bytes, principal: Principal, began: Moment, fetch: Coroutine[Any, Any, Fetched]) -> Flight:
        """Start a fetch. Later reads join this one, not an older one for the same key."""
        flight = Flight(principal, began, SharedTask(fetch, "flight"))
        self._flights[key] = flight
        flight.fetch.task.add_done_callback(lambda _: self._landed(key, flight))
        return flight

    def _landed(self, key: bytes, flight: Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
