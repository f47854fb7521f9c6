"""What becomes of the way to ftrack, told to the log."""

from __future__ import annotations

import logging

from yarl import URL

from ftrack_proxy.observe.transitions import TransitionLog

_log = logging.getLogger(__name__)


def turn_log(origin: URL) -> TransitionLog[str | None]:
    """Tell the log what is in the way of reaching ``origin``, and when nothing is any more."""

    def say(problem: str | None) -> None:
        if problem is None:
            _log.info("%s answers again", origin)
        else:
            _log.warning(
                "%s does not answer: %s. Is the address right, and the network there? Until it answers, clients get "
                "errors for whatever is not cached",
                origin,
                problem,
            )

    return TransitionLog(None, say)
