"""Whose cookies are whose: those that ftrack set in answers to an identity."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from hashlib import blake2b


class IssuedCookies:
    """Remembers, as digests, which cookies were issued to which identity.

    A client that keeps ftrack's session cookie sends it along with its key. What such a request shows belongs to
    the key's user if the cookie was issued to the same; it does not prove that the key is still good.
    """

    def __init__(self, limit: int = 10_000) -> None:
        self._limit = limit
        self._issued: OrderedDict[bytes, None] = OrderedDict()

    def note(self, identity: bytes, set_cookies: Iterable[str]) -> None:
        """Take in the ``Set-Cookie`` values of an answer to a request in which nobody else could be meant."""
        for value in set_cookies:
            mark = _mark(identity, value.partition(";")[0].strip())
            self._issued[mark] = None
            self._issued.move_to_end(mark)
        while len(self._issued) > self._limit:
            self._issued.popitem(last=False)

    def are_own(self, identity: bytes, cookies: Iterable[str]) -> bool:
        """True if all cookies in these ``Cookie`` values were issued to the identity; also if there are none."""
        return all(_mark(identity, cookie) in self._issued for value in cookies for cookie in _parts(value))


def _parts(value: str) -> Iterator[str]:
    return filter(None, (part.strip() for part in value.split(";")))


def _mark(identity: bytes, cookie: str) -> bytes:
    return blake2b(identity + cookie.encode("utf-8", "surrogatepass"), digest_size=16).digest()
