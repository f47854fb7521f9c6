"""Whose cookies are whose: those that ftrack set in answers to a principal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from hashlib import blake2b

from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.values.bounded_map import BoundedMap


class IssuedCookies:
    """Remembers, as digests, which cookies were issued to which principal.

    A client that keeps ftrack's session cookie sends it along with its key. The answer to such a request is the key's
    user's if the cookie was issued to the same principal; it does not prove that the key is still good.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._issued: BoundedMap[bytes, None] = BoundedMap(limit)

    def note(self, principal: Principal, set_cookies: Iterable[str]) -> None:
        """Remember the ``Set-Cookie`` values of an answer to a request that could mean nobody else."""
        for value in set_cookies:
            self._issued.put(_mark(principal, value.partition(";")[0].strip()), None)

    def are_own(self, principal: Principal, cookies: Iterable[str]) -> bool:
        """True if all cookies in these ``Cookie`` values were issued to the principal; also if there are none."""
        return all(_mark(principal, cookie) in self._issued for value in cookies for cookie in _parts(value))


def _parts(value: str) -> Iterator[str]:
    return filter(None, (part.strip() for part in value.split(";")))


def _mark(principal: Principal, cookie: str) -> bytes:
    return blake2b(principal + cookie.encode("utf-8", "surrogatepass"), digest_size=16).digest()
