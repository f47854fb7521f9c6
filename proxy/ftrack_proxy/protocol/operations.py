"""The body of ``POST /api``: bytes to a batch of operations, each with the bytes it was written in."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson

from ftrack_proxy.facts.server_information import SHARED_SERVER_VALUES
from ftrack_proxy.protocol.json_text import elements

_SHARED_SERVER_VALUES = frozenset(value.name for value in SHARED_SERVER_VALUES)


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
        """The same query with another text; all other members stay as they are."""
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


# A body with more commas than this (5,000 operations have a tenth of it) takes longer to read than it is worth.
_MOST_COMMAS = 500_000


def parse_batch(body: bytes) -> Batch | None:
    """Take a request body apart, or return ``None`` for what is not a JSON list of values.

    Malformed bodies, a top-level object, objects with a member named twice, and immensely long lists are ftrack's
    to answer (ftrack-protocol 2.1), so none of them is an error here.
    """
    if body.count(b",") + body.count(b"[") > _MOST_COMMAS:
        return None
    try:
        entries = list(elements(body.decode("utf-8"), finite=False))
    except ValueError:
        return None
    return Batch(tuple(_operation(content, raw.encode()) for content, raw in entries))


def _operation(content: Any, raw: bytes) -> Operation:
    kind = _kind(content)
    canonical = None
    if kind is not OperationKind.OTHER:
        try:
            canonical = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        except (orjson.JSONEncodeError, RecursionError):
            pass
        if canonical is None or (b"null" in canonical and orjson.loads(canonical) != content):
            # Odd values (huge integers, half a surrogate pair, NaN): forwarded as written, never looked up.
            kind, canonical = OperationKind.OTHER, None
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
    return isinstance(values, list) and all(isinstance(v, str) and v in _SHARED_SERVER_VALUES for v in values)
