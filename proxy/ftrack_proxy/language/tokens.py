"""Expression text to tokens, in one pass of one regular expression (ftrack-protocol 4.1, 4.2).

Token by token the language is regular: words, quoted texts, operators and brackets. What a word *means*
(keyword, attribute, value) depends on its position, because attributes are called ``from``, ``group`` or
``default`` and bare values may be keywords; that is the parser's business, not decided here.
"""

from __future__ import annotations

import re
from typing import Final

WORD: Final = 1
DOUBLE: Final = 2
SINGLE: Final = 3
SIGN: Final = 4
END: Final = 5
_STRANGE: Final = 6


class NotUnderstood(Exception):
    """The expression is not, or not certainly, in the language we know: forward it and do not cache."""

    def __init__(self, position: int, problem: str) -> None:
        super().__init__(f"at {position}: {problem}")
        self.position = position
        self.problem = problem


# Possessive quantifiers (Python 3.11) keep it linear for any input. White space is ASCII only: whether the server
# takes a no-break space for a blank is not known. A word's alphabet holds what public programs send
# unquoted: names, dotted paths, uuids, numbers, dates with offset, percent signs, mail addresses.
_TOKEN: Final = re.compile(
    r"""[ \t\r\n\f\v]*+(?:
        ([\w.:+\-%/@#~&]++)
      | "([^"\\]*+(?:\\.[^"\\]*+)*+)"
      | '([^'\\]*+(?:\\.[^'\\]*+)*+)'
      | (>=|<=|!=|[=<>(),\[\]])
      | (\Z)
      | (.)
    )""",
    re.VERBOSE | re.DOTALL,
)

# An escaped backslash before a quote, or a backslash before the other kind of quote: what the server makes of
# them, and even where the text ends, is open (ftrack-protocol 4.2). Not worth a guess.
_UNCERTAIN_IN_DOUBLE: Final = re.compile(r"\\(?:\\(?:\"|\Z)|')")
_UNCERTAIN_IN_SINGLE: Final = re.compile(r"\\(?:\\(?:'|\Z)|\")")

Token = tuple[int, str, int]
"""Kind, text (of quoted texts: what stands between the quotes, unescaped) and position."""


def tokenize(expression: str) -> list[Token]:
    """Split the whole expression; the last token is always END."""
    tokens: list[Token] = []
    append = tokens.append
    for match in _TOKEN.finditer(expression):
        kind = match.lastindex
        assert kind is not None
        text: str = match[kind]
        if kind in (WORD, SIGN):
            append((kind, text, match.start(kind)))
        elif kind == END:
            append((END, "", match.start(kind)))
            return tokens
        elif kind == _STRANGE:
            position = match.start(kind)
            raise NotUnderstood(position, "unfinished text" if text in "\"'" else f"unexpected {text!r}")
        else:
            position = match.start(kind) - 1
            if "\\" in text:
                text = _unescape(kind, text, position)
            append((kind, text, position))
    raise AssertionError("the pattern matches anything, and the end")  # pragma: no cover


def _unescape(kind: int, text: str, position: int) -> str:
    """Undo only ``\\"`` in ``"..."`` and ``\\'`` in ``'...'``; every other backslash stays (``\\%``, paths).

    The JavaScript client escapes quotes and not backslashes, so doubling is nothing that can be relied on.
    """
    quote, uncertain = ('"', _UNCERTAIN_IN_DOUBLE) if kind == DOUBLE else ("'", _UNCERTAIN_IN_SINGLE)
    if uncertain.search(text):
        raise NotUnderstood(position, "a backslash whose meaning is not known")
    return text.replace("\\" + quote, quote)
