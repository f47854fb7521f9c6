"""The body of ``POST /api``: bytes to a batch of operations, each with the bytes it was written in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

_WHITE_SPACE = " \t\n\r"

# Values of `query_server_information` that are the same for every caller and change with the server's
# configuration only; all others (`user_information` ...) are per caller or unknown.
SHARED_SERVER_VALUES = frozenset(
    {
        "version",
        "schema_hash",
        "is_timezone_support_enabled",
        "storage_scenario",
        "is_nested_subqueries_enabled",
        "week_startday",
        "workday_length",
        "default_colors",
        "product",
    }
)


class OperationKind(Enum):
    """What the proxy can do with an operation: answer the three reads, forward everything else."""

    QUERY = "query"
    SERVER_INFORMATION = "query_server_information"
    SCHEMAS = "query_schemas"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Operation:
    """One entry of a batch.

    ``raw`` is the entry's own text in the client's body; ``canonical`` is its identity (the same members in
    the same order whatever the client's spelling), ``None`` for what is never looked up.
    """

    kind: OperationKind
    content: Any
    raw: bytes
    canonical: bytes | None

    @property
    def expression(self) -> str:
        """The query's text; only for ``OperationKind.QUERY``."""
        return str(self.content["expression"])

    def asking(self, expression: str) -> Operation:
        """The same query with another text; all other members stay."""
        content = {**self.content, "expression": expression}
        return Operation(self.kind, content, orjson.dumps(content), orjson.dumps(content, option=orjson.OPT_SORT_KEYS))


@dataclass(frozen=True, slots=True)
class Batch:
    """The operations of one request body, in order."""

    operations: tuple[Operation, ...]

    @property
    def only_reads(self) -> bool:
        """True if every operation is one that the proxy may answer by itself."""
        return bool(self.operations) and all(o.kind is not OperationKind.OTHER for o in self.operations)


class _DuplicateMember(ValueError):
    """An object names a member twice: which one ftrack reads is not ours to guess."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise _DuplicateMember
    return members


_DECODER = json.JSONDecoder(object_pairs_hook=_members)


def parse_batch(body: bytes) -> Batch | None:
    """Take a request body apart, or return ``None`` for what is not a JSON list of values.

    Malformed bodies, a top-level object and objects with a member named twice are ftrack's to answer
    (ftrack-protocol 2.1), so none of them is an error here.
    """
    try:
        text = body.decode("utf-8")
        entries = list(_entries(text))
    except (ValueError, RecursionError):
        return None
    return Batch(tuple(_operation(content, raw) for content, raw in entries))


def _entries(text: str) -> Any:
    """Yield each element of the JSON list in ``text`` with the bytes it was written in."""
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        raise ValueError("not a list")
    position = _skip(text, position + 1)
    if text[position : position + 1] == "]":
        _expect_end(text, position + 1)
        return
    while True:
        content, end = _DECODER.raw_decode(text, position)
        yield content, text[position:end].encode("utf-8")
        position = _skip(text, end)
        separator = text[position : position + 1]
        if separator == "]":
            _expect_end(text, position + 1)
            return
        if separator != ",":
            raise ValueError("no comma between elements")
        position = _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    while position < len(text) and text[position] in _WHITE_SPACE:
        position += 1
    return position


def _expect_end(text: str, position: int) -> None:
    if _skip(text, position) != len(text):
        raise ValueError("text after the list")


def _operation(content: Any, raw: bytes) -> Operation:
    kind = _kind(content)
    canonical = None
    if kind is not OperationKind.OTHER:
        try:
            canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        except (orjson.JSONEncodeError, RecursionError):
            # Odd but legal JSON (huge integers, lone surrogates): forwarded as written, never looked up.
            kind = OperationKind.OTHER
    return Operation(kind, content, raw, canonical)


def _kind(content: Any) -> OperationKind:
    if not isinstance(content, dict):
        return OperationKind.OTHER
    match content.get("action"):
        case "query" if isinstance(content.get("expression"), str):
            return OperationKind.QUERY
        case "query_server_information" if _asks_for_shared_values(content.get("values")):
            return OperationKind.SERVER_INFORMATION
        case "query_schemas":
            return OperationKind.SCHEMAS
        case _:
            return OperationKind.OTHER


def _asks_for_shared_values(values: Any) -> bool:
    if values is None:
        return True
    return isinstance(values, list) and all(isinstance(v, str) and v in SHARED_SERVER_VALUES for v in values)
