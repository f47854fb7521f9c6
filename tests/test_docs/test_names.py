"""Names lead to one thing each."""

from __future__ import annotations

import ast
from collections import defaultdict

from tests.test_docs.pages import TOP, name_of, text_of

PACKAGE = TOP / "proxy" / "ftrack_proxy"
MODULES = [file for file in PACKAGE.rglob("*.py") if file.name != "__init__.py"]


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
