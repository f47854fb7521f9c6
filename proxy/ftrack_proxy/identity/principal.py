"""Whom ftrack must have accepted: a salted digest of everything in a request that may tell who sends it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import NewType

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.protocol.headers import may_authenticate

Account = NewType("Account", bytes)
"""A user with an API key, whatever comes along with it: whom ftrack means when it refuses the key."""

Principal = NewType("Principal", bytes)
"""An account with whatever else in its requests might authenticate somebody: what is trusted or refused."""

_SIZE = 16


def account_of(credentials: Credentials, salt: bytes) -> Account:
    """The account of a user and key: 16 bytes that say nothing about either."""
    return Account(_digest(salt, "\0".join((credentials.user, credentials.key))))


def principal_of(credentials: Credentials, salt: bytes, headers: Iterable[tuple[str, str]] = ()) -> Principal:
    """The principal of a request: 32 bytes, of which the first 16 are the account.

    Of ``headers``, as ftrack will see them, all count that might authenticate somebody, at ftrack or at a gateway
    in front of it (``Authorization``, a studio's own token ...): a client that lacks them must not be given what was
    answered to one that has them. Cookies do not count: an answer that is stored was asked for without them.
    """
    shown = [(name.lower(), value) for name, value in headers if may_authenticate(name)]
    # Of values that share a name the order may matter.
    shown.sort(key=lambda pair: pair[0])
    return Principal(account_of(credentials, salt) + _digest(salt, "\0".join(part for pair in shown for part in pair)))


def account_within(principal: Principal) -> Account:
    """The account of a principal."""
    return Account(principal[:_SIZE])


def _digest(salt: bytes, text: str) -> bytes:
    return hmac.new(salt, text.encode("utf-8", "surrogatepass"), hashlib.sha256).digest()[:_SIZE]
