"""Changes and where they come from: one place to import them from."""

from __future__ import annotations

from ftrack_proxy.freshness.announced import changes_of_location_event, changes_of_update_event
from ftrack_proxy.freshness.change import (
    UNKNOWN,
    Change,
    ChangeKind,
    ChangeSource,
    OldNew,
    Unknown,
    anything,
)
from ftrack_proxy.freshness.written import changes_of_operations, only_reads

__all__ = [
    "UNKNOWN",
    "Change",
    "ChangeKind",
    "ChangeSource",
    "OldNew",
    "Unknown",
    "anything",
    "changes_of_location_event",
    "changes_of_operations",
    "changes_of_update_event",
    "only_reads",
]
