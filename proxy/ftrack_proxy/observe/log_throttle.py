"""Rate limit for log lines: what could be logged a thousand times a second is logged once a minute, and counted."""

from __future__ import annotations

from collections.abc import Callable

_PAUSE = 60.0


class LogThrottle:
    """Lets one line of each kind through in ``pause`` seconds. Kinds are constants, never a client's text."""

    def __init__(self, clock: Callable[[], float], pause: float = _PAUSE) -> None:
        self._clock = clock
        self._pause = pause
        self._logged: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._suppressed: dict[str, int] = {}

    def due(self, kind: str) -> int | None:
        """Return how often ``kind`` was suppressed since it was last logged if it may be logged now, else ``None``."""
        now = self._seen[kind] = self._clock()
        logged = self._logged.get(kind)
        if logged is not None and now - logged < self._pause:
            self._suppressed[kind] = self._suppressed.get(kind, 0) + 1
            return None
        self._logged[kind] = now
        return self._suppressed.pop(kind, 0)

    def is_recent(self, kind: str) -> bool:
        """True if ``kind`` came up in the last ``pause`` seconds."""
        return self._clock() - self._seen.get(kind, float("-inf")) < self._pause
