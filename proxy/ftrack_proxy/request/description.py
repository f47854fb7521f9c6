"""What a request asks, in words for the log: none of a client's values, and no name that the schema does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import NotUnderstood, parse
from ftrack_proxy.language.shape import shape_of
from ftrack_proxy.protocol.operations import Operation, OperationKind, parse_batch
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.per_catalogue import per_catalogue

_MOST_OPERATIONS = 3
_LONGEST = 300
_NAME: Final = re.compile(r"\w+")
_LANGUAGE: Final = frozenset(
    _NAME.findall(
        "select from where and or not in not_in any has all is is_not like not_like before after between contains "
        "group by order asc desc ascending descending offset limit min max sum avg count true false none null"
    )
)
_ACTIONS: Final = frozenset(
    _NAME.findall(
        "create update delete search get_widget_url get_upload_metadata complete_multipart_upload generate_signed_url"
    )
)
# Of paths and methods only these are named.
_PATHS: Final = (
    "/component/get",
    "/component/thumbnail",
    "/component/remove",
    "/component/getPutMetadata",
    "/socket.io/1/websocket/",
    "/socket.io/1/",
    "/client/",
    "/-/health",
    "/-/ready",
    "/-/status",
    "/-/explain",
    "/user/api_credentials",
)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE"})


def described_request(method: str, path: str) -> str:
    """Say what a request other than ``POST /api`` is for."""
    known = next((known for known in _PATHS if path.startswith(known)), "/" if path == "/" else "another path")
    return f"{method if method in _METHODS else 'another method'} {known}"


def described_batch(body: bytes | None, catalogue: Catalogue | None) -> str:
    """Say what the operations of a body ask; ``None`` is a body that was not kept."""
    if body is None:
        return "a long or unread batch"
    batch = parse_batch(body)
    if batch is None:
        return "a batch that cannot be read"
    vocabulary = _vocabulary(catalogue)
    shown = [_operation(operation, vocabulary) for operation in batch.operations[:_MOST_OPERATIONS]]
    more = len(batch.operations) - len(shown)
    return "; ".join(shown + ([f"and {more} more"] if more else [])) or "an empty batch"


def _operation(operation: Operation, vocabulary: frozenset[str]) -> str:
    match operation.kind:
        case OperationKind.QUERY:
            return _query(operation.expression, vocabulary)
        case OperationKind.SERVER_INFORMATION | OperationKind.SCHEMAS:
            return str(operation.kind.value)
        case OperationKind.OTHER:  # pragma: no branch - the last kind
            return _other(operation.content, vocabulary)


def _query(expression: str, vocabulary: frozenset[str]) -> str:
    try:
        text = canonical(shape_of(parse(expression)), window=False)
    except (NotUnderstood, RecursionError):
        return "a query that is not understood"
    return "query " + _known(text[:_LONGEST], vocabulary)


def _other(content: Any, vocabulary: frozenset[str]) -> str:
    action = content.get("action") if isinstance(content, Mapping) else None
    if not isinstance(action, str) or action not in _ACTIONS:
        return "another action"
    entity_type = content.get("entity_type")
    return f"{action} {_known(entity_type[:_LONGEST], vocabulary)}" if isinstance(entity_type, str) else action


def _known(text: str, vocabulary: Iterable[str]) -> str:
    """The text with a question mark for each word that is the client's own."""
    return _NAME.sub(lambda word: word[0] if word[0] in vocabulary else "?", text).replace('""', "?")


def _vocabulary(catalogue: Catalogue | None) -> frozenset[str]:
    return _LANGUAGE if catalogue is None else _words_of(catalogue)


@per_catalogue
def _words_of(catalogue: Catalogue) -> frozenset[str]:
    names = {name for entity_type in catalogue.types.values() for name in entity_type.attributes}
    return _LANGUAGE | names | catalogue.types.keys()
