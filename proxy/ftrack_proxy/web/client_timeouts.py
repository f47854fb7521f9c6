"""How long a client may take, in seconds and bytes. Pure: the time is passed in."""

from __future__ import annotations

from dataclasses import dataclass, field

# For the head of a request, which is one packet or a few.
HEAD = 20.0
# For the first request on a connection.
UNUSED = 120.0
# The longest that an answer may wait for its client to take more of it.
UNREAD = 300.0
# Under pressure a connection that is this young is closed last: its request may be on the way.
YOUNG = 5.0
# A body may pause for this long in all, and earns more by every byte that comes.
BODY_PAUSE = 30.0
BODY_RATE = 100.0


@dataclass(slots=True)
class UploadTimeout:
    """The time that a client has left for the body that it is sending.

    It never runs out while bytes come at ``BODY_RATE`` or faster.
    """

    received: int
    at: float
    left: float = field(default_factory=lambda: BODY_PAUSE)

    def runs_out(self, received: int, now: float, *, waiting: bool) -> bool:
        """Note that ``received`` bytes have come until now. Time in which we did not read does not count."""
        earned = (received - self.received) / BODY_RATE
        spent = now - self.at if waiting else 0.0
        self.received, self.at = received, now
        self.left = min(BODY_PAUSE, self.left + earned - spent)
        return self.left < 0


@dataclass(slots=True)
class DownloadTimeout:
    """Bytes that a client has yet to read, and since when it has read none."""

    unsent: int
    since: float

    def runs_out(self, unsent: int, now: float) -> bool:
        """Note that ``unsent`` bytes wait now."""
        if self.unsent == 0 or unsent < self.unsent:
            self.since = now
        self.unsent = unsent
        return unsent > 0 and now - self.since > UNREAD
