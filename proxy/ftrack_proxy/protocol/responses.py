"""The body of an answer to ``POST /api``: success or not, and the part that belongs to one operation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from typing import Any

import orjson

from ftrack_proxy.protocol.json_text import OddJson, loads_strictly
from ftrack_proxy.protocol.operations import OperationKind

# Errors by which ftrack says that it does not (or no longer) know a user and key (ftrack-protocol 1.4).
_CREDENTIAL_ERRORS = frozenset({"InvalidCredentialsError", "FTAuthenticationError"})


# The charsets in which JSON may be said to be written; it is UTF-8 either way (RFC 8259 8.1).
_OUR_CHARSETS = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_CHARSET = re.compile(r";\s*charset\s*=\s*\"?([^\s;\"]*)", re.IGNORECASE)


def decode(body: bytes) -> Any:
    """Decode JSON as leniently as ftrack's clients do (``NaN`` included); ``ValueError`` if it is none."""
    return decode_exactly(body)[0]


def decode_exactly(body: bytes) -> tuple[Any, bool]:
    """The same, and whether the bytes are exactly what is expected: they may be cut, kept, and written anew.

    Not if there is a byte-order mark, another charset, a member named twice, or a value that cannot be written anew:
    ``NaN``, infinity, half a surrogate pair, one 250 levels deep.

    Raises:
        ValueError, RecursionError: it is no JSON.
    """
    try:
        decoded = orjson.loads(body)
        written = orjson.dumps(decoded)
    except (ValueError, TypeError):
        return json.loads(body), False
    if written.count(b":") == body.count(b":") and b"\\u003" not in body:
        return decoded, True
    # A member named twice, or a colon that is written as an escape.
    return decode_slowly(body)


def decode_slowly(body: bytes) -> tuple[Any, bool]:
    """The same in small steps: in a thread, others get the interpreter in between, however long it takes."""
    try:
        decoded = loads_strictly(body.decode("utf-8"))
        for part in _parts(decoded):
            orjson.dumps(part)
    except (OddJson, UnicodeDecodeError, TypeError):
        return json.loads(body), False
    return decoded, True


def _parts(decoded: Any) -> Iterator[Any]:
    """The rows of a query's answer one by one, anything else whole."""
    for entry in decoded if isinstance(decoded, list) else [decoded]:
        if isinstance(entry, dict) and isinstance(entry.get("data"), list):
            yield from entry["data"]
            yield {**entry, "data": None}
        else:
            yield entry


def is_readable(status: int, content_type: str, body: bytes) -> bool:
    """True if an answer's status and type allow us to believe a JSON body: it is whole, and it is UTF-8."""
    if not 200 <= status < 300 or status == 206:
        return False
    charset = _CHARSET.search(content_type)
    if charset is not None:
        return charset[1].lower() in _OUR_CHARSETS
    # Clients guess the charset of other types; there is nothing to guess in ASCII.
    media_type = content_type.partition(";")[0].strip().lower()
    return media_type.endswith(("/json", "+json")) or body.isascii()


def is_success(answer: Any, operations: int) -> bool:
    """Tell success from failure: a list as long as the batch, whatever the HTTP status (ftrack-protocol 1.4)."""
    return isinstance(answer, list) and len(answer) == operations


class Failure(Enum):
    """Why an answer is an error, which fails a whole batch (ftrack-protocol 2.2): ftrack does not know the user and
    key, refuses the operation, or something in between kept it from answering."""

    CREDENTIALS = "credentials"
    REFUSAL = "refusal"
    GATEWAY = "gateway"


def failure_of(status: int, answer: Any) -> Failure | None:
    """Tell why an answer is an error; ``None`` if it is none, whatever else it may be."""
    if refuses_credentials(answer):
        return Failure.CREDENTIALS
    if isinstance(answer, Mapping) and "exception" in answer:
        return Failure.REFUSAL
    return Failure.GATEWAY if status >= 400 and not isinstance(answer, list) else None


def refuses_credentials(answer: Any) -> bool:
    """True if the answer is ftrack's error for a user and key that it does not accept."""
    name = answer.get("exception") if isinstance(answer, Mapping) else None
    return isinstance(name, str) and name in _CREDENTIAL_ERRORS


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


def contradict(*answers: Mapping[tuple[str, str], Mapping[str, Any]]) -> bool:
    """True if two of the answers give different values to the same attribute of the same entity."""
    seen: dict[tuple[str, str], Mapping[str, Any]] = {}
    for answer in answers:
        for entity, values in answer.items():
            before = seen.get(entity)
            if before is None:
                seen[entity] = values
            elif any(before[name] != values[name] for name in before.keys() & values.keys()):
                return True
            else:
                seen[entity] = {**before, **values}
    return False


def query_entry(rows: Sequence[Any], following: int | None) -> dict[str, Any]:
    """A query's entry as ftrack writes it; ``following`` is the next page's offset (ftrack-protocol 2.1, 3.7)."""
    return {"action": "query", "data": list(rows), "metadata": {"next": {"offset": following}}}


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
