"""The window that a query cuts out of a list: its offset and limit (ftrack-protocol 3.7)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from ftrack_proxy.language.syntax import Query

Row = TypeVar("Row")


def window_of(query: Query, known: Sequence[Row], *, offset: int, ended: bool) -> tuple[Sequence[Row], int | None]:
    """Cut a query's window out of ``known``, rows without gaps from ``offset`` on, and tell the next page's offset.

    Raises:
        LookupError: the window reaches beyond them.
    """
    first, limit = query.offset or 0, query.limit
    begin = first - offset
    if begin < 0 or (begin > len(known) and not ended):
        raise LookupError
    if limit is None:
        if not ended:
            raise LookupError
        return known[begin:], None
    end = begin + limit
    if end > len(known) and not ended:
        raise LookupError
    # Whether a page that is exactly full at the end names a next one is not known of ftrack (3.7); clients take both.
    following = first + limit if end < len(known) or (end == len(known) and not ended) else None
    return known[begin:end], following if limit else None


def cuts(query: Query, rows: int) -> bool:
    """True if a query's window may leave out some of so many rows."""
    return bool(query.offset) or (query.limit is not None and query.limit < rows)
