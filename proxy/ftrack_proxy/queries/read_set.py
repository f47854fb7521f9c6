"""What a query looks at: every type, family and attribute on every path (ftrack-protocol 4.4, 4.7).

An answer depends on each relation that the server walks for it, also those that only a criterion, a sort
key or a sub-query walks; and on the rows that derived values come from. What cannot be resolved is not
cached.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ftrack_proxy.facts.base_types import CLASSIFIER
from ftrack_proxy.facts.derived_values import Sources
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
)
from ftrack_proxy.language.tokens import NotUnderstood
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, EntityType, Kind
from ftrack_proxy.schema.derived import is_volatile, sources_of, sources_of_type
from ftrack_proxy.schema.names import foreign_key_of

Pairs = frozenset[tuple[str, str]]
Types = tuple[str, ...]


class Unresolvable(NotUnderstood):
    """The expression names a type or attribute that the schema does not have: ``name``, which is none ``among`` those
    that it has there."""

    def __init__(self, position: int, problem: str, name: str = "", among: Iterable[str] = ()) -> None:
        super().__init__(position, problem)
        self.name = name
        self.among = frozenset(among)


@dataclass(frozen=True, slots=True)
class ReadSet:
    """What a query reads.

    ``attributes`` are (type, attribute) pairs of criteria, sort keys and groups; ``projections`` those
    that it answers with, keys and system projections included; ``derived`` the sources of derived values
    among them, where ``"*"`` is any attribute and the rows are not those of the answer. ``types`` is every
    type touched, for policy; ``families`` what a change must be in to matter. ``volatile``: it depends on
    caller or clock too.
    """

    families: frozenset[str]
    types: frozenset[str]
    attributes: Pairs
    projections: Pairs
    derived: Pairs
    volatile: bool


def read_set(query: Query, catalogue: Catalogue) -> ReadSet:
    """Resolve a query against the schema, or raise ``Unresolvable``."""
    reads = _Reads(catalogue, volatile=query.volatile)
    reads.query(query, outermost=True)
    return ReadSet(
        families=frozenset(catalogue.family_of[name] for name in reads.types),
        types=frozenset(reads.types),
        attributes=frozenset(reads.attributes),
        projections=frozenset(reads.projections),
        derived=frozenset(reads.derived),
        volatile=reads.volatile,
    )


@dataclass(slots=True)
class _Reads:
    catalogue: Catalogue
    volatile: bool
    types: set[str] = field(default_factory=set)
    attributes: set[tuple[str, str]] = field(default_factory=set)
    projections: set[tuple[str, str]] = field(default_factory=set)
    derived: set[tuple[str, str]] = field(default_factory=set)

    def query(self, query: Query, *, outermost: bool) -> None:
        entity_type = self.catalogue.types.get(query.entity_type)
        if entity_type is None:
            raise Unresolvable(
                query.position, f"no entity type {query.entity_type!r}", query.entity_type, self.catalogue.types
            )
        start = (query.entity_type,)
        shown = self.projections if outermost else self.attributes
        self.touch(start)
        self.carried(start, shown)
        for projection in query.projections:
            path = projection.path if isinstance(projection, Aggregate) else projection
            self.path(path, start, shown)
        if not query.projections:
            for name in entity_type.default_projections:
                self.optional(query.entity_type, name, shown)
        if query.criteria is not None:
            self.criteria(query.criteria, start)
        for path in query.group_by:
            self.path(path, start, shown)
            self.path(path, start, self.attributes)
        for key in query.order:
            self.filtered(key.path, start)

    # -- criteria

    def criteria(self, criteria: Criteria, start: Types) -> None:
        match criteria:
            case And(terms=terms) | Or(terms=terms):
                for term in terms:
                    self.criteria(term, start)
            case Not(term=term):
                self.criteria(term, start)
            case Comparison(path=path):
                self.filtered(path, start)
            case Membership(path=path, subquery=subquery):
                self.filtered(path, start)
                if subquery is not None:
                    self.query(subquery, outermost=False)
            case Quantified(path=path, inner=inner):  # pragma: no branch - the last kind
                targets = self.path(path, start, self.attributes)
                if targets is None:
                    raise Unresolvable(path.position, f"{path} is not a relation")
                if inner is not None and targets:
                    self.criteria(inner, targets)

    def filtered(self, path: Path, start: Types) -> None:
        """A path that is compared or sorted by.

        ``asset.id`` compares the foreign key: it reads ``asset_id`` and not the asset. An asset cannot go
        away unnoticed, for a removal reaches all that refer to it.
        """
        if len(path.steps) >= 2 and path.steps[-2].cast is None and path.steps[-1].cast is None:
            before, last = path.steps[:-2], path.steps[-1].name
            owners = self.path(Path(before, path.position), start, self.attributes) if before else start
            keys = self.keys(owners or (), path.steps[-2].name, last)
            if keys:
                self.attributes.update(keys)
                return
        self.path(path, start, self.attributes)

    def keys(self, owners: Types, relation: str, last: str) -> list[tuple[str, str]]:
        """The foreign keys behind ``relation.<primary key>``, if every way to it has one."""
        found: list[tuple[str, str]] = []
        for owner in owners:
            for holder, attribute in self.catalogue.lookup(owner, relation):
                key = foreign_key_of(self.catalogue.types[holder], relation)
                target = self.catalogue.types.get(attribute.target or "")
                if key is None or key == relation or target is None or target.primary_key != (last,):
                    return []
                if sources_of(holder, relation, self.catalogue):
                    return []
                found.append((holder, key))
        return found

    # -- paths

    def path(self, path: Path, start: Types, into: set[tuple[str, str]]) -> Types | None:
        """Walk a path and note what it touches.

        Returns the types it leads to: None for a plain value, empty if it ended inside an opaque one.
        """
        types: Types | None = start
        for index, step in enumerate(path.steps):
            if types is None:
                raise Unresolvable(_place(path, index), f"{path}: {step.name!r} is below a plain value")
            if not types:
                return ()
            types = self.step(index, types, path, into)
        return types

    def step(self, index: int, types: Types, path: Path, into: set[tuple[str, str]]) -> Types | None:
        step = path.steps[index]
        found = [pair for name in types for pair in self.catalogue.lookup(name, step.name)]
        if not found:
            among = {name for type_name in types for name in self.catalogue.types[type_name].attributes}
            problem = f"{path}: no attribute {step.name!r} on {', '.join(types)}"
            raise Unresolvable(_place(path, index), problem, step.name, among)
        targets: dict[str, None] = {}
        opaque = False
        for name, attribute in found:
            self.read(name, attribute, into)
            if attribute.kind is Kind.SCALAR:
                opaque = opaque or attribute.is_opaque
            elif attribute.target is not None and attribute.target in self.catalogue.types:
                targets[attribute.target] = None
            else:
                raise Unresolvable(_place(path, index), f"{path}: {step.name!r} leads to an unknown type")
        self.touch(targets)
        if into is self.projections:
            self.carried(targets, into)
        if step.cast is not None:
            return self.cast(step.cast, tuple(targets), path, index)
        if targets:
            return tuple(targets)
        return () if opaque else None

    def cast(self, cast: str, targets: Types, path: Path, index: int) -> Types:
        """Narrow a relation (4.6). Only within the family that it leads to: anything else is an error
        upstream."""
        family, families = self.catalogue.family_of.get(cast), {self.catalogue.family_of[name] for name in targets}
        if family is None or family not in families:
            among = [name for name in self.catalogue.types if self.catalogue.family_of[name] in families]
            place = _place(path, index) + len(path.steps[index].name) + 1
            raise Unresolvable(place, f"{path}: cannot narrow to {cast!r}", cast, among)
        self.touch((cast,))
        return (cast,)

    # -- notes

    def touch(self, types: Iterable[str]) -> None:
        for name in types:
            if name not in self.types:
                self.types.add(name)
                self.made_of(sources_of_type(name, self.catalogue))

    def read(self, name: str, attribute: Attribute, into: set[tuple[str, str]]) -> None:
        self.touch((name,))
        into.add((name, attribute.name))
        self.made_of(sources_of(name, attribute.name, self.catalogue))
        if is_volatile(name, attribute, self.catalogue):
            self.volatile = True

    def made_of(self, sources: Sources) -> None:
        self.derived.update(sources)
        self.types.update(name for name, _ in sources)

    def optional(self, type_name: str, name: str, into: set[tuple[str, str]]) -> None:
        """A default or system projection; those that the schema does not show are not answered (3.3)."""
        attribute = self.catalogue.types[type_name].attributes.get(name)
        if attribute is not None:
            self.read(type_name, attribute, into)
            if attribute.target is not None and attribute.target in self.catalogue.types:
                self.touch((attribute.target,))

    def carried(self, types: Iterable[str], into: set[tuple[str, str]]) -> None:
        """What comes along with every entity: key, system projections, the object type (3.3), and what this server was
        seen to add."""
        for type_name in types:
            entity_type = self.catalogue.types[type_name]
            for name in (*entity_type.primary_key, *entity_type.system_projections):
                self.optional(type_name, name, into)
            if CLASSIFIER.told_by in entity_type.attributes:
                self.optional(type_name, CLASSIFIER.attribute, into)
            for name in self.catalogue.unasked.get(type_name, ()):
                self.unasked(entity_type, name, into)

    def unasked(self, entity_type: EntityType, name: str, into: set[tuple[str, str]]) -> None:
        """What this server shows of its own accord. What leads further, or is no attribute, is not followed."""
        attribute = entity_type.attributes.get(name)
        if attribute is None or attribute.kind in (Kind.COLLECTION, Kind.MAPPED):
            self.volatile = True
        self.optional(entity_type.name, name, into)


def _place(path: Path, index: int) -> int:
    """Where a step of a path stands in the expression, unless there are blanks around a cast."""
    return path.position + (len(str(Path(path.steps[:index]))) + 1 if index else 0)
