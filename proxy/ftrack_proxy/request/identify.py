"""Who asks, from whose answers, and how they are to be written: a request's headers and body to an `ApiCall`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from ftrack_proxy.identity.credentials import Credentials, credentials_of
from ftrack_proxy.identity.disclosure import is_anonymous
from ftrack_proxy.identity.partition import Partition, partition_of
from ftrack_proxy.identity.principal import Principal, principal_of
from ftrack_proxy.protocol.headers import CacheControl, end_to_end, parse_cache_control
from ftrack_proxy.protocol.representation import Representation, representation_of
from ftrack_proxy.request.call import ApiCall

# What headers say is remembered: a client sends the same thousands of times. Of long ones it is not.
_REMEMBERED = 1_000
_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class _HeaderFacts:
    """What the headers of a request say; see ``ApiCall``."""

    credentials: Credentials | None
    principal: Principal | None
    representation: Representation
    directives: CacheControl
    cookies: tuple[str, ...]
    origin: str | None
    is_anonymous: bool


class Identifier:
    """Reads what decides how a request is answered. ``partition_of`` says from whose answers a principal may read."""

    def __init__(self, salt: bytes, partition_of: Callable[[Principal], Partition] = partition_of) -> None:
        self._salt = salt
        self._partition_of = partition_of
        self.remembered = lru_cache(maxsize=_REMEMBERED)(self._facts)

    def identify(self, raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, plain: bytes | None) -> ApiCall:
        """Read a request.

        ``headers`` are as they came; ``plain`` is the body without content encoding. Who asks is told by what ftrack
        will see of the headers. A query string might name somebody else: such a call has no principal.
        """
        # The length of the body is all that differs from one request of a client to the next.
        telling = tuple([pair for pair in headers if pair[0].lower() != "content-length"])
        is_short = sum(len(name) + len(value) for name, value in telling) + len(raw_path) <= _LONGEST
        facts = (self.remembered if is_short else self._facts)(raw_path, telling)
        return ApiCall(
            raw_path=raw_path,
            headers=headers,
            body=body,
            plain=plain,
            credentials=facts.credentials,
            principal=facts.principal,
            partition=None if facts.principal is None else self._partition_of(facts.principal),
            representation=facts.representation,
            directives=facts.directives,
            cookies=facts.cookies,
            origin=facts.origin,
            is_anonymous=facts.is_anonymous,
        )

    def _facts(self, raw_path: str, headers: tuple[tuple[str, str], ...]) -> _HeaderFacts:
        seen = end_to_end(headers)
        values: dict[str, list[str]] = {}
        for name, value in seen:
            values.setdefault(name.lower(), []).append(value)
        credentials = None if "?" in raw_path else credentials_of(seen)
        return _HeaderFacts(
            credentials=credentials,
            principal=None if credentials is None else principal_of(credentials, self._salt, seen),
            representation=representation_of(values.get("ftrack-strict-api", []), values.get("ftrack-api-options", [])),
            directives=parse_cache_control(", ".join(values.get("cache-control", []))),
            cookies=tuple(values.get("cookie", [])),
            origin=", ".join(values["origin"]) if "origin" in values else None,
            is_anonymous=is_anonymous(raw_path, seen),
        )
