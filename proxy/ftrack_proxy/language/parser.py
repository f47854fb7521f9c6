"""Tokens to a tree, by recursive descent (ftrack-protocol 4.1).

Strict on purpose: whatever is not certainly in the language raises ``NotUnderstood`` and the query is passed
through. Keywords are accepted in any case, because clients other than Python's send them so; a word is a
keyword only where the grammar has a place for one, because attributes and bare values may be called the same.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

from ftrack_proxy.language.syntax import (
    Aggregate,
    And,
    Comparison,
    Criteria,
    Function,
    InClause,
    Not,
    Operator,
    Or,
    Order,
    Path,
    Quantified,
    Quantifier,
    Query,
    Step,
    Text,
)
from ftrack_proxy.language.tokens import DOUBLE, END, SIGN, SINGLE, WORD, NotUnderstood, Token, tokenize

__all__ = ["MAXIMUM_DEPTH", "NotUnderstood", "is_volatile", "parse"]

MAXIMUM_DEPTH: Final = 60
"""Nesting that is still understood: real expressions reach five or six, and the interpreter's stack is
finite."""

LONGEST: Final = 1_500_000
"""Characters that are still understood: some 35,000 ids. What is longer is passed on and not kept."""

_IDENTIFIER: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_PATH: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
_NUMBER: Final = re.compile(r"[0-9]{1,15}")

_OPERATORS: Final[dict[str, Operator]] = {
    "=": "is",
    "is": "is",
    "!=": "is_not",
    "is_not": "is_not",
    ">": ">",
    "after": ">",
    "greater_than": ">",
    "<": "<",
    "before": "<",
    "less_than": "<",
    ">=": ">=",
    "<=": "<=",
    "like": "like",
    "not_like": "not_like",
}
_QUANTIFIERS: Final[dict[str, Quantifier]] = {"has": "has", "any": "any"}
_FUNCTIONS: Final[dict[str, Function]] = {
    "count": "count",
    "sum": "sum",
    "avg": "avg",
    "min": "min",
    "max": "max",
}
_DESCENDING: Final = {"asc": False, "ascending": False, "desc": True, "descending": True}

# The short names of ftrack's task states, null and the booleans: upper-case words that are only values
# (ftrack-protocol 4.11, form 36).
_PLAIN_CAPITALS: Final = frozenset({"DONE", "NOT_STARTED", "IN_PROGRESS", "BLOCKED", "NONE", "NULL", "TRUE", "FALSE"})
_CAPITALS: Final = re.compile(r"[A-Z][A-Z0-9_]+")
_VARIABLE: Final = re.compile(r"(?:current|this|last|next|previous)_\w+|today|yesterday|tomorrow|now|me", re.IGNORECASE)


def is_volatile(word: str) -> bool:
    """Whether an unquoted word might be a variable of the caller or the clock, like ``CURRENT_USER_ID`` and
    ``THIS_WEEK`` (ftrack-protocol 4.2).

    Any unquoted word of capitals that is not known to be a plain value counts, and the known spellings in any
    case. Capitals with a digit but without an underscore do not: that is how shots are called (``SH010``),
    and uuids without dashes.
    """
    if _VARIABLE.fullmatch(word):
        return True
    if not _CAPITALS.fullmatch(word) or word in _PLAIN_CAPITALS:
        return False
    return "_" in word or word.isalpha()


LONG: Final = 20_000
"""Characters. What is longer is a list written by a program: understanding it takes tens of milliseconds."""


def parse(expression: str) -> Query:
    """Parse a whole expression or raise ``NotUnderstood``; never anything else, for any text."""
    if len(expression) > LONGEST:
        raise NotUnderstood(LONGEST, "longer than any that is understood")
    return _parse(expression) if len(expression) > LONG else _parse_once(expression)


def _parse(expression: str) -> Query:
    parser = _Parser(tokenize(expression))
    query = parser.query(0)
    parser.end()
    return query


# A batch's texts are parsed for their keys, and then to be bound: as many as are answered at one go.
_parse_once = lru_cache(maxsize=128)(_parse)


class _Parser:
    __slots__ = ("_at", "_tokens", "_volatile")

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._volatile = False

    # -- tokens

    def _fail(self, expected: str) -> NotUnderstood:
        kind, text, position = self._tokens[self._at]
        found = "the end" if kind == END else repr(text)
        return NotUnderstood(position, f"expected {expected}, found {found}")

    def _keyword(self) -> str:
        """The current token as a keyword would be compared; empty for anything but a word."""
        kind, text, _ = self._tokens[self._at]
        return text.lower() if kind == WORD else ""

    def _keyword_after(self) -> str:
        """The token after the current one; only called on a word, so there is one."""
        kind, text, _ = self._tokens[self._at + 1]
        return text.lower() if kind == WORD else ""

    def _is_sign(self, sign: str) -> bool:
        kind, text, _ = self._tokens[self._at]
        return kind == SIGN and text == sign

    def _take_sign(self, sign: str) -> bool:
        if self._is_sign(sign):
            self._at += 1
            return True
        return False

    def _demand_sign(self, sign: str) -> None:
        if not self._take_sign(sign):
            raise self._fail(repr(sign))

    def end(self) -> None:
        if self._tokens[self._at][0] != END:
            raise self._fail("the end")

    # -- clauses

    def query(self, depth: int) -> Query:
        outer_volatile, self._volatile = self._volatile, False
        projections: tuple[Path | Aggregate, ...] = ()
        if self._keyword() == "select":
            self._at += 1
            projections = self._projections()
            if self._keyword() != "from":
                raise self._fail("'from'")
            self._at += 1
        position = self._tokens[self._at][2]
        entity_type = self._identifier("an entity type")
        criteria: Criteria | None = None
        if self._keyword() == "where":
            self._at += 1
            criteria = self._criteria(depth)
        group_by: tuple[Path, ...] = ()
        if self._keyword() == "group" and self._keyword_after() == "by":
            self._at += 2
            group_by = self._paths()
        order, offset, limit = self._tail()
        volatile = self._volatile
        self._volatile = volatile or outer_volatile
        return Query(entity_type, projections, criteria, group_by, order, offset, limit, volatile, position)

    def _tail(self) -> tuple[tuple[Order, ...], int | None, int | None]:
        """``order by``, ``offset`` and ``limit``, each at most once, in any order: programs send all of them
        (ftrack-protocol 4.1)."""
        order: tuple[Order, ...] = ()
        numbers: dict[str, int] = {}
        while True:
            keyword = self._keyword()
            if keyword == "order" and self._keyword_after() == "by" and not order:
                self._at += 2
                order = self._order()
            elif keyword in ("offset", "limit") and keyword not in numbers:
                self._at += 1
                numbers[keyword] = self._number()
            else:
                return order, numbers.get("offset"), numbers.get("limit")

    def _projections(self) -> tuple[Path | Aggregate, ...]:
        projections: list[Path | Aggregate] = []
        while True:
            kind, text, position = self._tokens[self._at]
            function = _FUNCTIONS.get(text.lower()) if kind == WORD else None
            following = self._tokens[self._at + 1] if function else None
            if function and following and following[0] == SIGN and following[1] == "(":
                self._at += 2
                projections.append(Aggregate(function, self._path(), position))
                self._demand_sign(")")
            else:
                projections.append(self._path())
            if not self._take_sign(","):
                return tuple(projections)

    def _paths(self) -> tuple[Path, ...]:
        paths = [self._path()]
        while self._take_sign(","):
            paths.append(self._path())
        return tuple(paths)

    def _order(self) -> tuple[Order, ...]:
        keys: list[Order] = []
        while True:
            path = self._path()
            descending = _DESCENDING.get(self._keyword())
            if descending is not None:
                self._at += 1
            keys.append(Order(path, bool(descending)))
            if not self._take_sign(","):
                return tuple(keys)

    # -- criteria

    def _criteria(self, depth: int) -> Criteria:
        """``or`` of ``and``s; ``and`` binds tighter (ftrack-protocol 4.1). Chains of any length stay flat."""
        position = self._tokens[self._at][2]
        if depth > MAXIMUM_DEPTH:
            raise NotUnderstood(position, "nested too deeply")
        alternatives = [self._conjunction(depth)]
        while self._keyword() == "or":
            self._at += 1
            alternatives.append(self._conjunction(depth))
        return alternatives[0] if len(alternatives) == 1 else Or(tuple(alternatives), position)

    def _conjunction(self, depth: int) -> Criteria:
        position = self._tokens[self._at][2]
        terms = [self._term(depth)]
        while self._keyword() == "and":
            self._at += 1
            terms.append(self._term(depth))
        return terms[0] if len(terms) == 1 else And(tuple(terms), position)

    def _term(self, depth: int) -> Criteria:
        kind, text, position = self._tokens[self._at]
        if kind == WORD and text.lower() == "not":
            if depth > MAXIMUM_DEPTH:
                raise NotUnderstood(position, "nested too deeply")
            self._at += 1
            return Not(self._term(depth + 1), position)
        if kind == SIGN and text == "(":
            self._at += 1
            inner = self._criteria(depth + 1)
            self._demand_sign(")")
            return inner
        return self._condition(depth)

    def _condition(self, depth: int) -> Criteria:
        path = self._path()
        kind, text, _ = self._tokens[self._at]
        if kind == WORD:
            text = text.lower()
        elif kind != SIGN:
            raise self._fail("an operator")
        operator = _OPERATORS.get(text)
        if operator is not None:
            self._at += 1
            return Comparison(path, operator, self._compared_value(), path.position)
        if text == "not" and self._keyword_after() == "in":
            # Of all operators this one alone is sent as two words (ftrack-protocol 4.1).
            self._at += 1
            text = "not_in"
        if text in ("in", "not_in"):
            self._at += 1
            self._demand_sign("(")
            return self._membership(path, text == "not_in", depth)
        quantifier = _QUANTIFIERS.get(text)
        if quantifier is None:
            raise self._fail("an operator")
        self._at += 1
        self._demand_sign("(")
        if self._take_sign(")"):
            return Quantified(path, quantifier, None, path.position)
        inner = self._criteria(depth + 1)
        self._demand_sign(")")
        return Quantified(path, quantifier, inner, path.position)

    def _membership(self, path: Path, negated: bool, depth: int) -> InClause:
        """After the parenthesis. A list called ``(select, x)`` is a list; ``(select x from ...)`` a
        sub-query.

        An empty list is not understood: what the server makes of it is not known (ftrack-protocol 4.2).
        """
        if self._keyword() == "select" and self._tokens[self._at + 1][1] not in (",", ")"):
            start = self._tokens[self._at][2]
            if depth >= MAXIMUM_DEPTH:
                raise NotUnderstood(start, "nested too deeply")
            subquery = self.query(depth + 1)
            if len(subquery.projections) != 1:
                raise NotUnderstood(start, "a sub-query with more than one projection")
            self._demand_sign(")")
            return InClause(path, negated, (), subquery, path.position)
        values = [self._value()]
        append = values.append
        while self._take_sign(","):
            append(self._value())
        self._demand_sign(")")
        return InClause(path, negated, tuple(values), None, path.position)

    # -- leaves

    def _compared_value(self) -> Text:
        value = self._value()
        if not value.quoted and value.value.lower() == "not":
            # ``is not x`` as two words has never been seen (ftrack-protocol 4.1), and a value "not" is unlikely.
            raise NotUnderstood(value.position, "'not' in the place of a value")
        return value

    def _value(self) -> Text:
        kind, text, position = self._tokens[self._at]
        if kind == WORD:
            if is_volatile(text):
                self._volatile = True
            self._at += 1
            return Text(text, False, position)
        if kind in (DOUBLE, SINGLE):
            self._at += 1
            return Text(text, True, position)
        raise self._fail("a value")

    def _number(self) -> int:
        kind, text, _ = self._tokens[self._at]
        if kind != WORD or not _NUMBER.fullmatch(text):
            raise self._fail("a number")
        self._at += 1
        return int(text)

    def _identifier(self, expected: str) -> str:
        kind, text, _ = self._tokens[self._at]
        if kind != WORD or not _IDENTIFIER.fullmatch(text):
            raise self._fail(expected)
        self._at += 1
        return text

    def _path(self) -> Path:
        """A dotted path. A cast interrupts the word: ``a.b[Shot].c`` is ``a.b``, ``[``, ``Shot``, ``]``,
        ``.c``."""
        kind, text, position = self._tokens[self._at]
        if kind != WORD or not _PATH.fullmatch(text):
            raise self._fail("an attribute")
        self._at += 1
        steps = [Step(name) for name in text.split(".")]
        while self._take_sign("["):
            steps[-1] = Step(steps[-1].name, self._identifier("an entity type"))
            closing = self._tokens[self._at][2]
            self._demand_sign("]")
            kind, text, start = self._tokens[self._at]
            if kind != WORD or start != closing + 1:
                break
            if not text.startswith(".") or not _PATH.fullmatch(text[1:]):
                raise self._fail("the rest of a path")
            self._at += 1
            steps.extend(Step(name) for name in text[1:].split("."))
        return Path(tuple(steps), position)
