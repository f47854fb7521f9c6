"""Who asks, and in which manner: a request's headers and body to an `ApiCall`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from ftrack_proxy.identity.credentials import Credentials, credentials_of, identity_of
from ftrack_proxy.identity.disclosure import shows_nobody
from ftrack_proxy.protocol.headers import CacheControl, end_to_end, parse_cache_control
from ftrack_proxy.protocol.representation import Manner, manner_of
from ftrack_proxy.request.call import ApiCall

# What headers say is remembered: a client sends the same thousands of times. Of long ones it is not.
_REMEMBERED = 1_000
_LONGEST = 4_000


@dataclass(frozen=True, slots=True)
class _HeaderFacts:
    """What the headers of a request say; see ``ApiCall``."""

    credentials: Credentials | None
    identity: bytes | None
    variant: bytes
    directives: CacheControl
    manner: Manner | None
    cookies: tuple[str, ...]
    origin: str | None
    shows_nobody: bool


def identify(
    raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, plain: bytes | None, salt: bytes
) -> ApiCall:
    """Read what decides how a request is answered.

    ``headers`` are as they came; ``plain`` is the body without content encoding. Who asks is told by what ftrack will
    see of the headers. A query string might name somebody else: such a call has no identity.
    """
    # The length of the body is all that differs from one request of a client to the next.
    telling = tuple(pair for pair in headers if pair[0].lower() != "content-length")
    is_short = sum(len(name) + len(value) for name, value in telling) + len(raw_path) <= _LONGEST
    said = (_remembered if is_short else _said)(raw_path, telling, salt)
    return ApiCall(
        raw_path=raw_path,
        headers=headers,
        body=body,
        plain=plain,
        credentials=said.credentials,
        identity=said.identity,
        variant=said.variant,
        directives=said.directives,
        manner=said.manner,
        cookies=said.cookies,
        origin=said.origin,
        shows_nobody=said.shows_nobody,
    )


def _said(raw_path: str, headers: tuple[tuple[str, str], ...], salt: bytes) -> _HeaderFacts:
    seen = end_to_end(headers)
    values: dict[str, list[str]] = {}
    for name, value in seen:
        values.setdefault(name.lower(), []).append(value)
    credentials = None if "?" in raw_path else credentials_of(seen)
    options = values.get("ftrack-api-options", [])
    return _HeaderFacts(
        credentials=credentials,
        identity=None if credentials is None else identity_of(credentials, salt, seen),
        variant=_variant(values.get("ftrack-strict-api", []), options),
        directives=parse_cache_control(", ".join(values.get("cache-control", []))),
        manner=manner_of(";".join(options)),
        cookies=tuple(values.get("cookie", [])),
        origin=", ".join(values["origin"]) if "origin" in values else None,
        shows_nobody=shows_nobody(raw_path, seen),
    )


_remembered = lru_cache(maxsize=_REMEMBERED)(_said)


def _variant(strict: Sequence[str], options: Sequence[str]) -> bytes:
    """``ftrack-api-options`` changes the body, ``ftrack-strict-api`` the errors (ftrack-protocol 1.2)."""
    modes = (mode.strip().lower() for mode in strict)
    return "\0".join((*modes, "", *options, "")).encode("utf-8", "surrogatepass")
