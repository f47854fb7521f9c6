"""Could this change alter that answer? A rule a function; each says what of an answer it protects.

An answer is affected if any rule fires. A rule that does not fire is certain of it: what is not known of the
changed entity, of ftrack's own evaluation, or of the answer, counts against it (design: three-valued logic,
unknown is true).

A changed entity reaches an answer in the ways below and no other: as one of its rows or of the rows that they
refer to (content), by entering or leaving the rows (membership, order), through what criteria look at beyond
the rows (crossing), as a member of a collection that is shown (collection), or through a derived value (derived).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind
from ftrack_proxy.facts.custom_attributes import CUSTOM_ATTRIBUTES
from ftrack_proxy.facts.derived_values import CONTEXT_LINK, LATEST, VERSION_LINK
from ftrack_proxy.facts.hierarchy import CONTEXT_NAMES, STEPS_UPWARDS
from ftrack_proxy.facts.naming import ID, KEY_SUFFIX
from ftrack_proxy.facts.projects import PROJECT_ID, SOURCES_IN_PROJECT
from ftrack_proxy.facts.references import COLLECTION_DIVIDERS
from ftrack_proxy.facts.type_names import ANY, ASSET_VERSION, CONTEXT, PROJECT, VALUE
from ftrack_proxy.judging.case import Case, names_changed
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.row_facts import RowFacts, facts_after, facts_before, place_of
from ftrack_proxy.queries.bound_query import Bound, BoundQuery
from ftrack_proxy.schema.declared_types import Kind
from ftrack_proxy.schema.names import foreign_key_of
from ftrack_proxy.values.truth import Truth
from ftrack_proxy.values.work import Work, unlimited

_DIVIDERS: Final = frozenset(divider.attribute for divider in COLLECTION_DIVIDERS)
_NAMES: Final = frozenset(name.attribute for name in CONTEXT_NAMES)
# What links show of the objects on the way, and where these stand.
_PLACE: Final = frozenset(attribute for _, attribute in CONTEXT_LINK)
_ASSET_ID: Final = frozenset({"asset_id"})
# What links and the choice of the latest one look at of versions.
_OF_VERSIONS: Final = frozenset(name for family, name in VERSION_LINK | LATEST if family == ASSET_VERSION)
_IN_ONE_PROJECT: Final = frozenset(fact.family for fact in SOURCES_IN_PROJECT)
# The keys behind the path upwards: it tells their value where the change itself does not.
_HIERARCHY_KEYS: Final = frozenset(step.key for step in STEPS_UPWARDS)

# What it takes to try all rules of which none applies.
_STEPS_A_CASE: Final = 3


Rule = Callable[[Case], bool]


def anywhere(case: Case) -> bool:
    """A0: it is not known which rows of the family changed: any that the query reads. No other rule is asked then.

    Where a removed row stood is known; what goes with it stood below, in the same project.
    """
    if case.is_misnamed:
        return True
    if case.changed is not None:
        shape, family = case.shape, case.family
        crossed = shape.crossings.get(family)
        if (family in shape.listed or (crossed and crossed.many)) and _may_change_owner(case):
            return True
        names = shape.shown.get(family, frozenset()) | (crossed.names if crossed else frozenset())
        if family == shape.family:
            names |= shape.own_filter | shape.own_order
        return case.touches(names) or _meets_sources(case.sources, case.touches)
    return not _lies_in_another_project(case)


def content(case: Case) -> bool:
    """A1: an entity in the answer changed an attribute that is shown, or is gone."""
    kind = case.change.kind
    if kind is ChangeKind.ADDED:
        return False
    if kind is ChangeKind.UPDATED and not case.touches_shown(case.shape.shown.get(case.family, frozenset())):
        return False
    return case.is_mentioned(case.change.entity_id)


def entered(case: Case) -> bool:
    """A2: a new entity may be one of the rows, unless it certainly does not meet the criteria."""
    if case.change.kind is not ChangeKind.ADDED or not case.may_be_row():
        return False
    return case.after is not Truth.FALSE


def moved_in_or_out(case: Case) -> bool:
    """A3: an entity changed what the criteria look at: a row may have to go, another to come."""
    if case.change.kind is not ChangeKind.UPDATED or not case.may_be_row():
        return False
    converted = case.may_change_type
    if not converted and not case.touches_compared(case.shape.own_filter):
        return False
    if case.is_mentioned(case.change.entity_id):
        # Mentioned is not yet a row: another row may refer to it. A row stays only if it was one before.
        return not case.is_out() and (converted or not case.is_in())
    return case.after is not Truth.FALSE if case.result.complete else not case.is_out()


def reordered(case: Case) -> bool:
    """A4: an entity changed what the rows are ordered by: a row moves, or one beyond the window comes in."""
    if case.change.kind is not ChangeKind.UPDATED or not case.may_be_row():
        return False
    if not case.touches_compared(case.shape.own_order):
        return False
    if case.is_mentioned(case.change.entity_id):
        return True
    return not case.result.complete and case.after is not Truth.FALSE


def made_room(case: Case) -> bool:
    """A5: an entity that stood before or behind the window is gone: the rows move up."""
    if case.change.kind is not ChangeKind.REMOVED or not case.may_be_row() or case.result.complete:
        return False
    return not case.is_out()


def crossing(case: Case) -> bool:
    """A6: criteria, order or a sub-query look at rows of this family beyond the query's own.

    Rows that come and go matter where the way to them leads through a collection or a sub-query; where it follows
    a foreign key, nothing refers yet to a row that is new.
    """
    crossed = case.shape.crossings.get(case.family)
    if crossed is None or _owner_is_out(case):
        return False
    if case.change.kind is ChangeKind.ADDED:
        return crossed.many
    if case.change.kind is ChangeKind.UPDATED:
        return case.touches_compared(crossed.names) or (crossed.many and _may_change_owner(case))
    return True


def collection(case: Case) -> bool:
    """A7: an entity comes into a collection that is shown, or changes from one to another.

    Its owner, old or new, is in the answer, or not told. What is gone from a collection was mentioned there (A1).
    """
    owners = case.shape.listed.get(case.family)
    if owners is None or case.change.kind is ChangeKind.REMOVED:
        return False
    if case.change.kind is ChangeKind.UPDATED:
        if not _may_change_owner(case):
            return False
        if case.is_mentioned(case.change.entity_id):
            return True
    return _may_hang_on_mentioned(case, owners)


def derived_shown(case: Case) -> bool:
    """A8: a shown value is derived from this family, by a way on which the changed entity may lie."""
    names = case.shape.derived_shown.get(case.family)
    if names is None or not _meets_sources(names, case.touches_shown):
        return False
    return not _derives_elsewhere(case, names)


def derived_filter(case: Case) -> bool:
    """A9: criteria or order look at a value that is derived from this family."""
    names = case.shape.derived_filter.get(case.family)
    if names is None or not _meets_sources(names, case.touches_compared):
        return False
    if case.family in _IN_ONE_PROJECT and _lies_in_another_project(case):
        return False
    # What is new has nothing below it yet: the collections that it comes into are A6's.
    return not (case.family == CONTEXT and case.change.kind is ChangeKind.ADDED and names <= _PLACE)


def aggregated(case: Case) -> bool:
    """A10: groups and sums show no ids; any entity that may be counted counts."""
    if not case.shape.aggregated or not case.may_be_row():
        return False
    reads = case.shape.shown.get(case.family, frozenset()) | case.shape.own_filter | case.shape.own_order
    return case.touches(reads) and not case.is_out()


RULES: Final[dict[str, Rule]] = {
    "A0": anywhere,
    "A1": content,
    "A2": entered,
    "A3": moved_in_or_out,
    "A4": reordered,
    "A5": made_room,
    "A6": crossing,
    "A7": collection,
    "A8": derived_shown,
    "A9": derived_filter,
    "A10": aggregated,
}
"""Rule ids, in the order in which they are tried."""

EVERYTHING: Final = "A*"
"""Not a rule: the change may have touched anything, or the answer may have read anything."""


def affects(
    change: Change,
    result: Result,
    bound: Bound,
    work: Work | None = None,
) -> str | None:
    """Return the id of the rule by which ``change`` may alter ``result``, ``None`` if it certainly does not.

    Raises:
        OutOfBudget: to tell would be more ``work`` than is left.
    """
    if change.families is None or result.families is None:
        return EVERYTHING
    # It may have been asked for when less was known of what ftrack shows.
    families = change.families & (result.families | bound.families)
    if not families:
        return None
    if not isinstance(bound, BoundQuery):
        return EVERYTHING
    work = work or unlimited()
    # Without custom attributes in the query, those that a name may also mean do not matter.
    shape, catalogue = bound.shape, bound.shape.catalogue
    for reading in change.readings if VALUE in bound.families else (change,):
        changed = names_changed(reading)
        for family in families:
            work.spend(_STEPS_A_CASE)
            case = Case(reading, result, bound, shape, catalogue, changed, family, work)
            whole = case.may_be_any_row
            for name, rule in RULES.items():
                if (rule is anywhere) == whole and rule(case):
                    return name
    return None


# -- what the rules ask ------------------------------------------------------------------------------------


def _lies_in_another_project(case: Case) -> bool:
    """True if the query looks at contexts of one project, and certainly not at that of the change.

    What derives from a context, or goes with it, stands in the same project.
    """
    place = place_of(case.change)
    if not place or case.shape.family != CONTEXT or not case.shape.within_project:
        return False
    if _may_come_from_elsewhere(case):
        return False
    return case.meets(RowFacts(CONTEXT, None, {PROJECT_ID: place[-1][0]}, ())) is Truth.FALSE


def _owner_is_out(case: Case) -> bool:
    """True if the query's row that the changed one belongs to certainly does not meet the criteria anyway.

    Known where criteria look at the family in one step from the query's own rows (the assignments of a task), and
    the changed row hangs directly on such a row and stays there.
    """
    place = place_of(case.change)
    if case.family not in case.shape.direct or not place or place[0][1] != case.shape.family:
        return False
    if case.family == case.shape.family or not _hangs_on_one(case):
        return False
    if case.change.kind is ChangeKind.UPDATED and _may_change_owner(case):
        return False
    return case.meets(RowFacts(case.shape.family, place[0][0], {}, place[1:])) is Truth.FALSE


def _hangs_on_one(case: Case) -> bool:
    """True if the changed row belongs to one of the query's rows alone, the one that the path upwards begins with.

    Dependencies hang on two at once. Lists stand in a project, and are of rows that the path does not tell.
    """
    declared = case.change.entity_type
    names = [declared] if declared in case.catalogue.types else case.catalogue.members(case.family)
    for type_name in filter(None, names):
        keys = 0
        for name, attribute in case.catalogue.types[type_name].attributes.items():
            targets = {case.catalogue.family_of.get(target) for target in attribute.key_of}
            of_any_family = name == "parent_id" and not targets
            keys += of_any_family or (name not in (ID, PROJECT_ID) and case.shape.family in targets)
        if keys != 1:
            return False
    return True


def _may_change_owner(case: Case) -> bool:
    """True if the change may put the entity under another owner, or into another of the owner's collections."""
    changed = case.changed
    if changed is None:
        return True
    types = [case.catalogue.types[name] for name in case.catalogue.members(case.family)]
    for name in changed - {CUSTOM_ATTRIBUTES}:  # Their values have no other owner than before.
        found = [t.attributes[name] for t in types if name in t.attributes]
        if not found or name in _DIVIDERS or name.endswith(KEY_SUFFIX):
            return True
        if any(attribute.kind is not Kind.SCALAR or attribute.key_of for attribute in found):
            return True
    return False


def _may_hang_on_mentioned(case: Case, owners: frozenset[str]) -> bool:
    """True if an owner in the answer may own this entity now: its id is given, or some owner's id is not."""
    declared = case.catalogue.types.get(case.change.entity_type or "")
    if declared is None:
        return True
    hierarchical = _HIERARCHY_KEYS if place_of(case.change) else frozenset[str]()
    # What goes from one of its owner's collections into another keeps its keys.
    changed = case.changed if case.change.kind is ChangeKind.UPDATED and not case.touches(_DIVIDERS) else None
    for name, attribute in declared.attributes.items():
        hidden = attribute.kind is Kind.REFERENCE and foreign_key_of(declared, name) is None and not attribute.computed
        if name == ID or not (attribute.key_of or name.endswith(KEY_SUFFIX) or hidden):
            continue
        pointed = (*attribute.key_of, attribute.target) if hidden else attribute.key_of
        targets = {case.catalogue.family_of.get(target or "", "") for target in pointed}
        if targets and targets.isdisjoint(owners):
            continue
        if changed is not None and name not in changed:
            continue
        told = UNKNOWN if name in case.change.uncertain else case.change.attributes.get(name, (UNKNOWN, UNKNOWN))[1]
        if told is UNKNOWN:
            if name not in hierarchical or any(case.mentions(above) for above in case.change.ancestors):
                return True
        elif told is not None and (not isinstance(told, str) or case.mentions(told)):
            return True
    return False


def _meets_sources(names: frozenset[str], touches: Callable[[frozenset[str]], bool]) -> bool:
    return ANY in names or touches(names)


def _derives_elsewhere(case: Case, names: frozenset[str]) -> bool:
    """True if none of the rows in the answer can derive a value from the changed entity."""
    change, shape = case.change, case.shape
    if shape.aggregated:
        return False  # Groups show no ids.
    if case.family == CONTEXT:
        changed = case.changed
        if changed is not None and changed & names <= _NAMES:
            # A name is shown in links, and a link's step has the id that it is of.
            return not case.is_mentioned(change.entity_id)
        if change.kind is ChangeKind.ADDED and names <= _PLACE and CONTEXT not in shape.listed:
            # What is new has nothing below it yet that could show where it stands.
            return True
        return _shows_other_projects(case)
    if case.family in _IN_ONE_PROJECT:
        return not _may_come_from_elsewhere(case) and _shows_other_projects(case)
    if (
        case.family == ASSET_VERSION
        and names <= _OF_VERSIONS
        and (change.kind is not ChangeKind.UPDATED or not case.touches(_ASSET_ID))
    ):
        # A link has the ids of its steps; which one is the latest depends on the versions of one asset.
        if "date" in names and _may_have_siblings(case):
            return False
        return not case.is_mentioned(change.entity_id)
    return False


def _may_have_siblings(case: Case) -> bool:
    """True if the answer may show versions of the asset that the changed one belongs to, or did until it was removed.

    An event tells the new values of a removed row as null (ftrack-protocol 7.1): what counts is where it was.
    Every version has an asset, so null says as little as nothing.
    """
    facts = facts_before if case.change.kind is ChangeKind.REMOVED else facts_after
    asset = facts(case.change, case.family).value("asset_id")
    return not case.shape.shows_asset or not isinstance(asset, str) or case.mentions(asset)


def _may_come_from_elsewhere(case: Case) -> bool:
    """True if the path upwards may not be where the entity hung before. Contexts that move change everything."""
    return case.change.kind is ChangeKind.UPDATED and case.family != CONTEXT and _may_change_owner(case)


def _shows_other_projects(case: Case) -> bool:
    """True if all rows of the answer are contexts, or what hangs on them, of other projects than the change."""
    change, place = case.change, place_of(case.change)
    project = change.entity_id if change.entity_type == PROJECT else place[-1][0] if place else None
    inside = case.shape.family == CONTEXT and case.shape.within_project and case.shape.shows_project
    return inside and project is not None and not case.mentions(project)
