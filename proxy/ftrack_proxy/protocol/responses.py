"""The body of an answer to ``POST /api``: success or not, and the part that belongs to one operation."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from ftrack_proxy.protocol.operations import OperationKind

# Errors by which ftrack says that it does not (or no longer) know a user and key (ftrack-protocol 1.4).
_CREDENTIAL_ERRORS = frozenset({"InvalidCredentialsError", "FTAuthenticationError"})


def decode(body: bytes) -> Any:
    """Decode JSON as leniently as ftrack's clients do (``NaN`` included); ``ValueError`` if it is none."""
    return decode_exactly(body)[0]


def decode_exactly(body: bytes) -> tuple[Any, bool]:
    """The same, and whether every value can be encoded again: not ``NaN``, infinity or half a surrogate pair."""
    try:
        return orjson.loads(body), True
    except orjson.JSONDecodeError:
        return json.loads(body), False


def is_success(answer: Any, operations: int) -> bool:
    """Tell success from failure: a list as long as the batch, whatever the HTTP status (ftrack-protocol 1.4)."""
    return isinstance(answer, list) and len(answer) == operations


def refuses_credentials(answer: Any) -> bool:
    """True if the answer is ftrack's error for a user and key that it does not accept."""
    name = answer.get("exception") if isinstance(answer, Mapping) else None
    return isinstance(name, str) and name in _CREDENTIAL_ERRORS


def is_refusal(body: bytes) -> bool:
    """True for ftrack's error for a question that it does not like; not for credentials, or a gateway's page."""
    try:
        answer = decode(body)
    except (ValueError, RecursionError):
        return False
    return isinstance(answer, Mapping) and "exception" in answer and not refuses_credentials(answer)


def is_complete(kind: OperationKind, entry: Any) -> bool:
    """True if one operation's entry has the shape that its action's answers have; only such are kept."""
    match kind:
        case OperationKind.QUERY:
            return isinstance(entry, dict) and isinstance(entry.get("data"), list)
        case OperationKind.SERVER_INFORMATION:
            return isinstance(entry, dict) and "schema_hash" in entry
        case OperationKind.SCHEMAS:
            return isinstance(entry, list) and bool(entry)
        case OperationKind.OTHER:  # pragma: no branch - the last kind
            return False


def sole_entry(body: bytes) -> bytes:
    """Cut the only entry, byte for byte, out of a list of one."""
    return body.strip()[1:-1].strip()


def known_attributes(entry: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Collect what an answer says of each entity: (type, id) to attribute values.

    References become (type, id) pairs and collections lists of those, so that two answers can be compared
    attribute by attribute although only the first occurrence of an entity is written in full.
    """
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for entity in _entities(entry):
        key = _entity_key(entity)
        if key is not None:
            values = {name: _comparable(value) for name, value in entity.items()}
            found.setdefault(key, {}).update(values)
    return found


def contradict(
    first: Mapping[tuple[str, str], Mapping[str, Any]], second: Mapping[tuple[str, str], Mapping[str, Any]]
) -> bool:
    """True if two answers give different values to the same attribute of the same entity."""
    for key in first.keys() & second.keys():
        mine, theirs = first[key], second[key]
        if any(mine[name] != theirs[name] for name in mine.keys() & theirs.keys()):
            return True
    return False


def _entities(value: Any) -> Iterator[dict[str, Any]]:
    pending = [value]
    while pending:
        current = pending.pop()
        if isinstance(current, dict):
            if "__entity_type__" in current:
                yield current
            pending.extend(current.values())
        elif isinstance(current, list):
            pending.extend(current)


def _entity_key(entity: Mapping[str, Any]) -> tuple[str, str] | None:
    identity = entity.get("id")
    return (str(entity["__entity_type__"]), identity) if isinstance(identity, str) else None


def _comparable(value: Any) -> Any:
    if isinstance(value, dict) and "__entity_type__" in value:
        return _entity_key(value) or value
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    return value
