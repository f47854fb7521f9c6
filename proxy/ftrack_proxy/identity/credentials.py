"""The user name and API key of a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and API key as a client sent them. The key is never shown."""

    user: str
    key: str = field(repr=False)


def credentials_of(headers: Iterable[tuple[str, str]]) -> Credentials | None:
    """Read ``ftrack-user`` and ``ftrack-api-key`` (ftrack-protocol 1.3) from the headers as ftrack will see them.

    ``None`` unless each is there exactly once: which of two values ftrack goes by is not ours to guess. A client
    that sends only a cookie is unknown to us, and ftrack itself answers it.
    """
    users, keys = [], []
    for name, value in headers:
        match name.lower():
            case "ftrack-user":
                users.append(value)
            case "ftrack-api-key":
                keys.append(value)
    match users, keys:
        case [user], [key] if user and key:
            return Credentials(user, key)
        case _:
            return None
