"""Which web pages may read ftrack's answers: its CORS headers, learned from its answers and never made up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from multidict import MultiMapping

from ftrack_proxy.protocol.headers import PERMISSION_HEADERS, combined, end_to_end
from ftrack_proxy.values.bounded_map import BoundedMap

Headers = tuple[tuple[str, str], ...]
_V = TypeVar("_V")

# Characters of one entry: no browser and server that mean it say more to each other.
_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class Preflight:
    """What a browser asks before a request of a page: may ``origin`` send ``method`` with these headers there?"""

    path: str
    origin: str
    method: str
    headers: str
    private_network: str


@dataclass(frozen=True, slots=True)
class Permission:
    """An answer to a preflight: a status and headers; its body means nothing."""

    status: int
    headers: Headers


def preflight_of(method: str, path: str, headers: MultiMapping[str]) -> Preflight | None:
    """Read a CORS preflight (Fetch standard 4.8); ``None`` for any other request."""
    origin, requested = headers.get("Origin"), headers.get("Access-Control-Request-Method")
    if method != "OPTIONS" or origin is None or requested is None:
        return None
    named = combined(headers, "Access-Control-Request-Headers") or ""
    private = headers.get("Access-Control-Request-Private-Network", "")
    return Preflight(path, origin, requested, named, private)


class Permissions:
    """Remembers what ftrack permits pages of an origin, by the first segment of the path, and its preflights.

    Times are seconds on one clock, passed in; nothing is believed for longer than ``lifetime``.
    """

    def __init__(self, *, lifetime: float, limit: int = 1_000) -> None:
        self._lifetime = lifetime
        self._known: BoundedMap[tuple[str, str], tuple[float, Headers]] = BoundedMap(limit)
        self._preflights: BoundedMap[Preflight, tuple[float, Permission]] = BoundedMap(limit)

    def learn(self, origin: str, path: str, headers: Iterable[tuple[str, str]], now: float) -> None:
        """Learn from ftrack's answer to a page's request; that it permits nothing is worth knowing, too."""
        place, permission = _place(path), _permission(headers)
        if _length(origin, place, *permission) <= _LONGEST:
            self._known.put((origin, place), (now, permission))

    def of(self, origin: str, path: str, now: float) -> Headers | None:
        """The headers that ftrack would send for this origin; ``None`` if that is not known."""
        return self._young(self._known.peek((origin, _place(path))), now)

    def learn_preflight(
        self, preflight: Preflight, status: int, headers: Iterable[tuple[str, str]], now: float
    ) -> None:
        """Learn from ftrack's answer to a preflight, unless it is an error."""
        permission = Permission(status, _permission(headers))
        question = (preflight.path, preflight.origin, preflight.method, preflight.headers, preflight.private_network)
        if 200 <= status < 300 and _length(*question, *permission.headers) <= _LONGEST:
            self._preflights.put(preflight, (now, permission))

    def of_preflight(self, preflight: Preflight, now: float) -> Permission | None:
        """The answer that ftrack would give, if it is known."""
        return self._young(self._preflights.peek(preflight), now)

    def _young(self, entry: tuple[float, _V] | None, now: float) -> _V | None:
        return entry[1] if entry is not None and now - entry[0] <= self._lifetime else None


def _place(path: str) -> str:
    return path.lstrip("/").partition("/")[0]


def _permission(headers: Iterable[tuple[str, str]]) -> Headers:
    """The headers by which a browser decides."""
    return tuple((name, value) for name, value in end_to_end(headers) if name.lower() in PERMISSION_HEADERS)


def _length(*parts: str | tuple[str, str]) -> int:
    return sum(len(part) if isinstance(part, str) else _length(*part) for part in parts)
