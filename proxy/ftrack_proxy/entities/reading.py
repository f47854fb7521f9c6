"""A query as something that may be answered from what is known: its rows, window, and what it shows of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from ftrack_proxy.entities.entity_store import EntityRef, ListSegment
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.syntax import Comparison, Membership, Path, Query, Step, Text
from ftrack_proxy.queries.projection_tree import Tree, projections_of
from ftrack_proxy.queries.row_keys import Key, keys_of, space_of
from ftrack_proxy.schema.catalogue import Catalogue

# Rows that are put together one by one; a list of more is one list, known as a whole or not.
_MOST_KEYS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Reading:
    """``keys`` are the rows' primary keys if the query names them; otherwise ``keys`` is ``None`` and ``name`` is that
    of the list that it looks at, whatever it shows of it and through which window."""

    query: Query
    tree: Tree
    family: str
    keys: tuple[Key, ...] | None
    name: str

    @property
    def offset(self) -> int:
        """Rows that the window leaves out at the start."""
        return self.query.offset or 0

    def refs(self) -> list[EntityRef]:
        """The entities that the query names."""
        return [EntityRef(self.family, key) for key in self.keys or ()]


def reading_of(query: Query, tree: Tree, catalogue: Catalogue) -> Reading:
    """Read a query that is known to resolve and shows ``tree``."""
    keys = keys_of(query, catalogue)
    if keys is not None and len(keys) > 1 and (query.order or _cuts(query, len(keys))):
        # Which rows stand where, only ftrack knows.
        keys = None
    if keys is not None and len(keys) > _MOST_KEYS:
        keys = None
    name = name_of(query) if keys is None else ""
    return Reading(query, tree, space_of(query.entity_type, catalogue), keys, name)


def _cuts(query: Query, rows: int) -> bool:
    """True if a query's window may leave out some of so many rows."""
    return bool(query.offset) or (query.limit is not None and query.limit < rows)


def by_id(type_name: str, key: str, identities: Sequence[str], tree: Tree) -> Query:
    """The query for the rows of these ids."""
    path, values = Path((Step(key),)), tuple(Text(identity, quoted=True) for identity in identities)
    criteria: Comparison | Membership = Membership(path, negated=False, values=values)
    if len(values) == 1:
        criteria = Comparison(path, "is", values[0])
    return Query(type_name, projections_of(tree) or (path,), criteria)


def name_of(query: Query) -> str:
    """The list that a query looks at."""
    return canonical(replace(query, projections=()), window=False)


def window_of(reading: Reading, known: Sequence[Any], *, offset: int, ended: bool) -> tuple[Sequence[Any], int | None]:
    """Cut a query's window out of ``known``, rows without gaps from ``offset`` on, and tell the next page's offset.

    Raises:
        LookupError: the window reaches beyond them.
    """
    begin, limit = reading.offset - offset, reading.query.limit
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
    following = reading.offset + limit if end < len(known) or (end == len(known) and not ended) else None
    return known[begin:end], following if limit else None


def listing_covers(reading: Reading, listing: ListSegment) -> bool:
    """True if a query's window lies in a listing."""
    try:
        window_of(reading, listing.rows, offset=listing.offset, ended=listing.ended)
    except LookupError:
        return False
    return True


def document(rows: Sequence[Any], following: int | None) -> dict[str, Any]:
    """An operation's entry as ftrack writes it (ftrack-protocol 2.1, 3.7)."""
    return {"action": "query", "data": list(rows), "metadata": {"next": {"offset": following}}}
