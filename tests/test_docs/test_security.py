"""Each claim of the threat model names tests that exist."""

from __future__ import annotations

import ast
import re
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = (TESTS.parent / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`([\w/]+\.py)::([\w*]+)`", PAGE)))


def functions(file: Path) -> set[str]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_a_named_test_exists(file: str, name: str) -> None:
    pattern = "test_*" if name == "*" else name
    assert any(fnmatchcase(function, pattern) for function in functions(TESTS / file))


def test_every_claim_names_a_test() -> None:
    told = PAGE.partition("\n## Tools")[0].partition("\n## What we trust")[2]
    claims = re.split(r"^- ", told, flags=re.MULTILINE)[1:]
    assert len(claims) > 30
    for claim in claims:
        assert re.search(r"Held\s+by\s+`", claim.partition("\n\n")[0]), claim
