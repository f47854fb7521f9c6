"""What is known at this moment: the change log, whom ftrack accepted, which feed is connected, what is stored."""

from __future__ import annotations

from collections.abc import Iterable

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.change_log import ChangeLog, Timestamp
from ftrack_proxy.identity.cookies import IssuedCookies
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.permissions import Permissions
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.identity.trust import Trust
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.ports import Clock, Coverage, Results
from ftrack_proxy.values.epoch import Epoch

# Of those who did not say who they are: no feed speaks for them.
_NO_EPOCH = Epoch("", 0)


class Journal:
    """The state that reads are judged by and writes and events are recorded in."""

    def __init__(
        self,
        *,
        clock: Clock,
        wall: Clock,
        log: ChangeLog,
        trust: Trust,
        coverage: Coverage,
        results: Results,
        counters: Counters,
    ) -> None:
        self.clock = clock
        self._wall = wall
        self.log = log
        self.trust = trust
        self.coverage = coverage
        self.results = results
        self.counters = counters
        self.cookies = IssuedCookies()
        # What ftrack permits is believed for as long as whom it accepts.
        self.permissions = Permissions(lifetime=trust.lifetime)

    def start(self, credentials: Credentials | None) -> Moment:
        """The present moment, as a read or fetch of these credentials has to remember it."""
        epoch, live = (_NO_EPOCH, False) if credentials is None else self.coverage.position(credentials)
        return Moment(self.log.head, epoch, live, self.clock(), self.log.name)

    def trusts(self, principal: Principal | None, start: Moment) -> bool:
        """True if ftrack had accepted them recently when a read began."""
        return principal is not None and self.trust.holds(principal, start.at)

    def record(self, changes: Iterable[Change]) -> None:
        """Enter changes into the log; every read that starts from now on is judged by them."""
        now = Timestamp(self.clock(), self._wall())
        for change in changes:
            self.log.append(change, now)

    async def recorded(self) -> None:
        """Return once all that was recorded is where a restart finds it: before anybody is told of it (G1, G2)."""
        await self.log.appended(self.log.head)
