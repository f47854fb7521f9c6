"""The project's pages and sources as texts, for the tests that hold what pages and comments say."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TOP = Path(__file__).parents[2]
DOCS = sorted((TOP / "docs").glob("*.md"))
PAGES = [*DOCS, TOP / "README.md", TOP / "CHANGELOG.md", *sorted((TOP / "tests").glob("*/README.md"))]
SOURCES = sorted(
    file
    for folder in ("proxy", "tests", "benchmarks", ".ci")
    for file in (TOP / folder).rglob("*")
    if file.suffix in (".py", ".txt", ".toml") and "node_modules" not in file.parts
)
SETTINGS = sorted((TOP / "config").glob("*.toml"))


def name_of(file: Path) -> str:
    return str(file.relative_to(TOP))


@cache
def text_of(file: Path) -> str:
    return file.read_text(encoding="utf-8")


@cache
def remarks_of(file: Path) -> tuple[str, ...]:
    """What a source says in words, each remark in one line: docstrings, and comments of consecutive lines together."""
    if file.suffix != ".py":
        return (_one_line(text_of(file)),)
    return (*_comments(text_of(file)), *_docstrings(text_of(file)))


def _comments(text: str) -> Iterator[str]:
    lines: dict[int, str] = {}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            lines[token.start[0]] = token.string.lstrip("#")
    for number in lines:
        if number - 1 not in lines:
            yield _one_line(" ".join(_run(lines, number)))


def _run(lines: dict[int, str], number: int) -> Iterator[str]:
    while number in lines:
        yield lines[number]
        number += 1


def _docstrings(source: str) -> Iterator[str]:
    """Texts that stand alone (docstrings, and those below constants), and texts in the code that cite the protocol."""
    tree = ast.parse(source)
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        text = node.value if isinstance(node, ast.Constant) else None
        if isinstance(text, str) and (id(node) in alone or "ftrack-protocol" in text):
            yield _one_line(text)


def _one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


@cache
def anchors_of(page: Path) -> frozenset[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", text_of(page), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return frozenset(re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings)
