"""What becomes of a change feed, told to whoever wants to know: one turn for each change, and each refusal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.observe.transitions import TransitionLog

_log = logging.getLogger(__name__)


class FeedStanding(Enum):
    """How a change feed stands with the event hub."""

    CONNECTING = "connecting"
    LIVE = "live"
    GAP = "gap"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FeedTransition:
    """A change feed stands otherwise than before, or for another reason.

    ``user`` and ``reason`` (``None`` if it is live) are short and printable, and carry no session id or key.
    """

    user: str
    standing: FeedStanding
    reason: str | None


OnTurn = Callable[[FeedTransition], None]
# The hub refused these credentials in a handshake that was sent at this moment (seconds of the proxy's clock).
OnRefusal = Callable[[Credentials, float], None]


def shown(text: str) -> str:
    """Another's text as it may stand in a log: one line, short, printable."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:100])


_REFUSED_HINT = (
    "; correct FTRACK_PROXY_API_USER and FTRACK_PROXY_API_KEY (or FTRACK_API_USER and FTRACK_API_KEY), or the key that "
    "this user's tools have"
)


def log_turn(turn: FeedTransition) -> None:
    """Tell the log, one line a turn."""
    if turn.standing is FeedStanding.LIVE:
        _log.info("change feed connected as %s", turn.user)
    elif turn.standing is not FeedStanding.CONNECTING:
        hint = _REFUSED_HINT if turn.standing is FeedStanding.REFUSED else ""
        _log.warning("change feed of %s: %s%s", turn.user, turn.reason, hint)


class FeedTransitionLog:
    """Tells the log of all feeds' turns, of each user's not too often."""

    def __init__(self) -> None:
        self._of_user: dict[str, TransitionLog[FeedTransition]] = {}

    def __call__(self, turn: FeedTransition) -> None:
        turns = self._of_user.get(turn.user)
        if turns is None:
            turns = self._of_user[turn.user] = TransitionLog(
                FeedTransition(turn.user, FeedStanding.CONNECTING, None), log_turn
            )
        turns.update(turn)
