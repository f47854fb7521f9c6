"""The state of the proxy as one JSON document: ``/-/status``."""

from __future__ import annotations

from typing import Any

from ftrack_proxy import __version__
from ftrack_proxy.observe.counters import Counters


def status_document(
    *,
    upstream: str,
    upstream_requests: int,
    upstream_problem: str | None,
    feeds: list[tuple[bool, int, str | None]],
    changes: int,
    coverage: dict[str, Any],
    results: int,
    disk_bytes: int,
    entities: int,
    entities_bytes: int,
    store_trouble: str | None,
    state_trouble: str | None,
    counters: Counters,
    connections: dict[str, Any],
    connection_trouble: str | None,
) -> dict[str, Any]:
    """Put the document together. ``feeds`` are (connected, epoch, problem), the principal one first."""
    return {
        "version": __version__,
        "upstream": upstream,
        "feed": {
            "connected": bool(feeds) and feeds[0][0],
            "epoch": feeds[0][1] if feeds else None,
            "changes": changes,
            "feeds": len(feeds),
        },
        "cache": {
            "results": results,
            "disk_bytes": disk_bytes,
            "entities": entities,
            "entities_bytes": entities_bytes,
        },
        "requests": {
            "hits": counters.hits,
            "misses": counters.misses,
            "writes": counters.writes,
            "passed_through": counters.passed_through,
            "joined": counters.joined,
            "upstream": upstream_requests,
        },
        "connections": connections,
        "hits": dict(counters.kinds),
        "prefetch": {
            "requests": counters.prefetches,
            "rows": counters.prefetched,
            "used": counters.prefetched_used,
        },
        "coverage": coverage,
        "stale": dict(counters.stale),
        "wide_events": dict(counters.unreadable_events),
        "degraded": _degraded(feeds, upstream_problem, store_trouble, state_trouble, connection_trouble, counters),
    }


def _degraded(
    feeds: list[tuple[bool, int, str | None]],
    upstream_problem: str | None,
    store_trouble: str | None,
    state_trouble: str | None,
    connection_trouble: str | None,
    counters: Counters,
) -> list[str]:
    reasons = [f"change feed: {problem}" for connected, _, problem in feeds if not connected]
    if not feeds:
        reasons.append(
            "change feed: no credentials yet, so nothing that changes by events is cached; set "
            "FTRACK_PROXY_API_USER and FTRACK_PROXY_API_KEY"
        )
    if upstream_problem:
        reasons.append(f"upstream: {upstream_problem}")
    if store_trouble:
        reasons.append(f"store: {store_trouble}")
    if state_trouble:
        reasons.append(f"state: {state_trouble}")
    if connection_trouble:
        reasons.append(f"connections: {connection_trouble}")
    for kind, count in counters.faults.items():
        reasons.append(f"fault in {kind} ({count} times); no answer was lost, the log says more")
    return reasons
