"""A query and the schema put together: all that is known of a read before anybody looks for its answer."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ftrack_proxy.facts.type_names import VALUE
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.syntax import Query
from ftrack_proxy.queries.bound_shape import BoundShape
from ftrack_proxy.queries.compared_keys import compared_keys
from ftrack_proxy.queries.crossings import Names
from ftrack_proxy.queries.projection_tree import Tree
from ftrack_proxy.queries.row_keys import Key, row_keys
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.queries.value_sets import PreparedCriteria, prepared
from ftrack_proxy.schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class BoundOperation:
    """A read that is no query (server information, the schemas): the families it depends on, and how its answer may
    be kept. Any change in one of the families counts."""

    families: frozenset[str]
    terms: Terms

    @property
    def is_long(self) -> bool:
        """Never: there is no text to go through."""
        return False


@dataclass(frozen=True, slots=True)
class BoundQuery:
    """One query under one schema and policy: its shape, and what its literals add.

    ``criteria`` are the query's, ready to be evaluated. ``compared_keys``: the custom attributes that criteria and
    order look at; ``None``: any. ``row_keys`` are the rows' primary keys if the query names them; otherwise it is
    ``None`` and ``list_name`` says which list it looks at, whatever it shows of it and through which window.
    ``is_long``: whatever goes through all of the query takes milliseconds.
    """

    shape: BoundShape
    terms: Terms
    query: Query
    criteria: PreparedCriteria | None
    compared_keys: Names | None
    row_keys: tuple[Key, ...] | None
    list_name: str
    is_long: bool = False

    @property
    def catalogue(self) -> Catalogue:
        """The schema that it is bound to."""
        return self.shape.catalogue

    @property
    def families(self) -> frozenset[str]:
        """The families that its answer depends on."""
        return self.shape.reads.families

    @property
    def tree(self) -> Tree | None:
        """What it shows of its rows; ``None`` if an answer cannot be put together from entity records."""
        return self.shape.tree


Bound = BoundQuery | BoundOperation
"""A read whose answer may be kept."""


def bind_query(query: Query, shape: BoundShape, terms: Terms, *, is_long: bool = False) -> BoundQuery:
    """Bind a query of this shape: only its literals are looked at."""
    keys = row_keys(query, shape.catalogue) if shape.tree is not None else None
    return BoundQuery(
        shape=shape,
        terms=terms,
        query=query,
        criteria=None if query.criteria is None else prepared(query.criteria),
        compared_keys=_compared_keys(query, shape),
        row_keys=keys,
        list_name=list_name(query) if keys is None and shape.tree is not None else "",
        is_long=is_long,
    )


def _compared_keys(query: Query, shape: BoundShape) -> Names | None:
    if VALUE not in shape.reads.families:
        return frozenset()
    return None if shape.compared_paths is None else compared_keys(query, shape.compared_paths, shape.catalogue)


def list_name(query: Query) -> str:
    """The list that a query looks at, whatever it shows of it and through which window."""
    return canonical(replace(query, projections=()), window=False)
