"""What has happened so far: the moment at which a read begins, and the changes that are recorded."""

from __future__ import annotations

from collections.abc import Iterable

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.change_log import ChangeLog, Timestamp
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import Clock, Coverage
from ftrack_proxy.values.epoch import Epoch

# Of those who did not say who they are: no feed speaks for them.
_NO_EPOCH = Epoch("", 0)


class Journal:
    """The change log, in which writes and events are recorded, and the moments by which reads are judged."""

    def __init__(self, *, clock: Clock, wall: Clock, log: ChangeLog, coverage: Coverage) -> None:
        self.clock = clock
        self._wall = wall
        self.log = log
        self._coverage = coverage

    def start(self, credentials: Credentials | None) -> Moment:
        """The present moment, as a read or fetch of these credentials has to remember it."""
        epoch, live = (_NO_EPOCH, False) if credentials is None else self._coverage.position(credentials)
        return Moment(self.log.head, epoch, live, self.clock(), self.log.name)

    def record(self, changes: Iterable[Change]) -> None:
        """Enter changes into the log; every read that starts from now on is judged by them."""
        now = Timestamp(self.clock(), self._wall())
        for change in changes:
            self.log.append(change, now)

    async def recorded(self) -> None:
        """Return once all that was recorded is where a restart finds it: before anybody is told of it (G1, G2)."""
        await self.log.appended(self.log.head)
