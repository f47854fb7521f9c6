"""Note whom ftrack accepts and refuses, and what it permits web pages: from each of its answers to API calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ftrack_proxy.identity.cookies import IssuedCookies
from ftrack_proxy.identity.permissions import Permissions
from ftrack_proxy.identity.principal import Principal, account_within
from ftrack_proxy.identity.trust import Trust
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import Answer, Clock, Coverage
from ftrack_proxy.protocol.refusals import proves_acceptance, turns_away
from ftrack_proxy.protocol.responses import is_success, refuses_credentials
from ftrack_proxy.request.call import ApiCall


class Acceptance:
    """Whom ftrack accepts: who is trusted, whose cookies are whose, and what web pages may read."""

    def __init__(self, trust: Trust, coverage: Coverage, clock: Clock) -> None:
        self.trust = trust
        self._coverage = coverage
        self._clock = clock
        self._cookies = IssuedCookies()
        # What ftrack permits is believed for as long as whom it accepts.
        self.permissions = Permissions(lifetime=trust.lifetime)

    def trusts(self, principal: Principal | None, start: Moment) -> bool:
        """True if ftrack had accepted them recently when a read began."""
        return principal is not None and self.trust.holds(principal, start.at)

    def needs_cookies(self, call: ApiCall) -> bool:
        """True if ftrack, or a gateway before it, did not answer to the principal alone and might to its cookies."""
        if call.principal is None or not call.cookies:
            return False
        return self.trust.is_refused(call.principal, self._clock())

    def has_own_cookies(self, call: ApiCall) -> bool:
        """True if all its cookies, if any, were issued to the principal itself."""
        return call.principal is not None and self._cookies.are_own(call.principal, call.cookies)

    def note_answer(
        self,
        call: ApiCall,
        answer: Answer,
        decoded: Any,
        actions: Sequence[str | None],
        sent: Moment,
        *,
        bare: bool,
    ) -> None:
        """Take in an answer, decoded as far as it can be (else ``None``).

        ``bare``: it was asked for without the client's cookies. Only such answers earn trust: by a cookie ftrack might
        have known somebody else, or the same user whose key it no longer accepts.
        """
        now = self._clock()
        if call.origin is not None and (is_success(decoded, len(actions)) or isinstance(decoded, dict)):
            self.permissions.learn(call.origin, call.raw_path.partition("?")[0], answer.headers.items(), now)
        principal, credentials = call.principal, call.credentials
        if principal is None or credentials is None:
            return
        if refuses_credentials(decoded):
            self.trust.refuse_account(account_within(principal), now)
        elif not bare:
            pass
        elif turns_away(answer.status, answer.headers.get("Content-Type", ""), decoded):
            self.trust.refuse(principal, now)
        elif actions and is_success(decoded, len(actions)):
            # The event hub will look at the key itself.
            self._coverage.accepted(credentials)
            if proves_acceptance(decoded, actions):
                self.trust.accept(principal, sent.at)
        if bare or self.has_own_cookies(call):
            self._cookies.note(principal, answer.headers.getall("Set-Cookie", ()))
