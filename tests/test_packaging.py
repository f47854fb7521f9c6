"""What the project says of itself as a package is so."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

TOP = Path(__file__).parents[1]
PROJECT = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]
DEPENDENCIES = {re.match(r"[\w-]+", text)[0] for text in PROJECT["dependencies"]}  # type: ignore[index]


def imported() -> set[str]:
    """Top-level names that the proxy imports, wherever in a module it does."""
    names: set[str] = set()
    for file in (TOP / "proxy").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add((node.module or "").partition(".")[0])
    return names - set(sys.stdlib_module_names) - {"ftrack_proxy"}


def test_what_is_imported_is_declared_and_no_more() -> None:
    assert imported() == DEPENDENCIES


def test_every_dependency_has_a_lowest_version_that_is_tried() -> None:
    script = TOP / ".ci" / "lowest_versions.py"
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, check=True)
    lowest = dict(line.split("==") for line in done.stdout.split())
    assert DEPENDENCIES | {"hatchling"} == set(lowest)


def test_the_versions_we_test_with_are_allowed() -> None:
    pins = dict(line.strip().split("==") for line in (TOP / "constraints.txt").read_text().split() if "==" in line)
    assert {name.lower().replace("_", "-") for name in pins} >= DEPENDENCIES
