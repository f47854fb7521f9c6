"""Print the lowest version allowed of what pyproject.toml needs to build and to run, one requirement a line."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "pyproject.toml"


def lowest(requirement: str) -> str:
    """``aiohttp>=3.14,<4`` to ``aiohttp==3.14``."""
    match = re.fullmatch(r"([A-Za-z0-9._-]+)\s*>=\s*([0-9.]+)(?:\s*,.*)?", requirement)
    if match is None:
        sys.exit(f"{requirement!r} in {PROJECT.name} has no lower bound; write name>=version")
    return f"{match[1]}=={match[2]}"


project = tomllib.loads(PROJECT.read_text(encoding="utf-8"))
for requirement in (*project["build-system"]["requires"], *project["project"]["dependencies"]):
    print(lowest(requirement))
