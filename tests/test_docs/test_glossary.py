"""Every word of the glossary lives where it says."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from tests.test_docs.pages import TOP, text_of

PAGE = text_of(TOP / "docs" / "glossary.md")
_PLACE = re.compile(r"`([\w/]+\.py)`: (`\w+`(?:,\s+`\w+`)*)")


def defined_in(file: Path) -> set[str]:
    """The names that a module defines at its top."""
    found: set[str] = set()
    for node in ast.parse(text_of(file)).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def test_every_word_has_a_place_that_exists() -> None:
    entries = re.split(r"^- ", PAGE, flags=re.MULTILINE)[1:]
    assert len(entries) > 40
    for entry in entries:
        places = _PLACE.findall(re.sub(r"\s+", " ", entry))
        assert places, entry
        for path, names in places:
            file = TOP / "proxy" / "ftrack_proxy" / path
            assert file.is_file(), f"{path}: {entry}"
            assert set(re.findall(r"\w+", names)) <= defined_in(file), entry


def test_no_word_stands_twice() -> None:
    words = [word for entry in re.findall(r"^- \*\*(.+?)\*\*", PAGE, re.MULTILINE) for word in entry.split(", ")]
    assert len(words) == len(set(words))


def test_no_class_is_called_like_one_of_ftracks_types() -> None:
    types = set(re.findall(r"^type (\w+)", text_of(TOP / "tests" / "ftrack_server" / "schema.txt"), re.MULTILINE))
    assert "Membership" in types
    for file in (TOP / "proxy" / "ftrack_proxy").rglob("*.py"):
        assert not types & {n.name for n in ast.walk(ast.parse(text_of(file))) if isinstance(n, ast.ClassDef)}, file
