"""What a request says of its sender: nothing at all, or a key of its own."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import parse_qsl

from ftrack_proxy.protocol.headers import may_authenticate

# Of the component end points (ftrack-protocol 1.1). Any other parameter may be a token.
_ANONYMOUS_PARAMETERS = frozenset({"id", "size"})
# User and key in a query string, where ftrack looks for them (ftrack-protocol 1.1, 6.1); elsewhere they mean nothing.
_QUERY_CREDENTIALS = {"component": ("username", "apiKey"), "socket.io": ("api_user", "api_key")}
_HEADER_CREDENTIALS = (("ftrack-user", "ftrack-api-key"), ("ftrack-user", "ftrack-apikey"))


def is_anonymous(raw_path: str, headers: Iterable[tuple[str, str]]) -> bool:
    """True if there is nothing by which ftrack, or a gateway in front of it, could know who asks."""
    _, mark, query = raw_path.partition("?")
    if mark and any(name not in _ANONYMOUS_PARAMETERS for name, _ in _parameters(query)):
        return False
    names = {name.lower() for name, _ in headers}
    own = {"cookie", *(name for pair in _HEADER_CREDENTIALS for name in pair)}
    return not names & own and not any(map(may_authenticate, names))


def has_own_key(raw_path: str, headers: Iterable[tuple[str, str]]) -> bool:
    """True if a request carries a user and key of its own: cookies, which a browser adds by itself, are not."""
    shown = {name.lower() for name, value in headers if value}
    if any(shown.issuperset(pair) for pair in _HEADER_CREDENTIALS):
        return True
    path, _, query = raw_path.partition("?")
    pair = _QUERY_CREDENTIALS.get(path.lstrip("/").partition("/")[0])
    return pair is not None and {name for name, value in _parameters(query) if value}.issuperset(pair)


def _parameters(query: str) -> list[tuple[str, str]]:
    return parse_qsl(query, keep_blank_values=True, errors="replace")
