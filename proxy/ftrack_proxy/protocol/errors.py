"""Errors of our own, in the shape that ftrack's clients read (ftrack-protocol 1.4)."""

from __future__ import annotations

import orjson


def error_body(exception: str, content: str, error_code: str) -> bytes:
    """Build ``{"exception", "content", "error_code"}``; ``content`` is shown to people and says the way out."""
    return orjson.dumps({"exception": exception, "content": content, "error_code": error_code})
