"""`docs/promises.md`: each promise names the tests that hold it, and each test that is marked names its promises."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterator

from tests.switches import RULES
from tests.test_docs.pages import TOP, text_of

# A promise, and below it the tests that hold it.
_ENTRY = re.compile(r"^- \*\*(G\d+\.\d+|S\d+)\*\* [^\n]+\n((?:  [^\n]+\n)+)", re.MULTILINE)
# A rule, and where it is missed.
_RULE = re.compile(r"^- ([^\n`]+): (`[^\n]+)$", re.MULTILINE)
# Promised, and not kept yet.
_NOT_YET = "*not yet*"


def _entries() -> dict[str, set[str]]:
    found = _ENTRY.findall(text_of(TOP / "docs" / "promises.md"))
    assert len({name for name, _ in found}) == len(found)
    return {name: set(re.findall(r"`([^`]+)`", tests)) or {tests.strip()} for name, tests in found}


def _promises_of(decorator: ast.expr) -> Iterator[str]:
    """The arguments of ``pytest.mark.required(...)`` and ``pytest.mark.optimal(...)`` in an expression."""
    for node in ast.walk(decorator):
        if isinstance(node, ast.Attribute) and node.attr in ("required", "optimal"):
            call = next((c for c in ast.walk(decorator) if isinstance(c, ast.Call) and c.func is node), None)
            assert call is not None, f"line {node.lineno}: a mark that names no promise"
            assert call.args, f"line {node.lineno}: a mark that names no promise"
            yield from (str(argument.value) for argument in call.args if isinstance(argument, ast.Constant))


def _marked() -> dict[str, set[str]]:
    """By promise: the modules and tests that are marked with it, as the page writes them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for file in sorted((TOP / "tests").rglob("test_*.py")):
        name = file.relative_to(TOP / "tests").as_posix()
        for node in ast.parse(text_of(file)).body:
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
                for promise in _promises_of(node.value):
                    found[promise].add(name)
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                promises = [promise for decorator in node.decorator_list for promise in _promises_of(decorator)]
                assert not promises or node.name.lower().startswith("test"), f"{name}: {node.name} is no test"
                for promise in promises:
                    found[promise].add(f"{name}::{node.name}")
    return dict(found)


def test_each_promise_names_the_tests_that_are_marked_with_it_and_no_others() -> None:
    kept = {name: tests for name, tests in _entries().items() if tests != {_NOT_YET}}
    marked = _marked()
    for name in sorted(kept.keys() | marked.keys()):
        expected = ", ".join(f"`{test}`" for test in sorted(marked.get(name, ())))
        assert kept.get(name) == marked.get(name), f"{name} is held by: {expected}"


def test_every_promise_of_the_architecture_page_is_in_the_table() -> None:
    promised = set(re.findall(r"^- \*\*(G\d)", text_of(TOP / "docs" / "architecture.md"), re.MULTILINE))
    assert len(promised) == 9
    assert promised == {name.partition(".")[0] for name in _entries() if name.startswith("G")}


def test_every_rule_that_can_be_switched_off_is_on_the_page_with_the_tests_that_miss_it() -> None:
    files = [
        file for file in sorted((TOP / "tests").rglob("*.py")) if file.name not in ("switches.py", "test_promises.py")
    ]
    page = text_of(TOP / "docs" / "promises.md").partition("## Rules that are switched off")[2]
    listed = {rule: set(re.findall(r"`([^`]+)`", found)) for rule, found in _RULE.findall(page)}
    missed = {
        rule: {file.relative_to(TOP / "tests").as_posix() for file in files if f'"{rule}"' in text_of(file)}
        for rule in RULES
    }
    assert all(missed.values()), missed
    assert listed == missed
