"""Which identities ftrack has accepted, and until when that is believed."""

from __future__ import annotations

import math
from collections import OrderedDict

from ftrack_proxy.identity.credentials import principal_within

# Identities of one principal: it may show other things each time, and must not take the room of others.
_MOST_IDENTITIES = 50


class Trust:
    """Identities that ftrack accepted recently. A result is served to nobody else.

    Times are seconds on one clock, passed in. Answers may overtake each other, so an acceptance counts only if its
    request was sent after every refusal had come: a key that was revoked stays refused until ftrack accepts it anew.
    Without a refusal it is believed for ``lifetime`` seconds after the last request that ftrack accepted was sent.
    """

    def __init__(self, *, lifetime: float, limit: int = 10_000) -> None:
        self.lifetime = lifetime
        self._limit = limit
        # By principal, so that one refusal ends the trust in all its identities.
        self._accepted: OrderedDict[bytes, OrderedDict[bytes, float]] = OrderedDict()
        # By principal or identity.
        self._refused: OrderedDict[bytes, float] = OrderedDict()
        # Up to here any refusal may have been forgotten.
        self._horizon = -math.inf

    def accept(self, identity: bytes, sent: float) -> None:
        """Note that ftrack accepted a request of this identity that was sent at ``sent``."""
        if sent <= max(self._horizon, self._refused_at(identity)):
            return
        principal = principal_within(identity)
        own = self._accepted.pop(principal, None) or OrderedDict()
        own[identity] = max(sent, own.pop(identity, sent))
        if len(own) > _MOST_IDENTITIES:
            own.popitem(last=False)
        self._accepted[principal] = own
        if len(self._accepted) > self._limit:
            self._accepted.popitem(last=False)

    def refuse(self, who: bytes, now: float) -> None:
        """Note that an identity, or a principal in all its identities, was refused: the answer came at ``now``."""
        principal = principal_within(who)
        if who == principal:
            self._accepted.pop(principal, None)
        elif principal in self._accepted:
            self._accepted[principal].pop(who, None)
        self._refused[who] = max(now, self._refused.pop(who, now))
        if len(self._refused) > self._limit:
            _, at = self._refused.popitem(last=False)
            self._horizon = max(self._horizon, at)

    def holds(self, identity: bytes, now: float) -> bool:
        """True if ftrack accepted this identity at most ``lifetime`` seconds ago, and has not refused it since."""
        own = self._accepted.get(principal_within(identity))
        accepted = None if own is None else own.get(identity)
        return accepted is not None and now - accepted <= self.lifetime

    def is_refused(self, identity: bytes, now: float) -> bool:
        """True if it was refused at most ``lifetime`` seconds ago, and not accepted since."""
        return now - self._refused_at(identity) <= self.lifetime and not self.holds(identity, now)

    def _refused_at(self, identity: bytes) -> float:
        refused = self._refused
        return max(refused.get(identity, -math.inf), refused.get(principal_within(identity), -math.inf))
