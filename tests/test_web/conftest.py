"""A proxy in front of an origin that answers what it is told to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import LocalProxy, settings_for
from tests.test_web.origin import Origin


@pytest.fixture
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.fixture
def proxy(origin: Origin, tmp_path: Path) -> Iterator[LocalProxy]:
    with LocalProxy(settings_for(origin.url, tmp_path)) as running:
        yield running
