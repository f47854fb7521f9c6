"""How long a client may take: rules without a clock of their own, in seconds and bytes."""

from __future__ import annotations

from dataclasses import dataclass, field

# A head is one packet or a few; who takes longer holds a place and asks nothing.
HEAD = 20.0
# A connection on which nothing was ever asked.
UNUSED = 120.0
# The longest that an answer may wait for its client to take more of it.
UNREAD = 300.0
# Under pressure a connection that is this young is closed last: its request may be on the way.
YOUNG = 5.0
# A body may pause for this long in all, and earns more by every byte that comes.
BODY_PAUSE = 30.0
BODY_RATE = 100.0


@dataclass(slots=True)
class Upload:
    """What a client may still take for the body that it is sending.

    It lasts for ever while bytes come at ``BODY_RATE`` or faster; what is slower, or stands still, runs out.
    """

    received: int
    at: float
    left: float = field(default_factory=lambda: BODY_PAUSE)

    def runs_out(self, received: int, now: float, *, waiting: bool) -> bool:
        """Note that ``received`` bytes have come until now. Time in which we did not read is nobody's fault."""
        earned = (received - self.received) / BODY_RATE
        spent = now - self.at if waiting else 0.0
        self.received, self.at = received, now
        self.left = min(BODY_PAUSE, self.left + earned - spent)
        return self.left < 0


@dataclass(slots=True)
class Download:
    """What waits to be taken by a client, and since when nothing of it was."""

    unsent: int
    since: float

    def runs_out(self, unsent: int, now: float) -> bool:
        """Note that ``unsent`` bytes wait now."""
        if unsent == 0 or unsent < self.unsent:
            self.since = now
        self.unsent = unsent
        return unsent > 0 and now - self.since > UNREAD
