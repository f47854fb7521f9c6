"""Projections written short: ``select name, parent.{name,type.name} from Task``. ftrack's language has no braces."""

from __future__ import annotations

import re
from typing import Final

_SELECT: Final = re.compile(r"\s*select\s", re.IGNORECASE)
_FROM: Final = re.compile(r"\sfrom\s", re.IGNORECASE)
_WORD: Final = re.compile(r"[\w.\[\]]*")
_MOST_PATHS: Final = 1_000
_DEEPEST: Final = 20


def expand_braces(expression: str) -> str:
    """Write out the braces in a query's projections; what has none, or none that can be read, stays as it is."""
    select = _SELECT.match(expression)
    if select is None or "{" not in expression:
        return expression
    end = _FROM.search(expression, select.end() - 1)
    if end is None:
        return expression
    try:
        paths = expand_projections(expression[select.end() : end.start()])
    except ValueError:
        return expression
    return f"{expression[: select.end()]}{', '.join(paths)}{expression[end.start() :]}"


def expand_projections(projections: str) -> list[str]:
    """Write out a list of projections; ``ValueError`` if it cannot be read."""
    paths, rest = _alternatives(projections, 0)
    if rest:
        raise ValueError(f"not understood: {rest}")
    return list(dict.fromkeys(paths))


def _alternatives(text: str, depth: int) -> tuple[list[str], str]:
    """Read paths separated by commas, up to a closing brace or the end; returns them and what follows."""
    found: list[str] = []
    while True:
        paths, text = _path(text.lstrip(), depth)
        found += paths
        text = text.lstrip()
        if len(found) > _MOST_PATHS:
            raise ValueError("too many")
        if not text.startswith(","):
            return found, text
        text = text[1:]


def _path(text: str, depth: int) -> tuple[list[str], str]:
    if depth > _DEEPEST:
        raise ValueError("too deep")
    match = _WORD.match(text)
    stem = match[0] if match else ""
    text = text[len(stem) :]
    if not text.startswith("{"):
        if not stem:
            raise ValueError("a name is missing")
        return [stem], text
    if stem and not stem.endswith("."):
        raise ValueError("a dot is missing before the brace")
    inner, text = _alternatives(text[1:], depth + 1)
    if not text.startswith("}"):
        raise ValueError("the brace is not closed")
    text = text[1:]
    if not text.startswith("."):
        return [stem + path for path in inner], text
    tails, text = _path(text[1:], depth + 1)
    if len(inner) * len(tails) > _MOST_PATHS:
        raise ValueError("too many")
    return [f"{stem}{path}.{tail}" for path in inner for tail in tails], text
