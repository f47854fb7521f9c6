"""What is in flight: the fetches in progress, by what they will bring, so that others who miss the same may wait."""

from __future__ import annotations

from collections.abc import Coroutine, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ftrack_proxy.decision.at_hand import InFlight
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.queries.projection_tree import EMPTY, Tree, covers
from ftrack_proxy.request.fetched_response import FetchedResponse
from ftrack_proxy.request.running.shared_task import SharedTask

# Nobody waits longer than this, from its beginning, for what another asked: then they try for themselves, as they
# would without us.
JOINABLE_AGE = 10.0


@dataclass(frozen=True, slots=True, eq=False)
class Flight:
    """One fetch in progress, made with a principal's credentials, for as long as anybody waits for it.

    ``brings``: by subject (a result's key; a row or a list, in an entity space), what of it is shown.
    ``prefetches_for``: whose rows beside those that were asked for it brings, if any.
    """

    began: Moment
    principal: Principal | None
    work: SharedTask[FetchedResponse]
    brings: Mapping[Hashable, Tree]
    prefetches_for: Hashable | None = None

    def patience(self, now: float) -> float:
        """For how many seconds yet others may wait for it."""
        return self.began.at + JOINABLE_AGE - now


@dataclass(slots=True)
class Flights:
    """All flights, by subject; of several for one subject the latest."""

    _by_subject: dict[Hashable, Flight] = field(default_factory=dict)
    _prefetching: set[Flight] = field(default_factory=set)

    def joinable(
        self, subject: Hashable, now: float, principal: Principal | None, tree: Tree = EMPTY
    ) -> InFlight | None:
        """Return the flight that brings ``subject``, if it shows all of ``tree`` and others may wait for it.

        It is one's own for the ``principal`` with whose credentials it is made.
        """
        flight = self._by_subject.get(subject)
        if flight is None or not flight.work.is_open or flight.patience(now) <= 0:
            return None
        if not covers(flight.brings[subject], tree):
            return None
        return InFlight(flight.began, flight, flight.principal == principal)

    def prefetching(self, whose: Hashable) -> int:
        """How many flights bring more than was asked for to this client."""
        return sum(flight.prefetches_for == whose for flight in self._prefetching)

    def launch(
        self,
        began: Moment,
        principal: Principal | None,
        work: Coroutine[Any, Any, FetchedResponse],
        brings: Mapping[Hashable, Tree],
        prefetches_for: Hashable | None = None,
    ) -> Flight:
        """Start a fetch. Later reads join this one, not an older one for the same subject."""
        flight = Flight(began, principal, SharedTask(work, "fetch"), brings, prefetches_for)
        self._by_subject.update(dict.fromkeys(brings, flight))
        if prefetches_for is not None:
            self._prefetching.add(flight)
        flight.work.task.add_done_callback(lambda _: self._landed(flight))
        return flight

    def _landed(self, flight: Flight) -> None:
        for subject in flight.brings:
            if self._by_subject.get(subject) is flight:
                del self._by_subject[subject]
        self._prefetching.discard(flight)
