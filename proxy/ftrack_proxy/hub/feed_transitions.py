"""State transitions of a change feed, for the log and for trust: one for each change, and each refusal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.observe.transitions import TransitionLog

_log = logging.getLogger(__name__)


class FeedStanding(Enum):
    """The state of a change feed."""

    CONNECTING = "connecting"
    LIVE = "live"
    GAP = "gap"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FeedTransition:
    """A change feed has another state than before, or the same for another reason.

    ``user`` and ``reason`` (``None`` if it is live) are short and printable, and carry no session id or key.
    """

    user: str
    standing: FeedStanding
    reason: str | None


OnTransition = Callable[[FeedTransition], None]
# The hub refused these credentials in a handshake that was sent at this moment (seconds of the proxy's clock).
OnRefusal = Callable[[Credentials, float], None]


def shown(text: str) -> str:
    """A text of somebody else's, made safe for a log: one short printable line."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:100])


_REFUSED_HINT = (
    "; correct FTRACK_PROXY_API_USER and FTRACK_PROXY_API_KEY (or FTRACK_API_USER and FTRACK_API_KEY), or the key that "
    "this user's tools have"
)


def log_transition(transition: FeedTransition) -> None:
    """Log one line for a transition."""
    if transition.standing is FeedStanding.LIVE:
        _log.info("change feed connected as %s", transition.user)
    elif transition.standing is not FeedStanding.CONNECTING:
        hint = _REFUSED_HINT if transition.standing is FeedStanding.REFUSED else ""
        _log.warning("change feed of %s: %s%s", transition.user, transition.reason, hint)


class FeedTransitionLog:
    """Logs the transitions of all feeds, of each user's not too often."""

    def __init__(self) -> None:
        self._of_user: dict[str, TransitionLog[FeedTransition]] = {}

    def __call__(self, transition: FeedTransition) -> None:
        log = self._of_user.get(transition.user)
        if log is None:
            log = self._of_user[transition.user] = TransitionLog(
                FeedTransition(transition.user, FeedStanding.CONNECTING, None), log_transition
            )
        log.update(transition)
