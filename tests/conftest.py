"""What all tests share: where they write, and less work for the garbage collector."""

from __future__ import annotations

import gc
import os
import shutil
from pathlib import Path

import pytest

# Each proxy of a test syncs its folder several times; what is in memory costs nothing to sync.
_IN_MEMORY = Path("/dev/shm")
_ROOM = 2 * 2**30


def pytest_configure() -> None:
    """Folders of tests are in memory if there is room, and nobody says otherwise."""
    if _IN_MEMORY.is_dir() and os.access(_IN_MEMORY, os.W_OK) and shutil.disk_usage(_IN_MEMORY).free > _ROOM:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_IN_MEMORY))


def pytest_collection_finish(session: pytest.Session) -> None:
    """What was imported and collected stays until the end: the collector need not go through it again and again."""
    gc.collect()
    gc.freeze()
