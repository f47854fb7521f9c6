"""Which principals ftrack has accepted, and until when that is believed."""

from __future__ import annotations

import math

from ftrack_proxy.identity.principal import Account, Principal, account_within
from ftrack_proxy.values.bounded_map import BoundedMap

# Principals of one account: it may show other things each time, and must not take the room of others.
_MOST_PRINCIPALS = 50


class Trust:
    """Principals that ftrack accepted recently. A stored answer is served to nobody else.

    Times are seconds on one clock, passed in. Answers may overtake each other, so an acceptance counts only if its
    request was sent after every refusal had come: a key that was revoked stays refused until ftrack accepts it anew.
    Without a refusal it is believed for ``lifetime`` seconds after the last request that ftrack accepted was sent.
    """

    def __init__(self, *, lifetime: float, limit: int = 10_000) -> None:
        self.lifetime = lifetime
        # By account, so that one refusal ends the trust in all its principals.
        self._accepted: BoundedMap[Account, BoundedMap[Principal, float]] = BoundedMap(limit)
        self._refused: BoundedMap[Account | Principal, float] = BoundedMap(limit, on_eviction=self._forgot)
        # Up to here any refusal may have been forgotten.
        self._horizon = -math.inf

    def accept(self, principal: Principal, sent: float) -> None:
        """Note that ftrack accepted a request of this principal that was sent at ``sent``."""
        if sent <= max(self._horizon, self._refused_at(principal)):
            return
        account = account_within(principal)
        own = self._accepted.peek(account) or BoundedMap(_MOST_PRINCIPALS)
        own.put(principal, max(sent, own.peek(principal) or sent))
        self._accepted.put(account, own)

    def refuse(self, principal: Principal, now: float) -> None:
        """Note that a principal was refused, but not its key: the answer came at ``now``."""
        own = self._accepted.peek(account_within(principal))
        if own is not None:
            own.pop(principal)
        self._note_refusal(principal, now)

    def refuse_account(self, account: Account, now: float) -> None:
        """Note that a key was refused, which refuses every principal with it: the answer came at ``now``."""
        self._accepted.pop(account)
        self._note_refusal(account, now)

    def holds(self, principal: Principal, now: float) -> bool:
        """True if ftrack accepted this principal at most ``lifetime`` seconds ago, and has not refused it since."""
        own = self._accepted.peek(account_within(principal))
        accepted = None if own is None else own.peek(principal)
        return accepted is not None and now - accepted <= self.lifetime

    def is_refused(self, principal: Principal, now: float) -> bool:
        """True if it was refused at most ``lifetime`` seconds ago, and not accepted since."""
        return now - self._refused_at(principal) <= self.lifetime and not self.holds(principal, now)

    def _refused_at(self, principal: Principal) -> float:
        return max(self._refused_itself(principal), self._refused_itself(account_within(principal)))

    def _refused_itself(self, who: Account | Principal) -> float:
        at = self._refused.peek(who)
        return -math.inf if at is None else at

    def _note_refusal(self, who: Account | Principal, now: float) -> None:
        self._refused.put(who, max(now, self._refused_itself(who)))

    def _forgot(self, _: Account | Principal, at: float) -> None:
        self._horizon = max(self._horizon, at)
