"""Frames to changes: what the event hub tells is in the change log before anybody else hears of it (G2)."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Iterator, Sequence
from typing import Any, Final

import aiohttp

from ftrack_proxy.changes.change import Change, ChangeSource, anything
from ftrack_proxy.changes.event_items import entities_in, read_items
from ftrack_proxy.changes.update_events import changes_of_items, changes_of_location_event
from ftrack_proxy.hub.messages import HubMessage
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.protocol.hub_events import (
    TOPICS,
    UPDATE_TOPIC,
    HubEvent,
    Unreadable,
    UnreadableReason,
    payload_of,
    read_events,
)
from ftrack_proxy.request.ledger.coverage_learning import CoverageLearner
from ftrack_proxy.request.ledger.journal import Journal
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.request.running.threads import in_thread
from ftrack_proxy.values.bounded_map import BoundedMap

_log = logging.getLogger(__name__)

# Each bound is a step of at most a few milliseconds. Bytes that are read at once, and in a thread of their own:
_READ_AT_ONCE: Final = 2**15
_MOST_READ: Final = 2**20
# Entities that are taken in one step, and in all; of more than that, too many answers would have to be asked for
# again for it to matter which.
_TAKEN_AT_ONCE: Final = 16
_MOST_TAKEN: Final = 1_000
# Large events that are taken apart at a time.
_MOST_AT_A_TIME: Final = 4

_REMEMBERED: Final = 10_000


class HubIntake:
    """Takes in what comes over any connection to the hub, our own or a relayed one.

    Nothing that comes can make this fail, and nothing is ever passed over: what cannot be read, or would take too
    long, counts as a change of anything. A large event counts so until it has been taken apart.
    """

    def __init__(self, journal: Journal, counters: Counters, schema: KnownSchema, learning: CoverageLearner) -> None:
        self._journal = journal
        self._counters = counters
        self._schema = schema
        self._learning = learning
        self._seen: BoundedMap[bytes, None] = BoundedMap(_REMEMBERED)
        # Large events that are being taken apart, and the wide changes that stand for each meanwhile.
        self._large: dict[bytes, list[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def take_message(self, message: HubMessage) -> None:
        """Take in whatever a websocket gave. Frames are bytes: texts are not decoded before they are read."""
        match message.type:
            case aiohttp.WSMsgType.TEXT:
                self.take(message.data)
            case aiohttp.WSMsgType.BINARY:
                self._take_as_anything(UnreadableReason.BINARY)
            case aiohttp.WSMsgType.ERROR if isinstance(message.data, aiohttp.WebSocketError):
                self._take_as_anything(UnreadableReason.BROKEN)

    def take(self, frame: bytes) -> None:
        """Record what a frame tells of. Called before the frame is passed on to anybody."""
        try:
            payload = payload_of(frame)
            if payload is not None:
                self._take_payload(payload)
        except Unreadable as error:
            self._take_as_anything(error.reason)
        except Exception as error:
            note_fault(self._counters, "taking in a frame of the event hub", error)
            self._take_as_anything(UnreadableReason.FAULT)

    async def close(self) -> None:
        """Give up what is being taken apart; it has been recorded as a change of anything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take_payload(self, payload: memoryview) -> None:
        if len(payload) > _MOST_READ:
            raise Unreadable(UnreadableReason.TOO_LARGE)
        fingerprint = hashlib.blake2b(payload, digest_size=16).digest()
        if fingerprint in self._seen:
            return
        if len(payload) > _READ_AT_ONCE:
            self._take_slowly(payload, None, fingerprint)
            return
        events = read_events(payload)
        if sum(len(entities) for entities in map(_entities, events)) > _TAKEN_AT_ONCE:
            self._take_slowly(payload, events, fingerprint)
            return
        for event in events:
            self._record(event)
        self._remember(fingerprint, events)

    # -- large events

    def _take_slowly(self, payload: memoryview, events: Sequence[HubEvent] | None, fingerprint: bytes) -> None:
        """Count an event as a change of anything, until each of its entities has been recorded."""
        self._journal.record([anything(ChangeSource.HUB_EVENT)])
        seq = self._journal.log.head
        if fingerprint in self._large:
            self._large[fingerprint].append(seq)
        elif len(self._large) >= _MOST_AT_A_TIME:
            self._count(UnreadableReason.TOO_MANY.value)
        else:
            self._large[fingerprint] = [seq]
            task = asyncio.get_running_loop().create_task(
                self._take_apart(payload, events, fingerprint), name="take a large event apart"
            )
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _take_apart(self, payload: memoryview, events: Sequence[HubEvent] | None, fingerprint: bytes) -> None:
        try:
            if events is None:
                events = await in_thread(read_events, payload)
            if sum(len(entities) for entities in map(_entities, events)) > _MOST_TAKEN:
                raise Unreadable(UnreadableReason.TOO_LARGE)
            for part in _parts(events):
                self._record(part)
                await asyncio.sleep(0)
            self._remember(fingerprint, events)
            wide = self._large[fingerprint]
            # What came a second time meanwhile may be something else that was said in the same words.
            if len(wide) == 1 or fingerprint in self._seen:
                for seq in wide:
                    self._journal.log.supersede(seq)
        except Unreadable as error:
            self._count(error.reason.value)
        except Exception as error:
            note_fault(self._counters, "taking a large event apart", error)
            self._count(UnreadableReason.FAULT.value)
        finally:
            del self._large[fingerprint]

    # -- recording

    def _record(self, event: HubEvent) -> None:
        if event.topic not in TOPICS:
            return
        catalogue = self._schema.catalogue
        if event.topic == UPDATE_TOPIC:
            items = read_items(event.data, catalogue)
            self._record_changes(event.topic, changes_of_items(items, catalogue))
            self._learning.take_announced(items)
        else:
            self._record_changes(event.topic, changes_of_location_event(event.topic, event.data, catalogue))

    def _record_changes(self, topic: str, changes: Sequence[Change]) -> None:
        self._journal.record(changes)
        if self._schema.catalogue is not None:
            for change in changes:
                if change.families is None:
                    self._count_change(topic, change)

    def _take_as_anything(self, reason: UnreadableReason) -> None:
        self._journal.record([anything(ChangeSource.HUB_EVENT)])
        self._count(reason.value)

    def _count(self, reason: str) -> None:
        """Count an event of which not even the entities are known; own writes may have been among them."""
        self._learning.forget_expected()
        self._count_wide(reason)

    def _count_change(self, topic: str, change: Change) -> None:
        catalogue = self._schema.catalogue
        known = catalogue is not None and change.entity_type in catalogue.types
        self._count_wide(f"{topic} {change.entity_type if known else 'unknown'} {change.kind.value}")

    def _count_wide(self, kind: str) -> None:
        """What had to count as a change of anything is counted by kind, and logged once per kind."""
        if self._counters.unreadable_events.note(kind):
            _log.info("an event counts as a change of anything: %s", kind)

    # -- repetitions

    def _remember(self, fingerprint: bytes, events: Sequence[HubEvent]) -> None:
        """The same event comes through our own subscriptions and every relayed connection: once is enough.

        It is known by all that it says, under an id of the server's making. What clients publish is taken in
        each time: nothing keeps them from saying the same twice, under one id, with something else in between.
        """
        if all(event.topic == UPDATE_TOPIC and event.event_id for event in events):
            self._seen.put(fingerprint, None)


def _entities(event: HubEvent) -> Sequence[Any]:
    return (entities_in(event.data) or ()) if event.topic == UPDATE_TOPIC else ()


def _parts(events: Sequence[HubEvent]) -> Iterator[HubEvent]:
    """The events again, each with few entities."""
    for event in events:
        entities = _entities(event)
        if not entities:
            yield event
        for start in range(0, len(entities), _TAKEN_AT_ONCE):
            part = {**event.data, "entities": entities[start : start + _TAKEN_AT_ONCE]}
            yield HubEvent(event.topic, part, event.event_id)
