"""Note whom ftrack accepts and refuses, and what it permits web pages: from each of its answers to API calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ftrack_proxy.identity.principal import account_within
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import Answer
from ftrack_proxy.protocol.refusals import proves_acceptance, turns_away
from ftrack_proxy.protocol.responses import is_success, refuses_credentials
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.journal import Journal


def note_answer(
    journal: Journal,
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
    now = journal.clock()
    if call.origin is not None and (is_success(decoded, len(actions)) or isinstance(decoded, dict)):
        journal.permissions.learn(call.origin, call.raw_path.partition("?")[0], answer.headers.items(), now)
    principal, credentials = call.principal, call.credentials
    if principal is None or credentials is None:
        return
    if refuses_credentials(decoded):
        journal.trust.refuse_account(account_within(principal), now)
    elif not bare:
        pass
    elif turns_away(answer.status, answer.headers.get("Content-Type", ""), decoded):
        journal.trust.refuse(principal, now)
    elif actions and is_success(decoded, len(actions)):
        # The event hub will look at the key itself.
        journal.coverage.accepted(credentials)
        if proves_acceptance(decoded, actions):
            journal.trust.accept(principal, sent.at)
    if bare or journal.cookies.are_own(principal, call.cookies):
        journal.cookies.note(principal, answer.headers.getall("Set-Cookie", ()))


def without_cookies(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """The headers of a request that is to earn trust, or whose answer is kept."""
    return [(name, value) for name, value in headers if name.lower() != "cookie"]
