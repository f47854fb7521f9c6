"""Saying the same thing seldom: what could be said a thousand times a second is said once a minute, and counted."""

from __future__ import annotations

from collections.abc import Callable

_PAUSE = 60.0


class LogThrottle:
    """Lets one line of each kind through in ``pause`` seconds. Kinds are words of our own, never of a client's."""

    def __init__(self, clock: Callable[[], float], pause: float = _PAUSE) -> None:
        self._clock = clock
        self._pause = pause
        self._said: dict[str, float] = {}
        self._seen: dict[str, float] = {}
        self._held_back: dict[str, int] = {}

    def due(self, kind: str) -> int | None:
        """Return how often ``kind`` was held back since it was last said if it may be said now, else ``None``."""
        now = self._seen[kind] = self._clock()
        said = self._said.get(kind)
        if said is not None and now - said < self._pause:
            self._held_back[kind] = self._held_back.get(kind, 0) + 1
            return None
        self._said[kind] = now
        return self._held_back.pop(kind, 0)

    def is_recent(self, kind: str) -> bool:
        """True if ``kind`` came up in the last ``pause`` seconds."""
        return self._clock() - self._seen.get(kind, float("-inf")) < self._pause
