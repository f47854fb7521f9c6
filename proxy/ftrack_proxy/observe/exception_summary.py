"""The type of an exception and where it was raised, without its text.

The text of an exception may quote a header, an address or a body, and with it an API key.
"""

from __future__ import annotations

import traceback

_MOST_FRAMES = 6
_MOST_CAUSES = 3


def exception_summary(error: BaseException | None) -> str:
    """One line: types and places, the innermost first; ``KeyError in find (request/read.py:12) < ...``."""
    parts: list[str] = []
    while error is not None and len(parts) < _MOST_CAUSES:
        parts.append(_one(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return ", after ".join(parts)


def _one(error: BaseException) -> str:
    frames = [
        f"{frame.f_code.co_name} ({_short(frame.f_code.co_filename)}:{line})"
        for frame, line in traceback.walk_tb(error.__traceback__)
    ]
    return " in ".join(filter(None, (type(error).__name__, " < ".join(reversed(frames[-_MOST_FRAMES:])))))


def _short(path: str) -> str:
    return "/".join(path.replace("\\", "/").rsplit("/", 2)[-2:])
