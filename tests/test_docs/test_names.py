"""Names lead to one thing each, pages name what exists, and their lines fit into any window."""

from __future__ import annotations

import ast
import re
from collections import defaultdict

from tests.test_docs.pages import DOCS, TOP, name_of, text_of

PACKAGE = TOP / "proxy" / "ftrack_proxy"
MODULES = [file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"]
_ROOTS = (TOP, PACKAGE, TOP / "tests")
_LONGEST_LINE = 140
# Made from rows of the code, as tables of five columns: nobody edits it.
_GENERATED = {"ftrack-facts.md"}
# `hub/intake.py`, `entities/`, `config/policy.toml`, `known.py`; not ftrack's paths (/component/get), nor patterns.
_PATH = re.compile(r"`((?:[\w.-]+/)*[\w-]+\.(?:py|toml|md|txt)|(?:[\w-]+/)+)`")


def test_no_two_modules_have_one_name() -> None:
    places = defaultdict(list)
    for file in MODULES:
        places[file.stem].append(name_of(file))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_no_two_classes_have_one_name() -> None:
    places = defaultdict(list)
    for file in MODULES:
        for node in ast.walk(ast.parse(text_of(file))):
            if isinstance(node, ast.ClassDef):
                places[node.name].append(name_of(file))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def test_modules_and_folders_that_pages_name_exist() -> None:
    files = {file.name for root in ("proxy", "tests", "benchmarks") for file in (TOP / root).rglob("*.py")}
    missing = [
        f"{name_of(page)}: {path}"
        for page in (*DOCS, TOP / "README.md")
        for path in _PATH.findall(text_of(page))
        if not any((root / path).exists() for root in _ROOTS) and path not in files
    ]
    assert missing == []


def test_lines_of_the_pages_are_short() -> None:
    too_long = [
        f"{name_of(page)}:{number}"
        for page in DOCS
        if page.name not in _GENERATED
        for number, line in enumerate(text_of(page).splitlines(), start=1)
        if len(line) >= _LONGEST_LINE
    ]
    assert too_long == []


def test_the_architecture_page_is_read_in_ten_minutes() -> None:
    assert len(text_of(TOP / "docs" / "architecture.md").split()) < 2_300
