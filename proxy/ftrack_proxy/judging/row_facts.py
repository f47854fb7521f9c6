"""What a change says of one entity: its values before or after, and where it stands in the hierarchy."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind
from ftrack_proxy.facts.custom_attributes import CUSTOM_ATTRIBUTES
from ftrack_proxy.facts.hierarchy import STEPS_UPWARDS
from ftrack_proxy.facts.naming import ID
from ftrack_proxy.facts.type_names import ASSET, CONTEXT

# The ways upwards, as far as a path that an event tells lets one follow them.
_STEPS = [step for step in STEPS_UPWARDS if step.above in (CONTEXT, ASSET)]
_BY_KEY = {(step.family, step.key): step for step in _STEPS}
_BY_RELATION = {(step.family, step.relation): step for step in _STEPS}
_PLACED_BY = frozenset(step.key for step in _STEPS)


@dataclass(frozen=True, slots=True)
class RowFacts:
    """A partly known entity. A value that is not in ``values`` is not known; ``None`` there is null.

    ``above`` are (id, family) of what it hangs on, nearest first and complete up to the project; empty if that
    is not known.
    """

    family: str
    identity: str | None
    values: Mapping[str, Any]
    above: tuple[tuple[str, str], ...]

    def value(self, name: str) -> Any:
        """The value of an attribute of the entity itself, or ``UNKNOWN``."""
        if name == ID:
            return UNKNOWN if self.identity is None else self.identity
        told = self.values.get(name, UNKNOWN)
        return self._by_place(name) if told is UNKNOWN else told

    def _by_place(self, name: str) -> Any:
        step = _BY_KEY.get((self.family, name)) if self.above else None
        if step is None:
            return UNKNOWN
        if step.to_project:
            return self.above[-1][0]
        if step.family == step.above != self.above[0][1]:
            return UNKNOWN  # Not the parent, which stands next to its child.
        return next((identity for identity, family in self.above if family == step.above), UNKNOWN)

    def upwards(self, relation: str) -> RowFacts | None:
        """The entity behind a relation that leads up the hierarchy; ``None`` if it is not known."""
        step = _BY_RELATION.get((self.family, relation))
        if step is None or not self.above:
            return None
        if step.to_project:
            return RowFacts(step.above, self.above[-1][0], {}, ())
        told = self.values.get(step.key, UNKNOWN)
        for index, (identity, family) in enumerate(self.above):
            if family == step.above:
                # A value told otherwise wins over the path: then only the id is certain.
                above = self.above[index + 1 :] if told in (UNKNOWN, identity) else ()
                return RowFacts(family, identity if told is UNKNOWN else told, {}, above)
        return None

    @property
    def ancestors(self) -> frozenset[str] | None:
        """Ids of the contexts above; ``None`` if not known."""
        if self.family != CONTEXT or not self.above or any(family != CONTEXT for _, family in self.above):
            return None
        return frozenset(identity for identity, _ in self.above)


def facts_after(change: Change, family: str) -> RowFacts:
    """What is known of the changed entity once it has changed."""
    values = {name: new for name, (_, new) in change.attributes.items() if _is_told(change, name)}
    return RowFacts(family, change.entity_id, values, place_of(change))


def facts_before(change: Change, family: str) -> RowFacts:
    """What is known of it until then."""
    values = {name: old for name, (old, _) in change.attributes.items() if _is_told(change, name)}
    return RowFacts(family, change.entity_id, values, place_of(change) if _stood_there(change, values) else ())


def _is_told(change: Change, name: str) -> bool:
    return name != CUSTOM_ATTRIBUTES and name not in change.uncertain


def _stood_there(change: Change, before: Mapping[str, Any]) -> bool:
    """True if an entity may be taken to have stood before where it stands now, but for what ``before`` tells."""
    if change.kind is not ChangeKind.UPDATED:
        return True
    moved = _PLACED_BY.intersection(change.attributes)
    return change.attributes_complete and all(before.get(name, UNKNOWN) is not UNKNOWN for name in moved)


def place_of(change: Change) -> tuple[tuple[str, str], ...]:
    """Where the entity stands, nearest first; empty unless the whole path up to a project is known."""
    if not change.ancestors or len(change.ancestors) != len(change.ancestor_families):
        return ()
    if change.ancestor_families[-1] != CONTEXT or "" in change.ancestor_families:
        return ()
    return tuple(zip(change.ancestors, change.ancestor_families, strict=True))
