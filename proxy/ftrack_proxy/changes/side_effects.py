"""What may have changed along with a written row, by ftrack's own doing (ftrack-protocol 2.3, 7.6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind
from ftrack_proxy.facts.written_along import (
    ALL_THAT_REFER,
    SERVER_DECISIONS,
    SIDE_EFFECTS,
    VALUES_ALONG,
    Occasion,
    SideEffect,
)
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.dependants import referrers
from ftrack_proxy.schema.per_catalogue import per_catalogue

_OCCASIONS: Final = {
    ChangeKind.ADDED: Occasion.CREATION,
    ChangeKind.UPDATED: Occasion.UPDATE,
    ChangeKind.REMOVED: Occasion.REMOVAL,
}
_BY_FAMILY: Final[Mapping[str, tuple[SideEffect, ...]]] = {
    family: tuple(effect for effect in SIDE_EFFECTS if effect.family == family)
    for family in {effect.family for effect in SIDE_EFFECTS}
}
SERVER_DECIDES: Final = {decision.family: decision.attributes for decision in SERVER_DECISIONS}
"""Family -> attributes whose value need not be the one that a client sent."""


def side_effects(changed: Change, catalogue: Catalogue, *, own: bool) -> list[Change]:
    """What may have changed along with a row, by family."""
    families: set[str] = set()
    found: list[Change] = []
    for effect in _of(changed.families or ()):
        if (effect.own and not own) or not _applies(effect, changed):
            continue
        if effect.values:
            unknown = dict.fromkeys(effect.values, (UNKNOWN, UNKNOWN))
            reached = _families((effect,), catalogue)
            found.append(
                Change(ChangeKind.UPDATED, reached, attributes=unknown, source=changed.source, attributes_complete=True)
            )
        else:
            families |= _families((effect,), catalogue)
    if families:
        found.append(Change(ChangeKind.UNKNOWN, frozenset(families), source=changed.source))
    return found


def families_along(families: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """The families of which rows may come along with whatever is done to rows of ``families``."""
    return _families((effect for effect in _of(families) if ALL_THAT_REFER not in effect.reaches), catalogue)


def set_along(family: str, written: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """The attributes of a row that the server may set when a client writes others of it (``completed_at``)."""
    names = frozenset(written)
    found: set[str] = set()
    for along in VALUES_ALONG:
        if names and along.when in (None, *names):
            found |= along.names | _with_suffix(catalogue, family, along.suffixes, along.except_prefix)
    return frozenset(found)


@per_catalogue
def _with_suffix(catalogue: Catalogue, family: str, suffixes: tuple[str, ...], except_prefix: str) -> frozenset[str]:
    names = (name for member in catalogue.members(family) for name in catalogue.types[member].attributes)
    return frozenset(
        name for name in names if name.endswith(suffixes) and not (except_prefix and name.startswith(except_prefix))
    )


def _of(families: Iterable[str]) -> Iterator[SideEffect]:
    for family in families:
        yield from _BY_FAMILY.get(family, ())


def _applies(effect: SideEffect, changed: Change) -> bool:
    if _OCCASIONS.get(changed.kind) not in effect.occasions or (
        effect.only and changed.entity_type not in (None, effect.only)
    ):
        return False
    if not effect.attributes or changed.kind is ChangeKind.REMOVED:
        return True
    named = effect.attributes & changed.attributes.keys()
    if changed.kind is ChangeKind.ADDED:
        return any(changed.attributes[name][1] is not None for name in named)
    return bool(named) or not changed.attributes_complete


def _families(effects: Iterable[SideEffect], catalogue: Catalogue) -> frozenset[str]:
    reached: set[str] = set()
    for effect in effects:
        for name in effect.reaches:
            if name == ALL_THAT_REFER:
                reached |= referrers(effect.family, catalogue)
            elif name in catalogue.family_of:
                reached.add(catalogue.family_of[name])
    return frozenset(reached)
