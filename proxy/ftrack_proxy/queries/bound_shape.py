"""What is bound once for all queries of one shape: what they show, what they filter by on their own rows and beyond."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final

from ftrack_proxy.facts.base_types import CLASSIFIER
from ftrack_proxy.facts.hierarchy import ANCESTORS
from ftrack_proxy.facts.projects import FAMILIES_OF_NO_PROJECT, PROJECT_ID, RELATIONS_WITHIN_PROJECT
from ftrack_proxy.facts.type_names import ASSET_VERSION, CONTEXT, PROJECT, VALUE
from ftrack_proxy.language.syntax import (
    Aggregate,
    And,
    Comparison,
    Criteria,
    Membership,
    Not,
    Or,
    Path,
    Quantified,
    Query,
    Step,
)
from ftrack_proxy.queries.projection_tree import Tree, tree_of
from ftrack_proxy.queries.read_set import ReadSet, read_set
from ftrack_proxy.queries.row_keys import space_of
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, Kind
from ftrack_proxy.schema.derived import sources_of
from ftrack_proxy.schema.names import foreign_key_of

Names = frozenset[str]

# A query that follows no other relations and families looks at one project if its own rows do.
_WITHIN_A_PROJECT: Final = frozenset(relation.name for relation in RELATIONS_WITHIN_PROJECT)
OF_NO_PROJECT: Final = frozenset(fact.family for fact in FAMILIES_OF_NO_PROJECT)
CONVERSION: Final = frozenset({CLASSIFIER.attribute})
"""What tells the types of one table apart."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """What criteria, order or sub-queries read of a family beyond the rows themselves.

    ``many``: some way there leads through a collection or a sub-query, so that rows which come and go count.
    """

    names: Names
    many: bool


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


def bind_shape(query: Query, catalogue: Catalogue) -> BoundShape:
    """Resolve a query against the schema.

    Raises:
        Unresolvable: it names what the schema does not have.
    """
    reads = read_set(query, catalogue)
    walk = _Walk(catalogue, query.entity_type)
    aggregated = bool(query.group_by) or any(isinstance(p, Aggregate) for p in query.projections)
    for projection in query.projections or _default_projections(query, catalogue):
        path = projection.path if isinstance(projection, Aggregate) else projection
        walk.show(path)
        if aggregated:
            # Rows that are counted show no ids: they matter as those that criteria look at do.
            walk.filtered(path, (query.entity_type,), set())
    if query.criteria is not None:
        walk.criteria(query.criteria, (query.entity_type,), walk.own_filter)
    for key in query.order:
        walk.filtered(key.path, (query.entity_type,), walk.own_order)
    for path in query.group_by:
        walk.filtered(path, (query.entity_type,), walk.own_filter)
    shown = _by_family(((n, a) for n, a in reads.projections), catalogue)
    if CONTEXT in shown:
        # Every context is shown with its type, and can become one of another.
        shown[CONTEXT] |= CONVERSION
    unfiltered = replace(query, criteria=None, order=())
    derived_shown = read_set(unfiltered, catalogue).derived
    family = catalogue.family_of[query.entity_type]
    return BoundShape(
        catalogue=catalogue,
        reads=reads,
        family=family,
        key_space=space_of(query.entity_type, catalogue),
        types=frozenset({query.entity_type}) | catalogue.subtypes[query.entity_type],
        tree=tree_of(query, catalogue),
        own_filter=frozenset(walk.own_filter),
        own_order=frozenset(walk.own_order),
        crossings={f: Crossing(frozenset(names), f in walk.many) for f, names in walk.beyond.items()},
        shown=shown,
        listed={item: frozenset(owners) for item, owners in walk.listed.items()},
        derived_shown=_plain_by_family(derived_shown, catalogue),
        derived_filter=_plain_by_family(_derived_by_criteria(query, catalogue), catalogue),
        aggregated=aggregated,
        direct=frozenset(walk.direct - walk.indirect),
        within_project=walk.within_project,
        shows_project=_shows_project(query, catalogue),
        shows_asset=(ASSET_VERSION, "asset_id") in reads.projections,
        shows_keys=_shows_keys(reads, catalogue),
    )


def _shows_keys(reads: ReadSet, catalogue: Catalogue) -> bool:
    """True if custom attributes show their keys, which is so unless they are shown as they are stored."""
    values = {name for name, _ in reads.projections if catalogue.family_of[name] == VALUE}
    return all((name, "key") in reads.projections for name in values)


def _derived_by_criteria(query: Query, catalogue: Catalogue) -> Iterable[tuple[str, str]]:
    if query.criteria is None and not query.order and not query.group_by:
        return ()
    key = catalogue.types[query.entity_type].primary_key[0]
    bare = replace(query, projections=(Path((Step(key),)),), group_by=())
    grouped = replace(query, projections=query.group_by, criteria=None, order=(), group_by=())
    return read_set(bare, catalogue).derived | (read_set(grouped, catalogue).derived if query.group_by else frozenset())


def _default_projections(query: Query, catalogue: Catalogue) -> tuple[Path, ...]:
    declared = catalogue.types[query.entity_type]
    return tuple(Path((Step(name),)) for name in declared.default_projections if name in declared.attributes)


def _shows_project(query: Query, catalogue: Catalogue) -> bool:
    """True if every row shows the id of its project: a system projection, or the row's own id."""
    return query.entity_type == PROJECT or PROJECT_ID in catalogue.types[query.entity_type].system_projections


def _by_family(pairs: Iterable[tuple[str, str]], catalogue: Catalogue) -> dict[str, Names]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for type_name, name in pairs:
        found[catalogue.family_of[type_name]].update(with_key(type_name, name, catalogue))
    return {family: frozenset(names) for family, names in found.items()}


def _plain_by_family(pairs: Iterable[tuple[str, str]], catalogue: Catalogue) -> dict[str, Names]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for type_name, name in pairs:
        found[catalogue.family_of[type_name]].add(name)
    return {family: frozenset(names) for family, names in found.items()}


def with_key(type_name: str, name: str, catalogue: Catalogue) -> tuple[str, ...]:
    """An attribute's name, and that of its foreign key if it is a relation."""
    key = foreign_key_of(catalogue.types[type_name], name)
    return (name,) if key is None or key == name else (name, key)


@dataclass(slots=True)
class _Walk:
    """Follows the paths of a query that is known to resolve."""

    catalogue: Catalogue
    root: str
    own_filter: set[str] = field(default_factory=set)
    own_order: set[str] = field(default_factory=set)
    beyond: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    many: set[str] = field(default_factory=set)
    listed: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    direct: set[str] = field(default_factory=set)
    indirect: set[str] = field(default_factory=set)
    within_project: bool = True

    def show(self, path: Path) -> None:
        types: tuple[str, ...] = (self.root,)
        for step in path.steps:
            found = [pair for name in types for pair in self.catalogue.lookup(name, step.name)]
            types = self._targets(found, step)
            self._follow(found, step, types)
            if any(attribute.kind in (Kind.COLLECTION, Kind.MAPPED) for _, attribute in found):
                for name in types:
                    owners = {self.catalogue.family_of[owner] for owner, _ in found}
                    self.listed[self.catalogue.family_of[name]].update(owners)

    def criteria(self, criteria: Criteria, start: tuple[str, ...], own: set[str] | None) -> None:
        match criteria:
            case And(terms=terms) | Or(terms=terms):
                for term in terms:
                    self.criteria(term, start, own)
            case Not(term=term):
                self.criteria(term, start, own)
            case Comparison(path=path):
                self.filtered(path, start, own)
            case Membership(path=path, subquery=subquery):
                self.filtered(path, start, own)
                if subquery is not None:
                    self._subquery(subquery)
            case Quantified(path=path, inner=inner):
                targets = self.filtered(path, start, own)
                if inner is not None:
                    self.criteria(inner, targets, None)

    def filtered(self, path: Path, start: tuple[str, ...], own: set[str] | None) -> tuple[str, ...]:
        """Note what a compared path reads; returns the types it leads to.

        ``own`` takes what is read on the query's own rows, ``None`` if the path starts elsewhere.
        """
        steps = path.steps
        compares_key = _compares_key(steps, start, self.catalogue)
        types = start
        for index, step in enumerate(steps[:-1] if compares_key else steps):
            found = [pair for name in types for pair in self.catalogue.lookup(name, step.name)]
            for name, _ in found:
                names = with_key(name, step.name, self.catalogue)
                if own is not None and index == 0:
                    own.update(names)
                else:
                    self.beyond[self.catalogue.family_of[name]].update(names)
            types = self._targets(found, step)
            if compares_key and index == len(steps) - 2:
                return types
            self._follow(found, step, types)
            self._cross(found, types, first=own is not None and index == 0)
            if step.cast is not None and self.catalogue.family_of[step.cast] == CONTEXT:
                self.beyond[CONTEXT].update(CONVERSION)
        return types

    def _cross(self, found: list[tuple[str, Attribute]], types: tuple[str, ...], *, first: bool) -> None:
        """Note that criteria go on to rows of ``types``."""
        # Ancestors are a collection to which nothing new can belong yet.
        many = any(a.kind in (Kind.COLLECTION, Kind.MAPPED) and a.name != ANCESTORS for _, a in found)
        for name in types:
            family = self.catalogue.family_of[name]
            self.beyond[family].update(())
            # Through a foreign key, many rows can share what they refer to (a thumbnail): none of them owns it.
            (self.direct if first and many else self.indirect).add(family)
            if many:
                self.many.add(family)

    def _follow(self, found: list[tuple[str, Attribute]], step: Step, types: tuple[str, ...]) -> None:
        """Note whether a step may lead into another project."""
        leads_to = {self.catalogue.family_of[name] for name in types}
        comes_from = {self.catalogue.family_of[name] for name, _ in found}
        if leads_to <= OF_NO_PROJECT:
            return
        if step.name not in _WITHIN_A_PROJECT or not comes_from.isdisjoint(OF_NO_PROJECT):
            self.within_project = False

    def _subquery(self, subquery: Query) -> None:
        reads = read_set(subquery, self.catalogue)
        for type_name, name in reads.attributes | reads.projections:
            family = self.catalogue.family_of[type_name]
            self.beyond[family].update(with_key(type_name, name, self.catalogue))
        self.within_project = False
        for family in reads.families:
            self.beyond[family].update(())
            self.indirect.add(family)
            self.many.add(family)

    def _targets(self, found: list[tuple[str, Attribute]], step: Step) -> tuple[str, ...]:
        if step.cast is not None:
            return (step.cast,)
        return tuple(
            dict.fromkeys(a.target for _, a in found if a.target is not None and a.target in self.catalogue.types)
        )


def _compares_key(steps: tuple[Step, ...], start: tuple[str, ...], catalogue: Catalogue) -> bool:
    """True for ``... relation.id``: it reads the foreign key and nothing of the target."""
    if len(steps) < 2 or steps[-1].cast is not None or steps[-2].cast is not None:
        return False
    types = start
    for step in steps[:-2]:
        found = [pair for name in types for pair in catalogue.lookup(name, step.name)]
        types = (step.cast,) if step.cast else tuple(dict.fromkeys(a.target for _, a in found if a.target))
    found = [pair for name in types for pair in catalogue.lookup(name, steps[-2].name)]
    for name, attribute in found:
        target = catalogue.types.get(attribute.target or "")
        key = foreign_key_of(catalogue.types[name], steps[-2].name)
        if attribute.kind is not Kind.REFERENCE or key is None or target is None:
            return False
        if target.primary_key != (steps[-1].name,) or sources_of(name, steps[-2].name, catalogue):
            return False
    return bool(found)
