"""Waiting until the proxy has seen every event: a marker event behind all others, on each of its feeds."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from typing import Any

from ftrack_proxy.hub.messages import HubMessage, MessageIntake
from tests.ftrack_server import FtrackServer
from tests.harness import PATIENCE, LocalProxy, until

_MARKER = re.compile(rb"marker-\d+-")


class Feeds:
    """The proxy's change feeds: waits for them to be live or lost, and for all events to have come through."""

    def __init__(self, server: FtrackServer, proxy: LocalProxy) -> None:
        self._server = server
        self._proxy = proxy
        self._news = threading.Condition()
        self._seen: dict[int, str] = {}
        self._tapped: set[int] = set()
        self._count = 0

    def caught_up(self) -> None:
        """Return when every event published so far has been recorded."""
        self.wait_live()
        self._count += 1
        marker = f"marker-{self._count}-"
        feeds = self._proxy.inside(self._tap)
        # The change of a timer, which no question is about.
        entity = {"entityId": marker, "entityType": "timer", "entity_type": "Timer", "action": "add",
                  "objectTypeId": "timer", "keys": ["start"], "changes": {"start": {"old": None, "new": "x"}},
                  "parents": []}  # fmt: skip
        self._server.hub.publish("ftrack.update", {"entities": [entity]})
        with self._news:
            heard = self._news.wait_for(lambda: all(self._seen.get(feed) == marker for feed in feeds), PATIENCE)
        assert heard, "an event did not come through"

    def wait_live(self) -> None:
        """Return when every feed is connected."""
        if not self._proxy.inside(self._are_live):
            until(lambda: self._proxy.inside(self._are_live), "all feeds to be live")

    def wait_lost(self) -> None:
        """Return when the proxy knows of every feed that it is cut."""
        until(lambda: self._proxy.inside(lambda: not any(feed.position()[1] for feed in self._all)), "the cut")

    def epochs(self) -> list[int]:
        return self._proxy.inside(lambda: [feed.position()[0] for feed in self._all])

    def count_as_heard(self) -> None:
        """Time was put forward, but not for the feeds."""

        def hear() -> None:
            for feed in self._all:
                feed._heard = self._proxy.clock()

        self._proxy.inside(hear)

    @property
    def _all(self) -> list[Any]:
        return list(self._proxy.parts.coverage.feeds)

    def _are_live(self) -> bool:
        return all(feed.position()[1] for feed in self._all)

    def _tap(self) -> list[int]:
        for feed in self._all:
            if id(feed) not in self._tapped:
                self._tapped.add(id(feed))
                self._listen_in(feed)
        return [id(feed) for feed in self._all]

    def _listen_in(self, feed: Any) -> None:
        feed._intake = _Tap(feed._intake, lambda marker: self._note(id(feed), marker))

    def _note(self, feed: int, marker: str) -> None:
        with self._news:
            self._seen[feed] = marker
            self._news.notify_all()


class _Tap:
    """What a feed hears is taken in as always, and then told."""

    def __init__(self, intake: MessageIntake, told: Callable[[str], None]) -> None:
        self._intake = intake
        self._told = told

    def take_message(self, message: HubMessage) -> None:
        self._intake.take_message(message)
        found = _MARKER.search(message.data) if isinstance(message.data, bytes) else None
        if found is not None:
            self._told(found[0].decode())
