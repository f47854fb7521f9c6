"""Credentials of a request, and the salted identity under which its results are kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from ftrack_proxy.protocol.headers import may_authenticate

_PRINCIPAL_SIZE = 16


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and API key as a client sent them. The key is never shown."""

    user: str
    key: str = field(repr=False)


def credentials_of(headers: Iterable[tuple[str, str]]) -> Credentials | None:
    """Read ``ftrack-user`` and ``ftrack-api-key`` (ftrack-protocol 1.3) from the headers as ftrack will see them.

    ``None`` unless each is there exactly once: which of two values ftrack goes by is not ours to guess. Who sends
    only a cookie is unknown to us and is answered by ftrack itself.
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


def principal_of(credentials: Credentials, salt: bytes) -> bytes:
    """Whom ftrack must have accepted: a salted digest of user and key that says nothing about either."""
    return _digest(salt, "\0".join((credentials.user, credentials.key)))


def identity_of(credentials: Credentials, salt: bytes, headers: Iterable[tuple[str, str]] = ()) -> bytes:
    """Derive the identity that keys are built from: the principal, and whatever else it showed.

    Of ``headers``, as ftrack will see them, all count that might authenticate somebody, at ftrack or at a gateway
    in front of it (``Authorization``, a studio's own token ...): who lacks them must not be given what was
    answered to who had them. Cookies do not count: what is kept is asked for without.
    """
    shown = [(name.lower(), value) for name, value in headers if may_authenticate(name)]
    # Of values that share a name the order may matter.
    shown.sort(key=lambda pair: pair[0])
    return principal_of(credentials, salt) + _digest(salt, "\0".join(part for pair in shown for part in pair))


def principal_within(identity: bytes) -> bytes:
    """The principal of an identity."""
    return identity[:_PRINCIPAL_SIZE]


def _digest(salt: bytes, text: str) -> bytes:
    return hmac.new(salt, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()[:_PRINCIPAL_SIZE]
