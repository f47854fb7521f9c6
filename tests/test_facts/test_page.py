"""docs/ftrack-facts.md says what the rows of `ftrack_proxy.facts` say, all of them, and their sources can be opened."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

from ftrack_proxy import facts
from ftrack_proxy.facts.evidence import Certainty, Source
from tests.facts_table import PAGE, TABLES, page
from tests.test_docs.test_citations import SECTIONS, cited

_IN_TABLES = [row for table in TABLES for row in table.rows]


def rows_of(module: str) -> Iterator[Any]:
    """The facts that a module has: rows with a source, by themselves or in a tuple."""
    for value in vars(importlib.import_module(module)).values():
        for row in value if isinstance(value, tuple) else (value,):
            if not isinstance(row, type) and isinstance(getattr(row, "source", None), Source):
                yield row


MODULES = [f"{facts.__name__}.{module.name}" for module in pkgutil.iter_modules(facts.__path__)]
ROWS = [row for module in MODULES for row in rows_of(module)]


def test_the_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run `make facts`"


def test_every_fact_stands_on_the_page() -> None:
    assert len(ROWS) > 100
    assert [row for row in ROWS if row not in _IN_TABLES] == []


@pytest.mark.parametrize("row", ROWS, ids=lambda row: type(row).__name__)
def test_every_fact_has_a_source_that_can_be_opened(row: Any) -> None:
    sections = list(cited(row.source.where))
    assert sections
    assert not set(sections) - set(SECTIONS)
    # What was seen can be looked up; anything else needs a word on why it is believed.
    assert row.source.because or row.source.certainty is Certainty.SEEN
