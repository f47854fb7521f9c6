"""Logs when ftrack cannot be reached, and when it can again."""

from __future__ import annotations

import logging

from yarl import URL

from ftrack_proxy.observe.transitions import TransitionLog

_log = logging.getLogger(__name__)


def reachability_log(origin: URL) -> TransitionLog[str | None]:
    """Log why ``origin`` cannot be reached, and when it can again, each change once."""

    def write_line(problem: str | None) -> None:
        if problem is None:
            _log.info("%s answers again", origin)
        else:
            _log.warning(
                "%s does not answer: %s. Is the address right, and the network there? Until it answers, clients get "
                "errors for whatever is not cached",
                origin,
                problem,
            )

    return TransitionLog(None, write_line)
