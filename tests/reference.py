"""Answers of a real server, which are not part of the repository."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_FOLDER = Path(os.environ.get("FTRACK_REFERENCE_DIR") or Path(__file__).parents[2] / "shared" / "reference")


def real_schema_document() -> Any:
    """The answer to ``query_schemas``; skips the test where there is none."""
    document = _FOLDER / "query_schemas.json"
    if not document.exists():
        pytest.skip(f"the real document is not at {document}; FTRACK_REFERENCE_DIR says where it is")
    return json.loads(document.read_text(encoding="utf-8"))
