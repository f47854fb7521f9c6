"""What becomes of a change feed, told to whoever wants to know: one turn for each change, and each refusal."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ftrack_proxy.identity.credentials import Credentials

_log = logging.getLogger(__name__)


class Standing(Enum):
    """How a change feed stands with the event hub."""

    CONNECTING = "connecting"
    LIVE = "live"
    GAP = "gap"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class FeedTurn:
    """A change feed stands otherwise than before, or for another reason.

    ``user`` and ``reason`` (``None`` if it is live) are short and printable, and carry no session id or key.
    """

    user: str
    standing: Standing
    reason: str | None


OnTurn = Callable[[FeedTurn], None]
# The hub refused these credentials in a handshake that was sent at this moment (seconds of the proxy's clock).
OnRefusal = Callable[[Credentials, float], None]


def shown(text: str) -> str:
    """Another's text as it may stand in a log: one line, short, printable."""
    return "".join(letter if letter.isprintable() else "?" for letter in text[:100])


def log_turn(turn: FeedTurn) -> None:
    """Tell the log, one line a turn."""
    if turn.standing is Standing.LIVE:
        _log.info("change feed connected as %s", turn.user)
    else:
        _log.warning("change feed of %s: %s", turn.user, turn.reason)
