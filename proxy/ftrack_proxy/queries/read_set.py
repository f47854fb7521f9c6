"""What a query looks at: every type, family and attribute on every path (ftrack-protocol 4.4, 4.7).

An answer depends on each relation that the server walks for it, also those that only a criterion, a sort
key or a sub-query walks; and on the rows that derived values come from.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ftrack_proxy.facts.base_types import CLASSIFIER
from ftrack_proxy.facts.derived_values import Sources
from ftrack_proxy.queries.resolve import ResolvedAttribute, ResolvedPath, Resolver
from ftrack_proxy.schema.declared_types import Kind
from ftrack_proxy.schema.derived import sources_of_type

Pairs = frozenset[tuple[str, str]]


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


@dataclass(slots=True)
class Reads:
    """Collects what one part of a query reads: what it shows, what it filters and orders by, or a sub-query.

    ``shows_entities``: what it reads is shown, and entities come with more than they are asked for.
    """

    resolver: Resolver
    shows_entities: bool = False
    types: set[str] = field(default_factory=set)
    pairs: set[tuple[str, str]] = field(default_factory=set)
    derived: set[tuple[str, str]] = field(default_factory=set)
    is_volatile: bool = False
    _touched: set[str] = field(default_factory=set)

    @property
    def families(self) -> frozenset[str]:
        """The families of all types touched."""
        family_of = self.resolver.catalogue.family_of
        return frozenset(family_of[name] for name in self.types)

    def path(self, path: ResolvedPath) -> None:
        """Note what a path touches."""
        for step in path.steps[:-1] if path.keys else path.steps:
            for one in step.found:
                self.attribute(one)
            self.touch(step.targets)
            if step.cast is not None:
                self.touch((step.cast,))
        self.pairs.update(path.keys)

    def shown(self, path: ResolvedPath) -> None:
        """Note the same for a path of the select clause."""
        self.path(path)
        if self.shows_entities:
            for step in path.steps:
                self.carried(step.targets)

    def carried(self, types: Iterable[str]) -> None:
        """What comes along with every entity: key, system projections, the object type (3.3), and what this server was
        seen to add."""
        catalogue = self.resolver.catalogue
        for type_name in types:
            entity_type = catalogue.types[type_name]
            for name in (*entity_type.primary_key, *entity_type.system_projections):
                self.declared(type_name, name)
            if CLASSIFIER.told_by in entity_type.attributes:
                self.declared(type_name, CLASSIFIER.attribute)
            for name in catalogue.unasked.get(type_name, ()):
                # What leads further, or is no attribute, is not followed.
                attribute = entity_type.attributes.get(name)
                if attribute is None or attribute.kind in (Kind.COLLECTION, Kind.MAPPED):
                    self.is_volatile = True
                self.declared(type_name, name)

    def declared(self, type_name: str, name: str) -> None:
        """A default or system projection; those that the schema does not show are not answered (3.3)."""
        path = self.resolver.declared(type_name, name)
        if path is not None:
            self.path(path)

    def attribute(self, one: ResolvedAttribute) -> None:
        """Note one attribute, and what it derives from."""
        self.touch((one.type_name,))
        self.pairs.add((one.type_name, one.attribute.name))
        if one.sources:
            self._made_of(one.sources)
        if one.is_volatile:
            self.is_volatile = True

    def touch(self, types: Iterable[str]) -> None:
        """Note types whose rows are looked at."""
        for name in types:
            if name not in self._touched:
                self._touched.add(name)
                self.types.add(name)
                self._made_of(sources_of_type(name, self.resolver.catalogue))

    def include(self, other: Reads) -> None:
        """Note all that another part reads."""
        self.types |= other.types
        self.pairs |= other.pairs
        self.derived |= other.derived
        self.is_volatile = self.is_volatile or other.is_volatile

    def _made_of(self, sources: Sources) -> None:
        self.derived.update(sources)
        self.types.update(name for name, _ in sources)
