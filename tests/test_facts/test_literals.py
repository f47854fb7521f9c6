"""What is known of ftrack's types stands in `ftrack_proxy.facts`: no other module names one of them as a literal."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from ftrack_proxy.facts import type_names
from tests.ftrack_server.schemas import build_schemas

PACKAGE = Path(type_names.__file__).parents[1]
TYPES = {schema["id"] for schema in build_schemas()}

EXCEPTIONS = {
    ("upstream/recognition.py", "Location"): "the header of HTTP",
    ("web/router.py", "Location"): "the header of HTTP",
}


def literals(tree: ast.AST) -> Iterator[str]:
    """The texts in a module, but those that stand alone (docstrings) and parts of longer ones (f-strings)."""
    for node in ast.walk(tree):
        for child in ast.iter_child_nodes(node):
            alone = isinstance(node, ast.Expr | ast.JoinedStr)
            if isinstance(child, ast.Constant) and isinstance(child.value, str) and not alone:
                yield child.value


def test_literals_are_found() -> None:
    tree = ast.parse(
        '"""Task"""\nx = {"Note": ("Asset", f"Job {x}")}\n"Timer"\nmatch x:\n    case "List":\n        pass\n'
    )
    assert sorted(literals(tree)) == ["Asset", "List", "Note"]


def test_entity_types_are_named_in_facts_alone() -> None:
    found = {
        (str(file.relative_to(PACKAGE)), literal)
        for file in PACKAGE.rglob("*.py")
        if PACKAGE / "facts" not in file.parents
        for literal in literals(ast.parse(file.read_text(encoding="utf-8")))
        if literal in TYPES
    }
    assert found == set(EXCEPTIONS)
