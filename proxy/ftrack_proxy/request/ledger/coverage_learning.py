"""Learning from own writes which types events cover, while the proxy runs, and keeping it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any

from ftrack_proxy.cache_policy.expected_events import ExpectedEvent
from ftrack_proxy.cache_policy.learned_coverage import LearnedCoverage
from ftrack_proxy.changes.change import ChangeSource, anything
from ftrack_proxy.changes.event_items import Item, rows_in
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.values.epoch import Epoch

_log = logging.getLogger(__name__)

_CHECK_EVERY = 5.0
# Counts alone are worth a write to the disk now and then; a changed finding is written at the next check.
_SAVE_EVERY = 300.0


class CoverageLearner:
    """Tells the learned coverage of writes, events and time, and makes what it learned hold.

    ``live`` gives the epochs of the feeds that are live now; ``save`` blocks and is called in a thread.
    """

    def __init__(
        self,
        coverage: LearnedCoverage,
        journal: Journal,
        binder: Binder,
        *,
        live: Callable[[], Collection[Epoch]],
        save: Callable[[dict[str, Any]], None],
    ) -> None:
        self._coverage = coverage
        self._journal = journal
        self._binder = binder
        self._live = live
        self._save = save
        self._saved = coverage.document()
        self._is_urgent = False
        binder.follow(coverage.policy)

    def expect(self, events: Sequence[ExpectedEvent], began: Moment) -> None:
        """Take in what a write, which was sent at ``began`` and carried out, should bring."""
        if began.live:
            now = self._journal.clock()
            self._hold(self._coverage.expect(events, epoch=began.epoch, began=began.at, now=now))

    def take_announced(self, items: Iterable[Item]) -> None:
        """Take in the items of an ``ftrack.update`` event."""
        self._hold(self._coverage.take_announced(rows_in(items), self._journal.clock()))

    def forget_expected(self) -> None:
        """Take in that an event came which was not read."""
        self._coverage.forget_expected()

    def check(self) -> None:
        """Count what has not come back in time."""
        self._hold(self._coverage.expire(self._journal.clock(), self._live()))

    def described(self) -> dict[str, Any]:
        """The state of coverage, for people."""
        return self._coverage.described()

    def _hold(self, changed: bool) -> None:
        if not changed:
            return
        before, after = self._binder.policy, self._coverage.policy
        self._is_urgent = True
        self._binder.follow(after)
        lost = (after.silent - before.silent) | (before.proven - after.proven)
        if lost:
            _log.warning("own writes do not come back as events, kept for a short time only: %s", ", ".join(lost))
            # What was kept because events would tell of changes must not be served on these terms any more.
            self._journal.record([anything(ChangeSource.PURGE)])
        else:
            _log.info("events cover more than before: %s", ", ".join(after.proven | (before.silent - after.silent)))

    async def run(self) -> None:
        """Check for ever and save now and then; ends by cancellation."""
        saved_at = self._journal.clock()
        while True:
            await asyncio.sleep(_CHECK_EVERY)
            self.check()
            if self._is_urgent or self._journal.clock() - saved_at >= _SAVE_EVERY:
                await self.save()
                saved_at = self._journal.clock()

    async def save(self) -> None:
        """Write down what was learned, if it is not yet."""
        document = self._coverage.document()
        self._is_urgent = False
        if document == self._saved:
            return
        try:
            await asyncio.to_thread(self._save, document)
        except OSError as error:
            _log.warning("what was learned of events cannot be kept: %s", error)
        else:
            self._saved = document
