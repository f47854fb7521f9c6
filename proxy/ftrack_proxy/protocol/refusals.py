"""Which answers prove that ftrack knows a client, that it does not, or that it has changed nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ftrack_proxy.facts.actions import ACTIONS
from ftrack_proxy.protocol.responses import is_success, refuses_credentials

_FOR_USERS = frozenset(action.name for action in ACTIONS if action.for_users)
_IN_ONE_TRANSACTION = frozenset(action.name for action in ACTIONS if action.in_transaction)
# RFC 9110 15.5: the request was not carried out, for what it is and not for what happened while it was. Others may
# come from a server that tried (500), a gateway that lost patience (504), or one that looks into answers (403).
_NOT_CARRIED_OUT = frozenset({401, 404, 405, 407, 411, 413, 414, 415, 417, 421, 426, 429, 431})


def proves_acceptance(answer: Any, actions: Sequence[str | None]) -> bool:
    """True if an answer, decoded, is one that ftrack gives only to users that it knows."""
    if not is_success(answer, len(actions)):
        return False
    pairs = zip(actions, answer, strict=True)
    return any(action in _FOR_USERS and isinstance(entry, Mapping) and "data" in entry for action, entry in pairs)


def turns_away(status: int, content_type: str, answer: Any) -> bool:
    """True if a gateway in front of ftrack holds a request back: it asks for a log-in, or shows a page of its own.

    ``answer`` is decoded, ``None`` if it cannot be. Errors of ftrack's, or of a gateway in trouble, do not count.
    """
    if isinstance(answer, list) or _is_error(answer):
        return False
    if 200 <= status < 300:
        return "json" not in content_type.lower()
    return status in (401, 403, 407) or 300 <= status < 400


def api_changed_nothing(status: int, answer: Any, actions: Sequence[str | None] | None, *, is_anonymous: bool) -> bool:
    """True if the answer to a batch proves that it changed nothing. An error may also come after the commit.

    ``answer`` is decoded, ``None`` if it cannot be. ``actions`` are those of the batch, ``None`` if it cannot be read.
    ``is_anonymous``: the request carried nothing for which it could have been accepted.
    """
    if isinstance(answer, list):
        return False
    if refuses_credentials(answer):
        return True
    if _is_error(answer):
        transaction = actions is not None and all(action in _IN_ONE_TRANSACTION for action in actions)
        return is_anonymous or (answer["exception"] == "PermissionError" and transaction)
    return status in _NOT_CARRIED_OUT or (is_anonymous and 300 <= status < 500)


def changed_nothing(status: int, *, is_anonymous: bool) -> bool:
    """The same for a request to any other end point, of whose answer only the status says something."""
    return status in _NOT_CARRIED_OUT or status == 403 or (is_anonymous and 300 <= status < 500)


def _is_error(answer: Any) -> bool:
    return isinstance(answer, Mapping) and isinstance(answer.get("exception"), str)
