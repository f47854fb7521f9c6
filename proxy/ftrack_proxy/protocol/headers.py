"""HTTP headers: which travel through a proxy, what a client asks of a cache, what we say about an answer."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

from multidict import MultiMapping

# RFC 9110 7.6.1: these describe one connection, not the message.
_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
    }
)

# RFC 9110 5.6.2
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
# These end a line, or are taken for such an end by some readers (RFC 9112 11.1); aiohttp's writer refuses the same.
CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

# By it we know a request of our own that comes back to us. Not `Via`: web servers commonly stop compressing for it.
LOOP_HEADER = "Ftrack-Proxy-Via"


# What is meant for ftrack, whatever ``Connection`` says of it: dropping one of these would change who asks, what is
# asked, or how it is answered (RFC 9110 7.6.1 forbids a client to name such fields there).
_NEVER_DROPPED = frozenset(
    {
        "accept",
        "authorization",
        "cache-control",
        "content-encoding",
        "content-length",
        "content-range",
        "content-type",
        "cookie",
        "host",
        "origin",
        "range",
        "set-cookie",
        "vary",
    }
)
_NEVER_DROPPED_PREFIXES = ("ftrack-", "access-control-", "sec-")

# Headers by which nobody authenticates: they tell of the message, the browser, the way, or a trace. ftrack's own
# are in the principal or the representation. Whatever else a client sends may be a token for ftrack or a gateway.
_NOT_AUTHENTICATING = frozenset(
    {
        *("accept", "accept-charset", "accept-encoding", "accept-language"),
        *("cache-control", "pragma", "date", "host", "expect", "priority", "user-agent"),
        *("content-encoding", "content-language", "content-length", "content-type"),
        *("dnt", "origin", "referer", "save-data", "upgrade-insecure-requests", "x-requested-with"),
        *("forwarded", "via", "x-forwarded-for", "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto"),
        *("x-forwarded-server", "x-real-ip", "ftrack-proxy-via"),
        *("b3", "baggage", "request-id", "sentry-trace", "traceparent", "tracestate", "uber-trace-id"),
        *("x-amzn-trace-id", "x-cloud-trace-context", "x-correlation-id", "x-request-id"),
        *("ftrack-user", "ftrack-api-key", "ftrack-api-options", "ftrack-strict-api"),
        *("ftrack-clienttoken", "ftrack-pushtoken"),
        "cookie",
    }
)
_NOT_AUTHENTICATING_PREFIXES = ("sec-ch-", "sec-fetch-", "x-b3-", "x-datadog-")


def may_authenticate(name: str) -> bool:
    """True if a request header may tell ftrack, or a gateway in front of it, who asks. Not for cookies."""
    name = name.lower()
    return name not in _NOT_AUTHENTICATING and not name.startswith(_NOT_AUTHENTICATING_PREFIXES)


# With these a server tells a browser what a page of another origin may read (Fetch standard 3.3, Resource Timing).
PERMISSION_HEADERS = frozenset(
    {
        "access-control-allow-credentials",
        "access-control-allow-headers",
        "access-control-allow-methods",
        "access-control-allow-origin",
        "access-control-allow-private-network",
        "access-control-expose-headers",
        "access-control-max-age",
        "cross-origin-resource-policy",
        "timing-allow-origin",
    }
)


def end_to_end(headers: Iterable[tuple[str, str]], *, without: Iterable[str] = ()) -> list[tuple[str, str]]:
    """Keep what is meant for the far end, every repetition on a line of its own.

    Dropped are the hop-by-hop headers, those that ``Connection`` names as such, and ``without`` (lower case).
    """
    pairs = list(headers)
    dropped = set(_HOP_BY_HOP)
    dropped.update(without)
    for name, value in pairs:
        if name.lower() == "connection":
            dropped.update(filter(_may_be_dropped, (token.strip().lower() for token in value.split(","))))
    return [(name, in_one_line(value)) for name, value in pairs if name.lower() not in dropped]


def combined(headers: MultiMapping[str], name: str) -> str | None:
    """The value of a header that is a list, which may stand on several lines (RFC 9110 5.3); ``None`` without it."""
    return ", ".join(filter(None, map(str.strip, headers.getall(name, ())))) or None


def is_clearly_framed(headers: Iterable[tuple[str, str]]) -> bool:
    """False if readers may differ about where a message ends: fields whose names are none (a blank before the colon),
    and transfer codings that were never asked for (RFC 9112 5.1, 6.1)."""
    return all(
        _TOKEN.fullmatch(name) and (name.lower() != "transfer-encoding" or value.strip().lower() == "chunked")
        for name, value in headers
    )


def in_one_line(text: str) -> str:
    """A header's value, or a reason phrase, that can be sent on: with blanks for control characters (RFC 9110 5.5)."""
    return text if text.isprintable() else CONTROL.sub(" ", text)


def one_of_each(cookies: Iterable[str]) -> list[str]:
    """Of several ``Set-Cookie`` values for one cookie keep the last, as a browser does (RFC 6265 5.3).

    A cookie is identified by its name, domain and path.
    """
    kept: dict[tuple[str, str, str], str] = {}
    for cookie in cookies:
        pair, *attributes = cookie.split(";")
        name = pair.partition("=")[0].strip() if "=" in pair else ""
        named = {key.strip().lower(): value.strip() for key, _, value in (a.partition("=") for a in attributes)}
        kept[name, named.get("domain", "").lstrip(".").lower(), named.get("path", "")] = cookie
    return list(kept.values())


_GZIP_ACCEPTED = re.compile(r"(?:^|,)\s*(?:x-)?gzip\s*(?:,|$|;(?!\s*q\s*=\s*0(?:\.0*)?\s*(?:,|$)))", re.IGNORECASE)


def accepts_gzip(headers: Iterable[tuple[str, str]]) -> bool:
    """True if a client says that it can read answers in gzip (RFC 9110 12.5.3)."""
    accepted = ", ".join(value for name, value in headers if name.lower() == "accept-encoding")
    return _GZIP_ACCEPTED.search(accepted) is not None


def _may_be_dropped(name: str) -> bool:
    return name not in _NEVER_DROPPED and not name.startswith(_NEVER_DROPPED_PREFIXES)


@dataclass(frozen=True, slots=True)
class CacheControl:
    """The directives of a request's ``Cache-Control`` (RFC 9111 5.2.1); ``max_age`` in seconds."""

    no_cache: bool = False
    no_store: bool = False
    only_if_cached: bool = False
    max_age: int | None = None


_NO_DIRECTIVES = CacheControl()
_DIGITS = 12


def parse_cache_control(value: str | None) -> CacheControl:
    """Read a request's ``Cache-Control``; those that are unknown or malformed are ignored."""
    if not value:
        return _NO_DIRECTIVES
    directives: dict[str, str] = {}
    for part in value.split(","):
        name, _, argument = part.strip().partition("=")
        directives[name.lower()] = argument.strip('" ')
    max_age = directives.get("max-age", "")
    max_age = max_age.lstrip("0") or max_age[:1]
    return CacheControl(
        no_cache="no-cache" in directives,
        no_store="no-store" in directives,
        only_if_cached="only-if-cached" in directives,
        # What is too large a number is a very long time (RFC 9111 1.2.2).
        max_age=int(max_age[:_DIGITS]) if max_age.isascii() and max_age.isdigit() else None,
    )


class HitKind(Enum):
    """How the answer of a hit was found: the ``detail`` of ``Cache-Status``.

    In the same words, or in others that mean the same; put together from a longer list, from a list that shows more,
    or from the entities by themselves.
    """

    EXACT = "exact"
    EQUIVALENT = "equivalent"
    WINDOW = "window"
    PROJECTION = "projection"
    ENTITY = "entity"


class Forwarded(Enum):
    """Why an operation went upstream: the ``fwd`` parameter of RFC 9211 2.2."""

    MISS = "miss"
    PARTIAL = "partial"
    STALE = "stale"
    REQUEST = "request"
    BYPASS = "bypass"
    METHOD = "method"


@dataclass(frozen=True, slots=True)
class Handling:
    """What happened to one operation; ``forwarded`` is ``None`` for a hit."""

    forwarded: Forwarded | None
    detail: str | None = None
    stored: bool = False
    collapsed: bool = False


def cache_status(handlings: Sequence[Handling], name: str = "ftrack-proxy") -> str:
    """Say in the terms of RFC 9211 2 what happened to a batch: all hits, none, or some of each."""
    misses = sum([h.forwarded is not None for h in handlings])
    if not misses:
        return _hit(name, _common({h.detail for h in handlings}))
    hits = len(handlings) - misses
    stored = "stored" if any(h.stored for h in handlings) else None
    if hits:
        return _member(name, "fwd=partial", stored, detail=f'"{hits} hit, {misses} miss"')
    forwarded = Counter(h.forwarded.value for h in handlings if h.forwarded).most_common(1)[0][0]
    collapsed = "collapsed" if all(h.collapsed for h in handlings) else None
    return _member(
        name, f"fwd={forwarded}", stored, collapsed, detail=_common({h.detail for h in handlings if h.detail})
    )


@lru_cache(maxsize=100)
def _hit(name: str, detail: str | None) -> str:
    return _member(name, "hit", detail=detail)


def _member(name: str, *parameters: str | None, detail: str | None) -> str:
    parts = [name, *(p for p in parameters if p)]
    if detail:
        parts.append(f"detail={detail}")
    return "; ".join(parts)


def _common(details: set[str | None]) -> str | None:
    return details.pop() if len(details) == 1 else None


def appended_cache_status(earlier: MultiMapping[str], ours: str) -> str:
    """Append our member to what proxies behind us said: the first is nearest to ftrack (RFC 9211 2)."""
    before = combined(earlier, "Cache-Status")
    return f"{before}, {ours}" if before else ours
