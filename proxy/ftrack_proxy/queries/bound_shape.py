"""What is bound once for all queries of one shape: what they show, what they filter by on their own rows and beyond.

One pass over a query resolves each of its paths once, and notes what follows from it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from ftrack_proxy.facts.projects import PROJECT_ID
from ftrack_proxy.facts.type_names import ASSET_VERSION, CONTEXT, PROJECT, VALUE
from ftrack_proxy.language.syntax import (
    Aggregate,
    And,
    Comparison,
    Criteria,
    InClause,
    Not,
    Or,
    Quantified,
    Query,
)
from ftrack_proxy.queries.compared_keys import ComparedPaths
from ftrack_proxy.queries.crossings import CONVERSION, Crossing, CrossingNotes, Names, by_family
from ftrack_proxy.queries.id_comparisons import IdComparison, id_comparisons
from ftrack_proxy.queries.projection_tree import Tree, tree_of
from ftrack_proxy.queries.read_set import Reads, ReadSet
from ftrack_proxy.queries.resolve import ResolvedPath, Resolver, Types, Unresolvable
from ftrack_proxy.queries.row_keys import space_of
from ftrack_proxy.schema.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class BoundShape:
    """What does not depend on the literals and the window of a query. All names are attribute names; relations stand
    beside their foreign keys.

    ``types`` are those of the query's own rows, ``key_space`` is within what their primary keys tell them apart, and
    ``tree`` what is shown of them: ``None`` if an answer cannot be put together from entity records.

    ``own_filter`` and ``own_order`` are read on the query's own rows; ``shown`` by family, of any row in the
    answer; ``listed`` maps families of which a collection is shown to those of its owners. ``derived_shown`` and
    ``derived_filter`` map families to the attributes (``"*"``: any) that derived values come from.

    ``direct``: families of which criteria reach a collection of the query's own rows, and that in no other way.
    ``within_project``: no path leads from one project into another. ``shows_project``, ``shows_asset``,
    ``shows_keys``: every row of the answer shows its project's id, every version its asset's, every custom
    attribute its key.

    ``compared_paths`` tell where compared paths lead, for queries that look at custom attributes; ``None`` if a
    sub-query does. ``id_comparisons`` are the criteria by which all rows refer to one entity.
    """

    catalogue: Catalogue
    reads: ReadSet
    family: str
    key_space: str
    types: frozenset[str]
    tree: Tree | None
    own_filter: Names
    own_order: Names
    crossings: dict[str, Crossing]
    shown: dict[str, Names]
    listed: dict[str, Names]
    derived_shown: dict[str, Names]
    derived_filter: dict[str, Names]
    aggregated: bool
    direct: frozenset[str]
    within_project: bool
    shows_project: bool
    shows_asset: bool
    shows_keys: bool
    compared_paths: ComparedPaths | None
    id_comparisons: tuple[IdComparison, ...]


def bind_shape(query: Query, catalogue: Catalogue) -> BoundShape:
    """Resolve a query against the schema.

    Raises:
        Unresolvable: it names what the schema does not have.
    """
    walk = _QueryPass.of(Resolver(catalogue), shows_entities=True)
    walk.query(query)
    return walk.shape(query)


@dataclass(slots=True)
class _QueryPass:
    """The pass over one query: collects what it shows, and what it filters and orders by."""

    resolver: Resolver
    shown: Reads
    filters: Reads
    crossings: CrossingNotes
    own_filter: set[str] = field(default_factory=set)
    own_order: set[str] = field(default_factory=set)
    listed: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    projections: list[ResolvedPath] = field(default_factory=list)
    subqueries_read_values: bool = False

    @classmethod
    def of(cls, resolver: Resolver, *, shows_entities: bool) -> _QueryPass:
        """A pass that has not begun."""
        return cls(resolver, Reads(resolver, shows_entities), Reads(resolver), CrossingNotes(resolver.catalogue))

    def query(self, query: Query) -> None:
        """Go through a query."""
        start = self.start(query)
        self.shown.touch(start)
        self.shown.carried(start)
        self.show(query, start)
        if query.criteria is not None or query.order or query.group_by:
            self.filters.touch(start)
        if query.criteria is not None:
            self.criteria(query.criteria, start, self.own_filter)
        for path in query.group_by:
            self.shown.shown(self.resolver.path(path, start))
            self.compare(self.resolver.compared(path, start), self.own_filter)
        for key in query.order:
            self.compare(self.resolver.compared(key.path, start), self.own_order)

    def start(self, query: Query) -> Types:
        """The type of a query's rows."""
        if query.entity_type not in self.resolver.catalogue.types:
            among = self.resolver.catalogue.types
            raise Unresolvable(query.position, f"no entity type {query.entity_type!r}", query.entity_type, among)
        return (query.entity_type,)

    # -- what is shown

    def show(self, query: Query, start: Types) -> None:
        for projection in query.projections:
            asked = projection.path if isinstance(projection, Aggregate) else projection
            path = self.resolver.path(asked, start)
            self.shown.shown(path)
            self.projections.append(path)
        if not query.projections:
            self.show_defaults(query.entity_type)
        aggregated = is_aggregated(query)
        for path in self.projections:
            self.list_collections(path)
            if aggregated:
                # Rows that are counted show no ids: they matter as those that criteria look at do.
                self.crossings.compared(self.resolver.compared(path.path, start) if query.projections else path, set())

    def show_defaults(self, type_name: str) -> None:
        """Without a select clause, the type's default projections are shown (ftrack-protocol 4.3)."""
        for name in self.resolver.catalogue.types[type_name].default_projections:
            path = self.resolver.declared(type_name, name)
            if path is not None:
                self.shown.path(path)
                self.projections.append(path)

    def list_collections(self, path: ResolvedPath) -> None:
        family_of = self.resolver.catalogue.family_of
        for step in path.steps:
            self.crossings.follow(step)
            if step.is_collection:
                for name in step.types or ():
                    self.listed[family_of[name]].update(one.family for one in step.found)

    # -- what is filtered and ordered by

    def compare(self, path: ResolvedPath, own: set[str] | None) -> None:
        self.filters.path(path)
        self.crossings.compared(path, own)

    def criteria(self, criteria: Criteria, start: Types, own: set[str] | None) -> None:
        """Go through criteria on rows of these types; ``own`` if they are the query's own."""
        match criteria:
            case And(terms=terms) | Or(terms=terms):
                for term in terms:
                    self.criteria(term, start, own)
            case Not(term=term):
                self.criteria(term, start, own)
            case Comparison(path=path):
                self.compare(self.resolver.compared(path, start), own)
            case InClause(path=path, subquery=subquery):
                self.compare(self.resolver.compared(path, start), own)
                if subquery is not None:
                    reads = self.subquery(subquery)
                    self.filters.include(reads)
                    self.crossings.subquery(reads)
                    self.subqueries_read_values |= VALUE in reads.families
            case Quantified(path=path, inner=inner):  # pragma: no branch - the last kind
                relation = self.resolver.path(path, start)
                if relation.types is None:
                    raise Unresolvable(path.position, f"{path} is not a relation")
                self.compare(relation, own)
                if inner is not None and relation.types:
                    self.criteria(inner, relation.types, None)

    def subquery(self, subquery: Query) -> Reads:
        """What a sub-query reads, which shows nothing."""
        inner = _QueryPass.of(self.resolver, shows_entities=False)
        inner.query(subquery)
        inner.shown.include(inner.filters)
        return inner.shown

    # -- all of it

    def shape(self, query: Query) -> BoundShape:
        """What was found of a query that this pass went through."""
        catalogue = self.resolver.catalogue
        entity_type, reads = catalogue.types[query.entity_type], self.reads(query)
        shown = by_family(reads.projections, catalogue)
        if CONTEXT in shown:
            # Every context is shown with its type, and can become one of another.
            shown[CONTEXT] |= CONVERSION
        return BoundShape(
            catalogue=catalogue,
            reads=reads,
            family=catalogue.family_of[query.entity_type],
            key_space=space_of(query.entity_type, catalogue),
            types=frozenset({query.entity_type}) | catalogue.subtypes[query.entity_type],
            tree=None if is_aggregated(query) else tree_of(query.entity_type, self.projections, catalogue),
            own_filter=frozenset(self.own_filter),
            own_order=frozenset(self.own_order),
            crossings=self.crossings.crossings,
            shown=shown,
            listed={item: frozenset(owners) for item, owners in self.listed.items()},
            derived_shown=_sources_by_family(self.shown.derived, catalogue),
            derived_filter=_sources_by_family(self.filters.derived, catalogue),
            aggregated=is_aggregated(query),
            direct=self.crossings.direct,
            within_project=self.crossings.within_project,
            # A system projection, or the row's own id.
            shows_project=query.entity_type == PROJECT or PROJECT_ID in entity_type.system_projections,
            shows_asset=(ASSET_VERSION, "asset_id") in reads.projections,
            shows_keys=_shows_keys(reads, catalogue),
            compared_paths=self.compared_paths(reads),
            id_comparisons=id_comparisons(query, self.resolver),
        )

    def reads(self, query: Query) -> ReadSet:
        return ReadSet(
            families=self.shown.families | self.filters.families,
            types=frozenset(self.shown.types | self.filters.types),
            attributes=frozenset(self.filters.pairs),
            projections=frozenset(self.shown.pairs),
            derived=frozenset(self.shown.derived | self.filters.derived),
            volatile=query.volatile or self.shown.is_volatile or self.filters.is_volatile,
        )

    def compared_paths(self, reads: ReadSet) -> ComparedPaths | None:
        if self.subqueries_read_values:
            return None
        if VALUE not in reads.families:
            return {}
        return {place: path.types_along for place, path in self.resolver.resolved.items()}


def is_aggregated(query: Query) -> bool:
    """True if the rows are groups and sums, not entities."""
    return bool(query.group_by) or any(isinstance(projection, Aggregate) for projection in query.projections)


def _shows_keys(reads: ReadSet, catalogue: Catalogue) -> bool:
    """True if custom attributes show their keys, which is so unless they are shown as they are stored."""
    values = {name for name, _ in reads.projections if catalogue.family_of[name] == VALUE}
    return all((name, "key") in reads.projections for name in values)


def _sources_by_family(pairs: Iterable[tuple[str, str]], catalogue: Catalogue) -> dict[str, Names]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for type_name, name in pairs:
        found[catalogue.family_of[type_name]].add(name)
    return {family: frozenset(names) for family, names in found.items()}
