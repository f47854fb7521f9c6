"""Replies: stored bytes, what ftrack answered, or an error of our own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import assert_never

from ftrack_proxy.decision.decisions import RefusalReason
from ftrack_proxy.ports import Answer
from ftrack_proxy.protocol.errors import error_body
from ftrack_proxy.protocol.headers import PERMISSION_HEADERS, Handling, appended_cache_status, cache_status, end_to_end
from ftrack_proxy.request.call import Reply

_JSON = "application/json"
# Of a fetched answer these are written anew: the body has been decoded, cut or joined.
_OF_THE_BODY = frozenset({"content-length", "content-encoding", "content-type", "cache-status", "age"})
_NOT_OF_ANOTHER = _OF_THE_BODY | PERMISSION_HEADERS


def of_entries(
    entries: Sequence[bytes],
    handlings: Sequence[Handling],
    *,
    http_status: int,
    content_type: str,
    age: float,
    headers: Sequence[tuple[str, str]] = (),
    behind: str | None = None,
) -> Reply:
    """Put the entries of a batch's operations together into one answer, in order.

    ``headers`` come from ftrack's own answer where there was one; ``behind`` is the ``Cache-Status`` of
    proxies between ftrack and us.
    """
    status = cache_status(handlings)
    return Reply(
        http_status,
        [
            # What pages may read depends on who asks, and is added for each.
            *(end_to_end(headers, without=_NOT_OF_ANOTHER) if headers else ()),
            ("Content-Type", content_type or _JSON),
            ("Cache-Status", f"{behind}, {status}" if behind else status),
            ("Age", str(max(0, int(age)))),
        ],
        b"[" + b", ".join(entries) + b"]",
    )


def of_answer(answer: Answer, handling: Handling, *, plain: bytes | None = None, own: bool = True) -> Reply:
    """Pass a whole answer on as it came, still encoded as it came, or decoded if ``plain`` is given.

    ``own`` is off for who merely joined another's request: cookies, and what pages may read, are for who asked.
    """
    without = ["content-length", "cache-status"]
    without += [] if own else ["set-cookie", *PERMISSION_HEADERS]
    without += [] if plain is None else ["content-encoding"]
    headers = end_to_end(answer.headers.items(), without=without)
    headers.append(("Cache-Status", appended_cache_status(answer.headers, cache_status([handling]))))
    return Reply(answer.status, headers, answer.body if plain is None else plain, own, answer.rest)


def of_error(status: int, exception: str, content: str, error_code: str) -> Reply:
    """An error that we make ourselves; it carries no ``Cache-Status`` (RFC 9211 2)."""
    return Reply(status, [("Content-Type", _JSON)], error_body(exception, content, error_code))


def refused(reason: RefusalReason, origin: str, problem: str = "") -> Reply:
    """There is no answer to a read."""
    match reason:
        case RefusalReason.NOT_CACHED:
            return not_cached()
        case RefusalReason.NOT_SENT:
            return unreachable(origin, problem)
        case RefusalReason.LOST:
            return read_lost(origin, problem)
        case _:
            assert_never(reason)


def unreachable(origin: str, problem: str) -> Reply:
    """ftrack could not be reached, and nothing was sent."""
    return of_error(
        502,
        "UpstreamUnreachableError",
        f"ftrack-proxy cannot reach {origin} ({problem}). Nothing was sent; try again when the network or the "
        "server is back.",
        "proxy_upstream_unreachable",
    )


def read_lost(origin: str, problem: str) -> Reply:
    """ftrack did not answer a read."""
    return of_error(
        504,
        "UpstreamUnreachableError",
        f"ftrack-proxy got no whole answer from {origin} ({problem}). It was a read: it may be tried again.",
        "proxy_upstream_lost",
    )


def write_lost(origin: str, problem: str) -> Reply:
    """A write went out and its outcome is unknown."""
    return of_error(
        504,
        "WriteOutcomeUnknownError",
        f"ftrack-proxy sent this to {origin} and got no whole answer ({problem}). It may or may not have been "
        "carried out, and was not sent again: look before you repeat it.",
        "proxy_write_outcome_unknown",
    )


def failed() -> Reply:
    """A fault of ours kept a request from being answered."""
    return of_error(
        500,
        "ProxyError",
        "ftrack-proxy failed to answer this request; its log says more. Please report it.",
        "proxy_error",
    )


def not_cached() -> Reply:
    """The request asked for ``only-if-cached`` and nothing fresh is here (RFC 9111 5.2.1.7)."""
    return of_error(
        504,
        "NotCachedError",
        "The request allows cached answers only (Cache-Control: only-if-cached) and there is no fresh one.",
        "proxy_not_cached",
    )
