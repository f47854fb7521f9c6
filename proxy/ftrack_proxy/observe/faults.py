"""Errors of the proxy itself in work that a reply can do without: they cost a cache hit, not the reply."""

from __future__ import annotations

import logging

from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.exception_summary import exception_summary

_log = logging.getLogger(__name__)


def note_fault(counters: Counters, work: str, error: Exception) -> None:
    """Count a fault in ``work``, and log the first of its kind."""
    kind = f"{work}: {type(error).__name__}"
    if counters.faults.note(kind):
        _log.error(
            "a fault of ftrack-proxy's own, which made it ask ftrack instead; please report it: %s",
            exception_summary(error),
        )
