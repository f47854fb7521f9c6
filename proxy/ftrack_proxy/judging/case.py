"""One change against one answer: what the rules of `affects` ask of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.facts.base_types import ONE_TYPE_PER_ROW
from ftrack_proxy.facts.custom_attributes import CUSTOM_ATTRIBUTES
from ftrack_proxy.facts.type_names import CONTEXT, PROJECT, TYPED_CONTEXT
from ftrack_proxy.judging.evaluate import evaluate
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.row_facts import RowFacts, facts_after, facts_before
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.queries.bound_shape import BoundShape
from ftrack_proxy.queries.crossings import CONVERSION
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.values.collation import may_be_same
from ftrack_proxy.values.truth import Truth
from ftrack_proxy.values.work import Work, unlimited

_ONE_TYPE_PER_ROW: Final = frozenset(fact.family for fact in ONE_TYPE_PER_ROW)
_CUSTOM: Final = frozenset({CUSTOM_ATTRIBUTES})
_PROJECTS: Final = frozenset({PROJECT})


def names_changed(change: Change) -> frozenset[str] | None:
    """Names of the changed attributes; ``None`` if there may be others than those that the change names."""
    if change.kind is ChangeKind.UPDATED and change.attributes_complete:
        return frozenset(change.attributes)
    return None


@dataclass(slots=True)
class Case:
    """One change against one answer, with the family of the change that is looked at.

    ``shape`` and ``catalogue`` are those of ``bound``, and ``changed`` is `names_changed` of the change: nearly every
    rule asks for them. Whatever takes long is found out once, and counted as ``work``: it may raise ``OutOfBudget``.
    """

    change: Change
    result: Result
    bound: BoundQuery
    shape: BoundShape
    catalogue: Catalogue
    changed: frozenset[str] | None
    family: str
    work: Work = field(default_factory=unlimited)
    _truths: dict[bool, Truth] = field(default_factory=dict)
    _mentioned: bool | None = None

    def touches(self, names: frozenset[str]) -> bool:
        """True if one of ``names`` may have changed."""
        changed = self.changed
        return bool(names) if changed is None else not changed.isdisjoint(names)

    def touches_shown(self, names: frozenset[str]) -> bool:
        """True if one of ``names``, all of which the answer shows, may show something else now."""
        if not self.touches(names):
            return False
        custom = self._custom_alone(names)
        # What is set for the first time, or hardly is a custom attribute at all, would stand in the answer by its key.
        return custom is None or not (self.change.doubtful and self.shape.shows_keys and self._lacks(custom))

    def touches_compared(self, names: frozenset[str]) -> bool:
        """True if one of ``names``, all of which criteria or order look at, may compare differently now."""
        if not self.touches(names):
            return False
        custom, compared = self._custom_alone(names), self.bound.compared_keys
        if custom is None or compared is None:
            return True
        return any(may_be_same(key, other) for key in custom for other in compared)

    def _custom_alone(self, names: frozenset[str]) -> frozenset[str] | None:
        """The keys of changed custom attributes if of ``names`` only these changed; ``None`` if others did, or may."""
        changed = self.changed
        if changed is None or changed & names != _CUSTOM:
            return None
        old, _ = self.change.attributes[CUSTOM_ATTRIBUTES]
        return frozenset(old) if isinstance(old, Mapping) else None

    def _lacks(self, keys: frozenset[str]) -> bool:
        """True if certainly none of the custom attributes in the answer has one of these keys."""
        self.work.spend(self.result.cost_of_reading * (2 + len(keys)))
        return self.result.tells_keys and not any(self.result.mentions_text(key) for key in keys)

    def is_mentioned(self, identity: str | None) -> bool:
        """False only if an id certainly does not occur in the answer; the entity's own is looked for once."""
        if identity is None:
            return True
        if identity != self.change.entity_id:
            return self.mentions(identity)
        if self._mentioned is None:
            self._mentioned = self.mentions(identity)
        return self._mentioned

    def mentions(self, identity: str) -> bool:
        """False only if an id certainly does not occur in the answer."""
        self.work.spend(self.result.cost_of_search)
        return self.result.mentions(identity)

    def may_be_row(self) -> bool:
        """True if the entity can be among the query's own rows, by its type."""
        declared = self.change.entity_type
        if self.family != self.shape.family:
            return False
        converted = self.change.kind is ChangeKind.UPDATED and self.touches(CONVERSION)
        if (
            declared is None
            or declared not in self.catalogue.types
            or converted
            or self.family not in _ONE_TYPE_PER_ROW
        ):
            return True
        possible = {declared} | self.catalogue.subtypes[declared]
        return not possible.isdisjoint(self.shape.types)

    @property
    def may_change_type(self) -> bool:
        """True if an object may become one of another type, which is a criterion of every query on a type."""
        types = self.shape.types
        return self.family == CONTEXT and TYPED_CONTEXT not in types and types != _PROJECTS and self.touches(CONVERSION)

    @property
    def may_be_any_row(self) -> bool:
        """True if it is not known which rows of the family changed, or what happened to the one that is named."""
        if self.change.kind in (ChangeKind.UNKNOWN, ChangeKind.MOVED) or self.is_misnamed:
            return True
        return self.change.entity_id is None and self.change.kind is ChangeKind.UPDATED

    @property
    def is_misnamed(self) -> bool:
        """True if the change names a type of another family: its attributes are not this family's then."""
        declared = self.change.entity_type
        return declared is not None and self.catalogue.family_of.get(declared, self.family) != self.family

    @property
    def sources(self) -> frozenset[str]:
        """The attributes of this family that shown or compared values are derived from."""
        shown = self.shape.derived_shown.get(self.family, frozenset())
        return shown | self.shape.derived_filter.get(self.family, frozenset())

    def meets(self, facts: RowFacts) -> Truth:
        """Whether an entity of which this is known meets the query's criteria."""
        return evaluate(self.bound.criteria, facts, self.shape.types, self.catalogue, work=self.work)

    @property
    def after(self) -> Truth:
        """Whether the entity meets the criteria once it has changed."""
        if True not in self._truths:
            self._truths[True] = self.meets(facts_after(self.change, self.family))
        return self._truths[True]

    @property
    def before(self) -> Truth:
        """Whether it met them until then."""
        if False not in self._truths:
            self._truths[False] = self.meets(facts_before(self.change, self.family))
        return self._truths[False]

    def is_out(self) -> bool:
        """True if the entity certainly meets the criteria neither before nor after."""
        kind = self.change.kind
        return (kind is ChangeKind.REMOVED or self.after is Truth.FALSE) and (
            kind is ChangeKind.ADDED or self.before is Truth.FALSE
        )

    def is_in(self) -> bool:
        """True if an updated entity certainly meets the criteria both before and after."""
        return self.after is Truth.TRUE and self.before is Truth.TRUE
