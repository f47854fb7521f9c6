"""Which identities ftrack has accepted, and until when that is believed."""

from __future__ import annotations


class Trust:
    """Identities that ftrack accepted recently. A result is served to nobody else.

    Times are seconds on one clock, passed in. A key that was revoked is refused again once its trust has run
    out, or at once when ftrack says so.
    """

    def __init__(self, *, lifetime: float, limit: int = 10_000) -> None:
        self._lifetime = lifetime
        self._limit = limit
        self._accepted: dict[bytes, float] = {}

    def accept(self, identity: bytes, now: float) -> None:
        """Note that ftrack answered a request of this identity that was sent at ``now``."""
        self._accepted[identity] = max(now, self._accepted.pop(identity, now))
        while len(self._accepted) > self._limit:
            del self._accepted[next(iter(self._accepted))]

    def refuse(self, identity: bytes) -> None:
        """Note that ftrack refused this identity."""
        self._accepted.pop(identity, None)

    def holds(self, identity: bytes, now: float) -> bool:
        """True if ftrack accepted this identity at most ``lifetime`` seconds ago."""
        accepted = self._accepted.get(identity)
        return accepted is not None and now - accepted <= self._lifetime
