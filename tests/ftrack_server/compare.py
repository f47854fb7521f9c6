"""Values against literals, which are read in the kind of the value that they meet (ftrack-protocol 4.2)."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from .language import Literal


class Wanted:
    """The literals of a list; text is looked up, for lists have thousands of ids."""

    def __init__(self, literals: Iterable[Literal]) -> None:
        self._literals = tuple(literals)
        self._texts = frozenset(literal.text for literal in self._literals if not literal.is_null)

    def has(self, leaf: Any) -> bool:
        """True if the value is one of them."""
        if isinstance(leaf, str):
            return leaf in self._texts
        return any(equal(leaf, literal) for literal in self._literals)


def compare(operator: str, leaf: Any, literal: Literal) -> bool:
    """``leaf operator literal``; with null on a side only `is` can hold."""
    if operator == "is":
        return equal(leaf, literal)
    if leaf is None or literal.is_null:
        return False
    if operator == "like":
        return _pattern(literal.text).fullmatch(_text(leaf)) is not None
    mine, theirs = _comparable(leaf, literal)
    if theirs is None:
        return False
    match operator:
        case ">":
            return bool(mine > theirs)
        case "<":
            return bool(mine < theirs)
        case ">=":
            return bool(mine >= theirs)
        case _:
            return bool(mine <= theirs)


def equal(leaf: Any, literal: Literal) -> bool:
    """True for the same value; one of a list's items will do."""
    if leaf is None or literal.is_null:
        return leaf is None and literal.is_null
    if isinstance(leaf, list):
        return any(equal(item, literal) for item in leaf)
    mine, theirs = _comparable(leaf, literal)
    return theirs is not None and bool(mine == theirs)


def _comparable(leaf: Any, literal: Literal) -> tuple[Any, Any]:
    """Both sides in the leaf's type; the second is ``None`` if the text cannot be read as such."""
    text = literal.text
    if isinstance(leaf, bool):
        return leaf, {"true": True, "1": True, "false": False, "0": False}.get(text.lower())
    if isinstance(leaf, int | float):
        try:
            return float(leaf), float(text)
        except ValueError:
            return leaf, None
    if isinstance(leaf, datetime.datetime):
        return leaf, _moment(text)
    return str(leaf), text


@lru_cache(maxsize=1024)
def _moment(text: str) -> datetime.datetime | None:
    try:
        moment = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    if moment.tzinfo is not None:
        moment = moment.astimezone(datetime.UTC).replace(tzinfo=None)
    return moment


def _text(leaf: Any) -> str:
    return leaf.isoformat() if isinstance(leaf, datetime.datetime) else str(leaf)


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    """``%`` is any text, ``\\%`` a percent sign."""
    pieces = re.split(r"(\\%|%)", text)
    return re.compile(
        "".join({"%": ".*", "\\%": "%"}.get(piece, re.escape(piece)) for piece in pieces), re.DOTALL | re.IGNORECASE
    )
