"""Credentials of a request, and the salted identity under which its results are kept."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user name and API key as a client sent them. The key is never shown."""

    user: str
    key: str = field(repr=False)


def credentials_of(headers: Mapping[str, str]) -> Credentials | None:
    """Read ``ftrack-user`` and ``ftrack-api-key`` (ftrack-protocol 1.3); ``None`` unless both are there.

    Who sends only a cookie is unknown to us and is answered by ftrack itself.
    """
    user = headers.get("ftrack-user")
    key = headers.get("ftrack-api-key")
    return Credentials(user, key) if user and key else None


def identity_of(credentials: Credentials, salt: bytes, *, authorization: str = "") -> bytes:
    """Derive the identity that keys are built from: a salted digest that says nothing about user or key.

    ``authorization`` is the request's own ``Authorization`` header, for a gateway in front of ftrack: who
    lacks it must not be given what the gateway would have refused.
    """
    text = "\0".join((credentials.user, credentials.key, authorization))
    return hmac.new(salt, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()[:16]
