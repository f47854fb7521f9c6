"""The server's query language: expressions to a tree (ftrack-protocol 4). Nothing of it is shared with the proxy."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<quoted>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')
  | (?P<sign>!=|>=|<=|[=<>(),\[\]])
  | (?P<word>[^\s"'=<>!(),\[\]]+)
)""",
    re.VERBOSE | re.DOTALL,
)
_OPERATORS = {
    "is": "is", "=": "is", "is_not": "is_not", "!=": "is_not", ">": ">", "after": ">", "greater_than": ">", "<": "<",
    "before": "<", "less_than": "<", ">=": ">=", "<=": "<=", "like": "like", "not_like": "not_like", "in": "in",
    "not_in": "not_in", "has": "has", "any": "any",
}  # fmt: skip
_FUNCTIONS = ("count", "sum", "avg", "min", "max")


class ParseError(ValueError):
    """The expression is not of the language."""


@dataclass(frozen=True)
class Step:
    name: str
    cast: str | None = None


Path = tuple[Step, ...]


@dataclass(frozen=True)
class Literal:
    """A value as written; ``None`` and ``none`` without quotes are null."""

    text: str
    quoted: bool

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.text in ("none", "None")


@dataclass(frozen=True)
class Test:
    """``path operator value``; for ``in`` the value is a tuple of literals or a `Select`."""

    __test__ = False
    path: Path
    operator: str
    value: Any


@dataclass(frozen=True)
class Some:
    """``path has|any (inner)``."""

    path: Path
    inner: Any


@dataclass(frozen=True)
class Negation:
    inner: Any


@dataclass(frozen=True)
class Both:
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Either:
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Select:
    """A whole expression. ``projections`` is ``None`` without ``select``; functions are (function, path) pairs."""

    entity_type: str
    projections: tuple[Path | tuple[str, Path], ...] | None = None
    where: Any = None
    group: tuple[Path, ...] = ()
    order: tuple[tuple[Path, bool], ...] = ()
    offset: int = 0
    limit: int | None = None


@lru_cache(maxsize=4096)
def parse(expression: str) -> Select:
    """Parse an expression; `ParseError` says what was not expected."""
    parser = _Parser(expression)
    select = parser.select()
    parser.expect_end()
    return select


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        position = 0
        text = text.rstrip()
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None or match.lastgroup is None:
                raise ParseError(f"Unexpected text at position {position}")
            self._tokens.append((match.lastgroup, match[match.lastgroup]))
            position = match.end()
        self._at = 0

    def _peek(self, ahead: int = 0) -> str:
        """The next token in lower case, empty for quoted text and at the end."""
        index = self._at + ahead
        if index >= len(self._tokens) or self._tokens[index][0] == "quoted":
            return ""
        return self._tokens[index][1].lower()

    def _next(self) -> tuple[str, str]:
        if self._at >= len(self._tokens):
            raise ParseError("Unexpected end of expression")
        self._at += 1
        return self._tokens[self._at - 1]

    def _take(self, *words: str) -> bool:
        if all(self._peek(ahead) == word for ahead, word in enumerate(words)):
            self._at += len(words)
            return True
        return False

    def _expect(self, sign: str) -> None:
        if not self._take(sign):
            raise ParseError(f"Expected {sign!r}")

    def expect_end(self) -> None:
        if self._at != len(self._tokens):
            raise ParseError(f"Unexpected {self._tokens[self._at][1]!r}")

    def select(self) -> Select:
        projections = None
        if self._peek() == "select":
            self._at += 1
            projections = self._projections()
            if not self._take("from"):
                raise ParseError("Expected 'from'")
        kind, entity_type = self._next()
        if kind != "word":
            raise ParseError("Expected an entity type")
        where = self._either() if self._take("where") else None
        group: tuple[Path, ...] = ()
        if self._take("group", "by"):
            group = self._paths()
        order: tuple[tuple[Path, bool], ...] = ()
        offset, limit = 0, None
        while True:
            if self._take("order", "by"):
                order = self._order()
            elif self._take("offset"):
                offset = self._number()
            elif self._take("limit"):
                limit = self._number()
            else:
                return Select(entity_type, projections, where, group, order, offset, limit)

    def _projections(self) -> tuple[Path | tuple[str, Path], ...]:
        found: list[Path | tuple[str, Path]] = []
        while True:
            if self._peek() in _FUNCTIONS and self._peek(1) == "(":
                function = self._next()[1].lower()
                self._expect("(")
                found.append((function, self._path()))
                self._expect(")")
            else:
                found.append(self._path())
            if not self._take(","):
                return tuple(found)

    def _paths(self) -> tuple[Path, ...]:
        found = [self._path()]
        while self._take(","):
            found.append(self._path())
        return tuple(found)

    def _order(self) -> tuple[tuple[Path, bool], ...]:
        keys = []
        while True:
            path = self._path()
            self._part_direction()
            descending = self._peek() in ("desc", "descending")
            if descending or self._peek() in ("asc", "ascending"):
                self._at += 1
            keys.append((path, descending))
            if not self._take(","):
                return tuple(keys)

    def _part_direction(self) -> None:
        """A known program leaves the blank out of `desc offset`, and is answered (ftrack-protocol 4.11, form 37)."""
        glued = re.fullmatch(r"(desc|asc)(offset|limit)", self._peek())
        if glued is not None:
            self._tokens[self._at : self._at + 1] = [("word", glued[1]), ("word", glued[2])]

    def _number(self) -> int:
        text = self._next()[1]
        if not text.isdigit():
            raise ParseError(f"Expected a number, not {text!r}")
        return int(text)

    def _either(self) -> Any:
        parts = [self._both()]
        while self._take("or"):
            parts.append(self._both())
        return parts[0] if len(parts) == 1 else Either(tuple(parts))

    def _both(self) -> Any:
        parts = [self._term()]
        while self._take("and"):
            parts.append(self._term())
        return parts[0] if len(parts) == 1 else Both(tuple(parts))

    def _term(self) -> Any:
        if self._peek() == "not" and self._peek(1) not in _OPERATORS:
            self._at += 1
            return Negation(self._term())
        if self._take("("):
            inner = self._either()
            self._expect(")")
            return inner
        return self._condition()

    def _condition(self) -> Any:
        path = self._path()
        # Programs write this one as two words (ftrack-protocol 4.1), and no other.
        operator = "not_in" if self._take("not", "in") else _OPERATORS.get(self._next()[1].lower())
        if operator is None:
            raise ParseError("Expected an operator")
        if operator in ("has", "any"):
            self._expect("(")
            inner = None if self._peek() == ")" else self._either()
            self._expect(")")
            return Some(path, inner)
        if operator in ("in", "not_in"):
            return Test(path, operator, self._members())
        return Test(path, operator, self._literal())

    def _members(self) -> Any:
        self._expect("(")
        if self._peek() == "select":
            inner: Any = self.select()
        else:
            values = []
            while self._peek() != ")" or self._tokens[self._at][0] == "quoted":
                values.append(self._literal())
                if not self._take(","):
                    break
            inner = tuple(values)
        self._expect(")")
        return inner

    def _literal(self) -> Literal:
        kind, text = self._next()
        if kind == "sign":
            raise ParseError(f"Unexpected {text!r}")
        if kind == "quoted":
            return Literal(re.sub(r"\\([\"'])", r"\1", text[1:-1]), True)
        return Literal(text, False)

    def _path(self) -> Path:
        steps: list[Step] = []
        while True:
            kind, text = self._next()
            if kind != "word":
                raise ParseError(f"Expected an attribute, not {text!r}")
            # After a cast the path goes on with a dot.
            names = (text.removeprefix(".") if steps else text).split(".")
            if not all(names):
                raise ParseError(f"Expected an attribute, not {text!r}")
            steps.extend(Step(name) for name in names)
            if not self._take("["):
                return tuple(steps)
            cast = self._next()[1]
            self._expect("]")
            steps[-1] = Step(steps[-1].name, cast)
            following = self._tokens[self._at] if self._at < len(self._tokens) else ("", "")
            if not (following[0] == "word" and following[1].startswith(".")):
                return tuple(steps)
