"""Events to changes: each event is entered into the change log once, whichever socket brings it first."""

from __future__ import annotations

import hashlib
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

import orjson

from ftrack_proxy.freshness.changes import changes_of_location_event, changes_of_update_event
from ftrack_proxy.protocol.hub_packets import hub_events
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.learning import Learning
from ftrack_proxy.request.understand import Understanding

_log = logging.getLogger(__name__)

UPDATE_TOPIC = "ftrack.update"
LOCATION_TOPICS = ("ftrack.location.component-added", "ftrack.location.component-removed")
TOPICS = (UPDATE_TOPIC, *LOCATION_TOPICS)


class HubIntake:
    """Takes in frames of any of our hub connections, own or relayed."""

    def __init__(
        self, journal: Journal, understanding: Understanding, learning: Learning, remembered: int = 10_000
    ) -> None:
        self._journal = journal
        self._understanding = understanding
        self._learning = learning
        self._remembered = remembered
        self._seen: OrderedDict[bytes, None] = OrderedDict()

    def take(self, frame: str) -> None:
        """Record what a frame tells of. Called before the frame is passed on to anybody (G2)."""
        for event in hub_events(frame):
            if event.get("topic") in TOPICS and not self._is_repeated(event):
                self._record(event)

    def _record(self, event: Mapping[str, Any]) -> None:
        topic, data = str(event["topic"]), event.get("data")
        catalogue = self._understanding.catalogue
        if topic == UPDATE_TOPIC:
            changes = changes_of_update_event(data, catalogue)
        else:
            changes = changes_of_location_event(topic, data, catalogue)
        if catalogue is not None and any(change.families is None for change in changes):
            self._count_wide(topic, data)
        self._journal.record(changes)
        if topic == UPDATE_TOPIC:
            self._learning.announced(data)

    def _count_wide(self, topic: str, data: Any) -> None:
        """Events that had to count as a change of anything are counted by kind, and logged once per kind."""
        entities = data.get("entities") if isinstance(data, dict) else None
        first = entities[0] if isinstance(entities, list) and entities else None
        kind = f"{topic} {first.get('entityType')} {first.get('action')}" if isinstance(first, dict) else topic
        self._journal.counters.unreadable_events[kind[:100]] += 1
        if self._journal.counters.unreadable_events[kind[:100]] == 1:
            _log.info("an event counts as a change of anything: %s", kind[:100])

    def _is_repeated(self, event: Mapping[str, Any]) -> bool:
        """The same event comes through our own subscription and through every relayed connection.

        Only an event with an id can be recognised; its content counts too, should ids be reused.
        """
        if not event.get("id"):
            return False
        fingerprint = hashlib.blake2b(orjson.dumps(event, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()
        if fingerprint in self._seen:
            return True
        self._seen[fingerprint] = None
        if len(self._seen) > self._remembered:
            self._seen.popitem(last=False)
        return False
