"""How far a change reaches beyond its own row: cascades, moves, rights (ftrack-protocol 2.3, 7.6, 8.1)."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind
from ftrack_proxy.facts.hierarchy import MOVES
from ftrack_proxy.facts.references import THUMBNAIL
from ftrack_proxy.facts.rights import RIGHTS_CHANGES
from ftrack_proxy.facts.type_names import COMPONENT, CONTEXT
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.dependants import dependants, thumbnailed
from ftrack_proxy.schema.ownership import owner_keys

_RIGHTS: Final = frozenset(fact.family for fact in RIGHTS_CHANGES if fact.attribute is None)
_RIGHTS_BY_ATTRIBUTE: Final = [(fact.family, fact.attribute) for fact in RIGHTS_CHANGES if fact.attribute]
_PLACE: Final = frozenset(move.attribute for move in MOVES)


def changes_rights(families: Iterable[str], attributes: Container[str]) -> bool:
    """Whether a change may alter who sees what: roles, keys, privacy of a project (8.1).

    Rows appear and disappear then in answers of any type, without an event of their own (7.6).
    """
    names = frozenset(families)
    if not _RIGHTS.isdisjoint(names):
        return True
    return any(family in names and attribute in attributes for family, attribute in _RIGHTS_BY_ATTRIBUTE)


def moves(families: Iterable[str], attributes: Iterable[str]) -> bool:
    """Whether a change of these attributes carries a subtree along: parent, project or children of a context (7.6).

    Everything below, down to versions, notes and inherited custom attributes, changes without an event.
    """
    return CONTEXT in frozenset(families) and not _PLACE.isdisjoint(attributes)


def changes_hands(changed: Change, catalogue: Catalogue) -> list[Change]:
    """What else may change if a row goes to another owner, by family: the row itself, and what hangs on it.

    The new owner may stand in another project. Who does not see both sees rows come or go in any query on these
    families, whatever it filters by (8.1), and no event tells of what hangs on the row.
    """
    families = (changed.families or frozenset()) - {CONTEXT}  # those move
    if changed.kind is not ChangeKind.UPDATED:
        return []
    owners = frozenset[str]().union(*(owner_keys(family, catalogue) for family in families))
    may_be_hidden = bool(owners) and not changed.attributes_complete
    if owners.isdisjoint(changed.attributes) and not may_be_hidden:
        return []
    return [Change(ChangeKind.UNKNOWN, with_dependants(families, catalogue), source=changed.source)]


def with_dependants(families: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """Families, and those of all that may hang on their rows."""
    given = frozenset(families)
    return given.union(*(dependants(family, catalogue) for family in given))


def cascade(removed: Change, catalogue: Catalogue) -> list[Change]:
    """What may go, or lose a reference, with a removed row; by family, as no ids are known.

    Which rows the server deletes along is not published (2.3), nor is their own event certain (7.6). Where the
    removed row stood is known: what goes with it stood below.
    """
    families = removed.families or frozenset()
    reached = frozenset[str]().union(*(dependants(family, catalogue) for family in families))
    changes = []
    if reached:
        known = removed.entity_id is not None and bool(removed.ancestors)
        changes.append(
            Change(
                ChangeKind.UNKNOWN,
                reached,
                ancestors=(str(removed.entity_id), *removed.ancestors) if known else (),
                ancestor_families=(min(families), *removed.ancestor_families) if known else (),
                source=removed.source,
            )
        )
    if COMPONENT in reached | families:
        changes.append(
            Change(
                ChangeKind.UPDATED,
                thumbnailed(catalogue),
                attributes=dict.fromkeys(THUMBNAIL, (UNKNOWN, UNKNOWN)),
                source=removed.source,
                attributes_complete=True,
            )
        )
    return changes
