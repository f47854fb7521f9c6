"""Targets without sockets: what reads texts and bytes of clients, of ftrack and of the event hub."""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any

from ftrack_proxy.changes.event_items import read_items
from ftrack_proxy.changes.own_writes import changes_of_writes
from ftrack_proxy.changes.update_events import changes_of_items
from ftrack_proxy.changes.writes import read_writes
from ftrack_proxy.entities.normalise import NotNormalisable, normalise
from ftrack_proxy.language.braces import expand_braces
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import NotUnderstood, parse
from ftrack_proxy.language.shape import shape_of
from ftrack_proxy.protocol import hub_packets
from ftrack_proxy.protocol.headers import end_to_end, parse_cache_control
from ftrack_proxy.protocol.hub_conversation import HubConversation
from ftrack_proxy.protocol.hub_events import TOPICS, Unreadable, payload_of, read_events
from ftrack_proxy.protocol.operations import parse_batch
from ftrack_proxy.protocol.representation import form_of
from ftrack_proxy.protocol.responses import decode_exactly
from ftrack_proxy.schema.names import types_in_event
from tests.fuzz import material
from tests.fuzz.material import either, json_text, lists, mangled, objects, words
from tests.test_judging.cases import bind, catalogue

Target = tuple[Callable[[Random], Any], Callable[[Any], None]]
"""What draws an input (``str`` or ``bytes``), and what fails if it breaks a promise."""

CATALOGUE = catalogue()
_TREE = bind("select name, status.name, parent.name, children.name from Task", CATALOGUE).tree
_HUB_TOPICS = frozenset({"ftrack.update", "ftrack.location.component-added", "ftrack.location.component-removed"})


def lenient(text: str | bytes) -> Any:
    """Read JSON as the most lenient of clients does, or ``None``."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def expression(text: str) -> None:
    """An expression is not understood, or one of its spellings is the same query."""
    expand_braces(text)
    try:
        query = parse(text)
    except NotUnderstood:
        return
    spelt = canonical(query)
    assert canonical(parse(spelt)) == spelt
    shape_of(query)


def batch(body: bytes) -> None:
    """A body is not taken apart, or into what any reader finds in it, each part with the very bytes of it."""
    taken = parse_batch(body)
    if taken is None:
        return
    whole = lenient(body)
    assert isinstance(whole, list)
    assert len(whole) == len(taken.operations)
    for operation, content in zip(taken.operations, whole, strict=True):
        assert repr(operation.content) == repr(content)
        assert repr(lenient(operation.raw)) == repr(content)


def packet(text: str) -> None:
    """A frame, a handshake: read or not, never an error. A frame of events tells of some, or that it cannot be read."""
    frame = text.encode("utf-8", "surrogatepass")
    packet = hub_packets.parse_packet(frame)
    if packet is not None:
        hub_packets.parse_acknowledgement(packet)
    handshake = hub_packets.parse_handshake(text)
    assert handshake is None or handshake.heartbeat is None or handshake.heartbeat < 1e6
    HubConversation(TOPICS, "ana", lambda: "id").hear(frame)
    try:
        payload = payload_of(frame)
        events = None if payload is None else read_events(payload)
    except Unreadable:
        return
    assert events or not text.startswith("5")


def update_event(text: str) -> None:
    """Whatever an event names is told of by one of its changes."""
    event = lenient(text)
    data = event.get("data") if isinstance(event, dict) else event
    items = read_items(data, CATALOGUE)
    changes = changes_of_items(items, CATALOGUE)
    entities = data.get("entities") if isinstance(data, dict) else None
    if not isinstance(entities, list):
        assert any(change.families is None for change in changes)
        return
    for entity in entities:
        if not isinstance(entity, dict):
            assert any(change.families is None for change in changes)
            continue
        name = entity.get("entityType")
        types = types_in_event(name, CATALOGUE) if isinstance(name, str) else ()
        families = {CATALOGUE.family_of[type_name] for type_name in types}
        identity = entity.get("entityId")
        assert any(
            change.families is None
            or (families and families <= change.families and change.entity_id in (None, identity))
            for change in changes
        )


def written(text: str) -> None:
    """A batch that writes has changed something."""
    operations = lenient(text)
    if not isinstance(operations, list):
        return
    changes = changes_of_writes(read_writes(operations, CATALOGUE), CATALOGUE)
    actions = [operation.get("action") if isinstance(operation, dict) else None for operation in operations]
    if any(action in ("create", "update", "delete", None) for action in actions):
        assert changes


def answer(text: str) -> None:
    """The rows of an answer are taken apart, or it is said that they cannot be."""
    try:
        rows, exact = decode_exactly(text.encode("utf-8", "surrogatepass"))
    except (ValueError, RecursionError):
        return
    # What cannot be written again is never taken apart.
    if not exact or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        return
    for normalised in (True, False):
        try:
            normalise(rows, _TREE, CATALOGUE, normalised=normalised)
        except NotNormalisable:
            pass


def header(value: str) -> None:
    """A header's value asks for something or for nothing."""
    parse_cache_control(value)
    form_of(value)
    end_to_end([("Connection", value), ("Cache-Control", value)])


_DIRECTIVES = (
    "no-cache", "no-store", "max-age=5", "max-age", "max-age=-1", "only-if-cached", "max-stale=1", "=", '"', ";",
    "close", "strict:1", "denormalize:1", "strict=true", "strict:1;denormalize:1", "ftrack-user", "é", "\udcff", "\x00",
    " ",
)  # fmt: skip


def _header_value(chance: Random) -> str:
    if chance.random() < 0.05:
        return f"max-age={'9' * chance.randrange(6_000)}"
    return chance.choice((",", ";", "")).join(chance.choices(_DIRECTIVES, k=chance.randrange(6)))


def _event_frame(chance: Random) -> str:
    return f'5:::{{"name":"ftrack.event","args":{lists(material.event, 2)(chance)}}}'


def _control_frame(chance: Random) -> str:
    return chance.choice(("5:::", "5:1+::", "6:::1+", "0::", "1::", "2:::", "7:::", "", "²:::")) + json_text(chance)


def _handshake(chance: Random) -> str:
    return "".join(
        chance.choices(
            ("abc", ":", ":", "²5", "25", "-1", "websocket", ",", "9" * 5_000, "1e9", "٣"), k=chance.randrange(9)
        )
    )


def frame(chance: Random) -> str:
    """A frame of the hub, or what should have been a handshake."""
    return either(_event_frame, _event_frame, _control_frame, _handshake)(chance)


_operations = lists(material.operation)
_rows = lists(
    objects(
        __entity_type__=words("Task", "Status", "Shot"),
        id=words("T1"),
        status=objects(__entity_type__=words("Status"), id=words("A"), name=words("x")),
        parent=objects(__entity_type__=words("Shot"), id=words("S1"), name=words("x")),
        children=lists(objects(__entity_type__=words("Task"), id=words("T1"))),
    )
)


def _body(chance: Random) -> bytes:
    body = _operations(chance).encode("utf-8", "surrogatepass")
    return body if chance.random() < 0.5 else mangled(body, chance)


TARGETS: dict[str, Target] = {
    "expression": (material.expression, expression),
    "batch": (_body, batch),
    "packet": (frame, packet),
    "update_event": (either(material.event, material.event, json_text), update_event),
    "written": (_operations, written),
    "answer": (_rows, answer),
    "header": (_header_value, header),
}
