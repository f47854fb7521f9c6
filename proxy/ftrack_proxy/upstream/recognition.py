"""Is it ftrack that answers at an address, and whose is a key? Told from the answer to one harmless request."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

import orjson
from yarl import URL

from ftrack_proxy.protocol.responses import decode, refuses_credentials

PROBE_REQUEST = orjson.dumps(
    [{"action": "query_server_information", "values": ["version", "schema_hash", "user_information"]}]
)
# ftrack's own pages carry it; log-in dialogs of ftrack's tools look for it (ftrack-protocol 1.1).
VERSION_HEADER = "FTRACK_VERSION"
# The error codes of an ftrack-proxy.
_OF_A_PROXY = "proxy_"
_LONGEST = 60
_VERSION = re.compile(r"dev|\d{1,4}(\.\d{1,4}){1,4}([-.+][a-z]{1,6}\d{0,4})?")


class Recognition(Enum):
    """What kind of server answers."""

    FTRACK = "ftrack"
    REFUSED = "ftrack, which refuses user and key"
    TROUBLE = "something that cannot answer now"
    OTHER = "something else"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found out; ``message`` follows the address in the log."""

    what: Recognition
    message: str


def recognise(status: int, headers: Mapping[str, str], body: bytes, user: str | None) -> Finding:
    """Judge the answer to ``PROBE_REQUEST``, which was asked with the key of ``user``, or by nobody."""
    try:
        answer = decode(body)
    except (ValueError, RecursionError):
        answer = None
    if isinstance(answer, list) and len(answer) == 1 and _is_information(answer[0]):
        return _ftrack(answer[0], user)
    if isinstance(answer, Mapping) and isinstance(answer.get("exception"), str):
        return _error(answer, user)
    return _no_answer_of_ftrack(status, headers)


def recognise_page(status: int, headers: Mapping[str, str], other: Finding) -> Finding:
    """Judge the answer to a request for the first page, after ``other`` was found of ``PROBE_REQUEST``."""
    version = headers.get(VERSION_HEADER)
    if version is None or status >= 500:
        return other
    return Finding(Recognition.FTRACK, f"is ftrack{_version(version)}, though it does not answer to its API now")


def _is_information(entry: Any) -> bool:
    return isinstance(entry, Mapping) and isinstance(entry.get("schema_hash"), str) and "version" in entry


def _ftrack(entry: Mapping[str, Any], user: str | None) -> Finding:
    message = f"is ftrack{_version(entry['version'])}"
    whose = entry.get("user_information")
    if user is None:
        return Finding(Recognition.FTRACK, message)
    message += f"; it accepts the key of {_printable(user)}"
    if isinstance(whose, Mapping):
        name = whose.get("username")
        message += f", who is {_printable(name)} there" if isinstance(name, str) and name != user else ""
        message += " (a global key)" if whose.get("is_global_access_key") is True else ""
    return Finding(Recognition.FTRACK, message)


def _error(answer: Mapping[str, Any], user: str | None) -> Finding:
    code = answer.get("error_code")
    if isinstance(code, str) and code.startswith(_OF_A_PROXY):
        return Finding(
            Recognition.TROUBLE,
            "is another ftrack-proxy, which gets no answer from its own upstream: look at the log of that one",
        )
    if not refuses_credentials(answer):
        return Finding(Recognition.FTRACK, "answers as ftrack does, though with an error")
    if user is None:
        return Finding(Recognition.FTRACK, "is ftrack; it asks for a user and key, as it should")
    return Finding(
        Recognition.REFUSED,
        f"is ftrack, and refuses user {_printable(user)} with the key that is set: correct FTRACK_PROXY_API_USER and "
        "FTRACK_PROXY_API_KEY (or FTRACK_API_USER and FTRACK_API_KEY). Until then there is no change feed of that user",
    )


def _no_answer_of_ftrack(status: int, headers: Mapping[str, str]) -> Finding:
    if status >= 500 or status == 429:
        return Finding(Recognition.TROUBLE, f"answers with an error (status {status}): it is down, or overloaded")
    if status == 407:
        return Finding(Recognition.TROUBLE, "is behind an HTTP proxy that wants a user and password (status 407)")
    if 300 <= status < 400:
        leads = _origin_of(headers.get("Location", ""))
        where = f" to {leads}: if that is ftrack, name it" if leads else ": name the address that it leads to"
        return Finding(Recognition.OTHER, f"sends on{where} as the upstream (status {status})")
    if status in (401, 403):
        return Finding(
            Recognition.OTHER, f"wants a log-in that ftrack does not (status {status}): what stands in front of it?"
        )
    return Finding(
        Recognition.OTHER,
        f"answers, but not as ftrack does (status {status} to a POST to /api)",
    )


def _origin_of(location: str) -> str | None:
    try:
        url = URL(location)
        return _printable(f"{url.scheme}://{url.raw_authority.rpartition('@')[2]}") if url.host else None
    except ValueError:
        return None


def _version(value: object) -> str:
    return f" {value}" if isinstance(value, str) and _VERSION.fullmatch(value) else ""


def _printable(value: object) -> str:
    """A text of somebody else's, made safe for a log."""
    return "".join(letter if letter.isprintable() else "?" for letter in str(value)[:_LONGEST])
