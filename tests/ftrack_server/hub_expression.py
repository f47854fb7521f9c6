"""Subscription and target expressions of the event hub: `topic=ftrack.update and source.user.username="bo"`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

Test = Callable[[Mapping[str, Any]], bool]

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<paren>[()])
      | (?P<op>!=|>=|<=|=|>|<)
      | "(?P<double>[^"]*)"
      | '(?P<single>[^']*)'
      | (?P<word>[A-Za-z0-9\-_,./*@+]+)
    )""",
    re.VERBOSE,
)
_OPERATORS: dict[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
}
_FIELD = re.compile(r"[A-Za-z0-9_.]+")


class BadExpressionError(ValueError):
    """The text is not a subscription expression."""


def parse(text: str) -> Test:
    """Compile an expression into a test of events (or of subscriber metadata)."""
    parser = _Parser(_tokens(text), text)
    test = parser.either()
    if parser.peek() is not None:
        raise BadExpressionError(f"unexpected {parser.peek()!r} in {text!r}")
    return test


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    position = 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None:
            raise BadExpressionError(f"cannot read {text[position:]!r} in {text!r}")
        kind = match.lastgroup or ""
        tokens.append(("quoted" if kind in ("double", "single") else kind, match[kind]))
        position = match.end()
    return tokens


class _Parser:
    """Recursive descent: or, and, not, then a condition or a group."""

    def __init__(self, tokens: list[tuple[str, str]], text: str) -> None:
        self._tokens = tokens
        self._text = text
        self._at = 0

    def peek(self) -> tuple[str, str] | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _next(self) -> tuple[str, str]:
        token = self.peek()
        if token is None:
            raise BadExpressionError(f"{self._text!r} ends too early")
        self._at += 1
        return token

    def _keyword(self, word: str) -> bool:
        token = self.peek()
        if token is not None and token[0] == "word" and token[1].lower() == word:
            self._at += 1
            return True
        return False

    def either(self) -> Test:
        tests = [self._both()]
        while self._keyword("or"):
            tests.append(self._both())
        return tests[0] if len(tests) == 1 else lambda event: any(test(event) for test in tests)

    def _both(self) -> Test:
        tests = [self._negation()]
        while self._keyword("and"):
            tests.append(self._negation())
        return tests[0] if len(tests) == 1 else lambda event: all(test(event) for test in tests)

    def _negation(self) -> Test:
        if self._keyword("not"):
            test = self._negation()
            return lambda event: not test(event)
        if self.peek() == ("paren", "("):
            self._next()
            test = self.either()
            if self._next() != ("paren", ")"):
                raise BadExpressionError(f"missing ) in {self._text!r}")
            return test
        return self._condition()

    def _condition(self) -> Test:
        kind, field = self._next()
        if kind != "word" or not _FIELD.fullmatch(field):
            raise BadExpressionError(f"{field!r} is no key in {self._text!r}")
        kind, sign = self._next()
        if kind != "op":
            raise BadExpressionError(f"expected an operator after {field!r} in {self._text!r}")
        kind, value = self._next()
        if kind not in ("word", "quoted"):
            raise BadExpressionError(f"expected a value after {field!r} in {self._text!r}")
        return _condition(field, sign, value)


def _condition(field: str, sign: str, wanted: str) -> Test:
    """A key that is missing anywhere on the path never matches."""
    keys = field.split(".")
    compare = _OPERATORS[sign]

    def test(event: Mapping[str, Any]) -> bool:
        value: Any = event
        for key in keys:
            if not isinstance(value, Mapping) or key not in value:
                return False
            value = value[key]
        if sign == "=" and wanted.endswith("*"):
            return isinstance(value, str) and value.startswith(wanted[:-1])
        try:
            return bool(compare(value, wanted))
        except TypeError:
            return False

    return test
