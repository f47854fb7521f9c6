"""JSON read strictly: values with the text that they were written in, and nothing that readers could differ about."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

_WHITE_SPACE = re.compile(r"[ \t\n\r]*")


class OddJson(ValueError):
    """Not JSON, or JSON that readers do not agree about: a member named twice, ``NaN``, a number without end."""


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise OddJson("a member named twice")
    return members


def _finite(text: str) -> float:
    number = float(text)
    if number - number != 0:
        raise OddJson("a number too large")
    return number


def _refuse(_: str) -> NoReturn:
    raise OddJson("not a number")


# Python's own readers and writers take these, and send them.
_LENIENT = json.JSONDecoder(object_pairs_hook=_members)
_STRICT = json.JSONDecoder(object_pairs_hook=_members, parse_constant=_refuse, parse_float=_finite)


def loads_strictly(text: str) -> Any:
    """Decode one document.

    Raises:
        OddJson: for anything else.
    """
    value, end = _value_at(text, _skip(text, 0), _STRICT)
    _expect_end(text, end)
    return value


def elements(text: str, *, finite: bool = True) -> Iterator[tuple[Any, str]]:
    """Yield each element of the JSON list that ``text`` is, with its own text. ``finite``: no ``NaN`` or infinity.

    Raises:
        OddJson: it is something else; some elements may have been yielded.
    """
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        raise OddJson("not a list")
    position = _skip(text, position + 1)
    if text[position : position + 1] == "]":
        _expect_end(text, position + 1)
        return
    while True:
        value, end = _value_at(text, position, _STRICT if finite else _LENIENT)
        yield value, text[position:end]
        position = _skip(text, end)
        separator = text[position : position + 1]
        if separator == "]":
            _expect_end(text, position + 1)
            return
        if separator != ",":
            raise OddJson("no comma between elements")
        position = _skip(text, position + 1)


def _value_at(text: str, position: int, decoder: json.JSONDecoder) -> tuple[Any, int]:
    try:
        return decoder.raw_decode(text, position)
    except (ValueError, RecursionError) as error:
        # Also more digits than Python reads (a limit of its own), and nesting deeper than its stack.
        raise OddJson(type(error).__name__) from None


def _skip(text: str, position: int) -> int:
    blank = _WHITE_SPACE.match(text, position)
    assert blank is not None  # the expression matches the empty text, too
    return blank.end()


def _expect_end(text: str, position: int) -> None:
    if _skip(text, position) != len(text):
        raise OddJson("text after the end")
