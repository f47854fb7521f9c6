"""What criteria and order look at: on a query's own rows, and on rows of other families beyond them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from ftrack_proxy.facts.base_types import CLASSIFIER
from ftrack_proxy.facts.hierarchy import ANCESTORS
from ftrack_proxy.facts.projects import FAMILIES_OF_NO_PROJECT, RELATIONS_WITHIN_PROJECT
from ftrack_proxy.facts.type_names import CONTEXT
from ftrack_proxy.queries.read_set import Reads
from ftrack_proxy.queries.resolve import ResolvedPath, ResolvedStep, resolved_attribute
from ftrack_proxy.schema.catalogue import Catalogue

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


@dataclass(slots=True)
class CrossingNotes:
    """Collects what paths cross, family by family.

    ``within_project``: no path leads from one project into another.
    """

    catalogue: Catalogue
    within_project: bool = True
    _names: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _many: set[str] = field(default_factory=set)
    _direct: set[str] = field(default_factory=set)
    _indirect: set[str] = field(default_factory=set)

    @property
    def crossings(self) -> dict[str, Crossing]:
        """What was crossed, by family."""
        return {family: Crossing(frozenset(names), family in self._many) for family, names in self._names.items()}

    @property
    def direct(self) -> frozenset[str]:
        """Families that were reached as a collection of the query's own rows, and that in no other way."""
        return frozenset(self._direct - self._indirect)

    def compared(self, path: ResolvedPath, own: set[str] | None) -> None:
        """Note what a compared path reads.

        ``own`` takes what is read on the query's own rows, ``None`` if the path starts elsewhere.
        """
        last = len(path.steps) - 1
        for index, step in enumerate(path.steps):
            first = own is not None and index == 0
            for one in step.found:
                (own if first and own is not None else self._names[one.family]).update(one.names)
            if path.keys and index == last:
                return
            self.follow(step)
            self._cross(step, first=first)

    def follow(self, step: ResolvedStep) -> None:
        """Note whether a step may lead into another project."""
        family_of = self.catalogue.family_of
        if {family_of[name] for name in step.types or ()} <= OF_NO_PROJECT:
            return
        if step.name not in _WITHIN_A_PROJECT or any(one.family in OF_NO_PROJECT for one in step.found):
            self.within_project = False

    def subquery(self, reads: Reads) -> None:
        """Note what a sub-query reads."""
        self.within_project = False
        for family in reads.families:
            self._names[family].update(())
            self._indirect.add(family)
            self._many.add(family)
        for family, names in by_family(reads.pairs, self.catalogue).items():
            self._names[family].update(names)

    def _cross(self, step: ResolvedStep, *, first: bool) -> None:
        """Note that criteria go on to rows behind a step."""
        # Ancestors are a collection to which nothing new can belong yet.
        many = step.is_collection and step.name != ANCESTORS
        for name in step.types or ():
            family = self.catalogue.family_of[name]
            self._names[family].update(())
            # Through a foreign key, many rows can share what they refer to (a thumbnail): none of them owns it.
            (self._direct if first and many else self._indirect).add(family)
            if many:
                self._many.add(family)
        if step.cast is not None and self.catalogue.family_of[step.cast] == CONTEXT:
            self._names[CONTEXT].update(CONVERSION)


def by_family(pairs: Iterable[tuple[str, str]], catalogue: Catalogue) -> dict[str, Names]:
    """(Type, attribute) pairs as names by family; relations beside their foreign keys."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for type_name, name in pairs:
        one = resolved_attribute(catalogue, type_name, name)
        found[one.family].update(one.names)
    return {family: frozenset(names) for family, names in found.items()}
