"""Criteria by which all rows of a query refer to one entity: such a query may be one of many, one for each entity."""

from __future__ import annotations

from dataclasses import dataclass

from ftrack_proxy.language.syntax import And, Comparison, Query
from ftrack_proxy.queries.resolve import ResolvedPath, ResolvedStep, Resolver
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Attribute, Kind


@dataclass(frozen=True, slots=True)
class IdComparison:
    """One of the criteria that ``and`` joins, by its ``index``: it compares an id of entities of these families."""

    index: int
    families: tuple[str, ...]


def id_comparisons(query: Query, resolver: Resolver) -> tuple[IdComparison, ...]:
    """The criteria that each row must meet and that compare with one id."""
    found: list[IdComparison] = []
    terms = query.criteria.terms if isinstance(query.criteria, And) else (query.criteria,)
    for index, term in enumerate(terms):
        if isinstance(term, Comparison) and term.operator == "is":
            families = _families(resolver.compared(term.path, (query.entity_type,)), resolver.catalogue)
            if families:
                found.append(IdComparison(index, families))
    return tuple(found)


def _families(path: ResolvedPath, catalogue: Catalogue) -> tuple[str, ...]:
    """The families of the entities whose id a path compares: through references alone, each row has one then."""
    through = path.steps if path.keys else path.steps[:-1]
    if not path.keys and not path.is_whole:
        return ()
    for step in through:
        attribute = _stored(step, catalogue)
        if attribute is None or attribute.kind is not Kind.REFERENCE:
            return ()
    last = path.path.steps[-1].name
    if path.keys:
        (target,) = path.steps[-1].targets
        compared = catalogue.types[target].attributes.get(last)
        if compared is None or compared.kind is not Kind.SCALAR or compared.computed:
            return ()
        return (catalogue.family_of[target],)
    compared = _stored(path.steps[-1], catalogue)
    if compared is None or compared.kind is not Kind.SCALAR:
        return ()
    (owner,) = path.steps[-1].owners
    if through and last in catalogue.types[owner].primary_key:
        return (catalogue.family_of[owner],)
    return tuple({catalogue.family_of[name] for name in compared.key_of if name in catalogue.family_of})


def _stored(step: ResolvedStep, catalogue: Catalogue) -> Attribute | None:
    """The one attribute of a step, on rows that have one id each."""
    if step.cast is not None or len(step.owners) != 1 or len(step.found) != 1:
        return None
    (owner,), (found,) = step.owners, step.found
    if found.type_name != owner or len(catalogue.types[owner].primary_key) != 1 or found.attribute.computed:
        return None
    return found.attribute
