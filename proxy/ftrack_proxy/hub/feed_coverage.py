"""Which change feed covers which users."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from ftrack_proxy.hub.sleep_detector import LOOK_INTERVAL, SleepDetector
from ftrack_proxy.hub.subscription import ChangeFeed
from ftrack_proxy.hub.supervision import OnEnd, Supervisor
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.values.epoch import Epoch

# Feeds opened with credentials that were borrowed from clients; users beyond them are answered by ftrack.
_BORROWED_LIMIT = 16
# How long the first fetches of a process wait for a feed that is making its first connection.
_SETTLE_TIMEOUT = 1.0
_ENDED = "its task ended, and is started again"
_ASLEEP = "the machine slept, or its clock was set"


class FeedCoverage:
    """The change feeds of this proxy.

    ftrack delivers events per project access (ftrack-protocol 7.7), so a feed speaks only for those who see no more
    than its user does. Configured credentials speak for everybody where the proxy serves a studio, and there must be
    those of a user who sees everything. On a workstation (``may_borrow``) they speak for themselves; any other user
    whom ftrack accepted gets a feed of their own, credentials in memory only.
    """

    def __init__(
        self,
        configured: Credentials | None,
        *,
        may_borrow: bool,
        build: Callable[[Credentials], ChangeFeed],
        sleep_detector: SleepDetector,
        on_end: OnEnd,
    ) -> None:
        self._configured = configured
        self._may_borrow = may_borrow
        self._build = build
        self._sleep_detector = sleep_detector
        self._on_end = on_end
        self._feeds: dict[Credentials, ChangeFeed] = {}
        self._supervisor = Supervisor()
        # The epoch of those for whom no feed speaks.
        self._uncovered = Epoch(secrets.token_hex(8), 1)

    def start(self) -> None:
        """Open the configured feed, if there is one, and watch for sleep."""
        self._supervisor.start(self._watch, "watch for sleep", self._on_end)
        if self._configured is not None:
            self._open(self._configured)

    async def close(self) -> None:
        """End all feeds."""
        await self._supervisor.close()

    def accepted(self, credentials: Credentials) -> None:
        """ftrack accepted these credentials: open a feed for them if none speaks for them."""
        if self._may_borrow and credentials not in self._feeds and len(self._feeds) < _BORROWED_LIMIT:
            self._open(credentials)

    def position(self, credentials: Credentials) -> tuple[Epoch, bool]:
        """Return (epoch, live) of the feed that speaks for these credentials."""
        self._look()
        feed = self._feed_of(credentials)
        return (self._uncovered, False) if feed is None else self._position(feed)

    async def settled(self, credentials: Credentials) -> None:
        """Let a first connection that is under way come about: what is fetched before it cannot be kept."""
        feed = self._feed_of(credentials)
        if feed is None or feed.first_attempt.is_set():
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(_SETTLE_TIMEOUT):
                await feed.first_attempt.wait()
        feed.first_attempt.set()

    @property
    def feeds(self) -> list[ChangeFeed]:
        """All feeds, the configured or first borrowed one first."""
        return list(self._feeds.values())

    def live_epochs(self) -> set[Epoch]:
        """The epochs of the feeds that are live now."""
        self._look()
        return {epoch for epoch, live in map(self._position, self.feeds) if live}

    def _feed_of(self, credentials: Credentials) -> ChangeFeed | None:
        if self._configured is not None and not self._may_borrow:
            return self._feeds.get(self._configured)
        return self._feeds.get(credentials)

    def _open(self, credentials: Credentials) -> None:
        feed = self._build(credentials)
        self._feeds[credentials] = feed
        self._supervisor.start(feed.run, "change feed", partial(self._ended, feed))

    def _position(self, feed: ChangeFeed) -> tuple[Epoch, bool]:
        """A feed whose task has ended is not live, whatever it was before."""
        if not self._supervisor.is_running(feed.run):
            feed.interrupt(_ENDED)
        return feed.position()

    def _ended(self, feed: ChangeFeed, error: Exception) -> None:
        feed.interrupt(_ENDED)
        self._on_end(error)

    def _look(self) -> None:
        """Sleep is a gap for everybody: also for those without a feed, whose answers may have aged unnoticed."""
        if self._sleep_detector.stood_still():
            self._uncovered = self._uncovered.following()
            for feed in self.feeds:
                feed.interrupt(_ASLEEP, anew=True)

    async def _watch(self) -> None:
        while True:
            self._look()
            await asyncio.sleep(LOOK_INTERVAL)
