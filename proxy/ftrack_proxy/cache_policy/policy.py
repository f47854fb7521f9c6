"""What may be kept, and for how long: rules by type and attribute, read from a document (config/policy.toml).

ftrack publishes `ftrack.update` for a part of its types only (ftrack-protocol 7.3). The rest is served at most
for its age, or not at all (G5). A rule is found by type, else by family; what was learned of events (`coverage`)
goes before the rule.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Final

from ftrack_proxy.language.braces import expand_projections
from ftrack_proxy.queries.read_set import ReadSet
from ftrack_proxy.queries.terms import Terms


class PolicyKind(Enum):
    """How rows are kept: until an event tells of a change, for a time, for long, or not; in the words of the file."""

    EVENT_INVALIDATED = "evented"
    TIME_BOUNDED = "timed"
    STATIC = "static"
    UNCACHED = "uncached"


class BadPolicy(ValueError):
    """The document cannot be used; the text says where and what is expected."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for a type or attribute. ``max_age`` is 0 for what is not kept."""

    kind: PolicyKind
    max_age: float
    reason: str
    learnable: bool = False


# (type or ``Type.attribute``, kind, reason)
Reason = tuple[str, PolicyKind, str]

_VOLATILE_REASON: Final = "signed URLs, what depends on the clock, and what is computed from unknown sources"
_SILENT_REASON: Final = "events are expected, but own writes did not come back as events"
_PROVEN_REASON: Final = "own writes came back as events"


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules, and what was learned: families that are ``proven`` to have events, and those that are ``silent``.

    ``default_attributes`` are fetched along with others, by type or family; the file calls them usual.
    """

    types: Mapping[str, Rule]
    attributes: Mapping[str, Rule]
    unknown: Rule
    proven_age: float
    volatile_age: float
    server_information: Terms
    schemas: Terms
    default_attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    proven: frozenset[str] = field(default=frozenset())
    silent: frozenset[str] = field(default=frozenset())

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> Policy:
        """Read a document.

        Raises:
            BadPolicy: it has a key, value or kind that cannot be, or lacks one.
        """
        _only(document, ("ages", "unknown", "types", "attributes", "usual"), "the policy")
        ages = _ages(_table(document, "ages"))
        unknown = _rule("unknown", _table(document, "unknown"), ages)
        if unknown.kind is PolicyKind.EVENT_INVALIDATED:
            raise BadPolicy("unknown: a type of which nothing is known cannot be evented")
        attributes = _rules("attributes", document, ages)
        for name, rule in attributes.items():
            if name.count(".") != 1 or not all(name.split(".")):
                raise BadPolicy(f'attributes.{name}: expected a name such as "Type.attribute"')
            if rule.kind is PolicyKind.EVENT_INVALIDATED or rule.learnable:
                raise BadPolicy(f"attributes.{name}: events are of types; an attribute is timed, static or uncached")
        return cls(
            types=_rules("types", document, ages),
            attributes=attributes,
            unknown=unknown,
            proven_age=ages["proven"],
            volatile_age=ages["volatile"],
            server_information=Terms(ages["server_information"], event_invalidated=False, durable=True),
            schemas=Terms(ages["schemas"], event_invalidated=False, durable=True),
            default_attributes=_default_attributes(document),
        )

    def with_coverage(self, proven: Collection[str], silent: Collection[str]) -> Policy:
        """The same rules with other knowledge of events."""
        return replace(self, proven=frozenset(proven), silent=frozenset(silent))

    def configured(self, type_name: str, family: str) -> Rule:
        """The rule of a type as it was written down."""
        return self.types.get(type_name) or self.types.get(family) or self.unknown

    def rule(self, type_name: str, family: str) -> Rule:
        """The rule of a type as it holds now."""
        rule = self.configured(type_name, family)
        if rule.kind is PolicyKind.EVENT_INVALIDATED and family in self.silent:
            # Not stricter than what nothing is known of; that may be uncached.
            return replace(self.unknown, reason=_SILENT_REASON)
        if rule.learnable and family in self.proven:
            return Rule(PolicyKind.EVENT_INVALIDATED, self.proven_age, _PROVEN_REASON, learnable=True)
        return rule

    def terms_of(self, reads: ReadSet, family_of: Mapping[str, str]) -> Terms | None:
        """Return how an answer with this read set may be kept; ``None`` if not at all."""
        rules = [rule for _, rule in self._met(reads, family_of)]
        if any(rule.kind is PolicyKind.UNCACHED for rule in rules):
            return None
        ages = [rule.max_age for rule in rules]
        if reads.volatile:
            ages.append(self.volatile_age)
        return Terms(
            max_age=min(ages, default=self.unknown.max_age),
            event_invalidated=any(rule.kind is PolicyKind.EVENT_INVALIDATED for rule in rules),
            durable=not reads.volatile,
        )

    def reasons(self, reads: ReadSet, family_of: Mapping[str, str]) -> list[Reason]:
        """Say which rules a read set meets, the strictest first: for people who ask why."""
        found = [(rule.max_age, name, rule.kind, rule.reason) for name, rule in self._met(reads, family_of)]
        if reads.volatile:
            found.append(
                (self.volatile_age, "values that change by themselves", PolicyKind.TIME_BOUNDED, _VOLATILE_REASON)
            )
        found.sort(key=lambda entry: entry[:2])
        return [(name, kind, reason) for _, name, kind, reason in found]

    def _met(self, reads: ReadSet, family_of: Mapping[str, str]) -> Iterator[tuple[str, Rule]]:
        for type_name in reads.types:
            yield type_name, self.rule(type_name, family_of.get(type_name, type_name))
        if not self.attributes:
            return
        for type_name, attribute in reads.attributes | reads.projections | reads.derived:
            for owner in (type_name, family_of.get(type_name, type_name)):
                rule = self.attributes.get(f"{owner}.{attribute}")
                if rule is not None:
                    yield f"{type_name}.{attribute}", rule
                    break


# -- reading the document

_AGES: Final = ("ceiling", "proven", "static", "volatile", "server_information", "schemas")


def _ages(table: Mapping[str, Any]) -> dict[str, float]:
    _only(table, _AGES, "ages")
    missing = [name for name in _AGES if name not in table]
    if missing:
        raise BadPolicy(f"ages.{missing[0]} is missing; expected a number of seconds")
    return {name: _seconds(table[name], f"ages.{name}") for name in _AGES}


def _rules(section: str, document: Mapping[str, Any], ages: Mapping[str, float]) -> dict[str, Rule]:
    table = document.get(section, {})
    if not isinstance(table, Mapping):
        raise BadPolicy(f"{section} must be a table")
    return {name: _rule(f"{section}.{name}", _table(table, name, f"{section}."), ages) for name in table}


def _rule(where: str, table: Mapping[str, Any], ages: Mapping[str, float]) -> Rule:
    _only(table, ("kind", "max_age", "reason", "learnable"), where)
    try:
        kind = PolicyKind(table.get("kind"))
    except ValueError:
        kinds = ", ".join(kind.value for kind in PolicyKind)
        raise BadPolicy(f"{where}.kind is {table.get('kind')!r}; expected one of {kinds}") from None
    reason = table.get("reason")
    if not isinstance(reason, str) or not reason.strip():
        raise BadPolicy(f"{where}.reason is missing; expected a text that says why")
    learnable = table.get("learnable", False)
    if not isinstance(learnable, bool):
        raise BadPolicy(f"{where}.learnable is {learnable!r}; expected true or false")
    if learnable and kind is PolicyKind.EVENT_INVALIDATED:
        raise BadPolicy(f"{where}.learnable: what is evented has nothing to learn")
    return Rule(kind, _max_age(where, kind, table, ages), reason.strip(), learnable)


def _max_age(where: str, kind: PolicyKind, table: Mapping[str, Any], ages: Mapping[str, float]) -> float:
    if kind is PolicyKind.UNCACHED:
        if "max_age" in table:
            raise BadPolicy(f"{where}.max_age: what is uncached has no age")
        return 0.0
    if "max_age" in table:
        return _seconds(table["max_age"], f"{where}.max_age")
    if kind is PolicyKind.TIME_BOUNDED:
        raise BadPolicy(f"{where}.max_age is missing; expected a number of seconds")
    return ages["ceiling" if kind is PolicyKind.EVENT_INVALIDATED else "static"]


def _seconds(value: object, where: str) -> float:
    # The comparison also refuses what is not a number, and the infinite.
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < float("inf"):
        raise BadPolicy(f"{where} is {value!r}; expected a number of seconds above 0")
    return float(value)


def _table(document: Mapping[str, Any], name: str, above: str = "") -> Mapping[str, Any]:
    table = document.get(name)
    if not isinstance(table, Mapping):
        raise BadPolicy(f"{above}{name} must be a table")
    return table


def _default_attributes(document: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    """The attributes that come along with a fetch of one entity, by type or family."""
    found: dict[str, tuple[str, ...]] = {}
    table = _table(document, "usual") if "usual" in document else {}
    for name, listed in table.items():
        if not isinstance(listed, list) or not all(isinstance(item, str) for item in listed):
            raise BadPolicy(f'usual.{name}: expected a list of attributes such as ["name", "status.name"]')
        try:
            found[name] = tuple(expand_projections(", ".join(listed)))
        except ValueError as error:
            raise BadPolicy(f"usual.{name}: {error}") from None
    return found


def _only(table: Mapping[str, Any], names: tuple[str, ...], where: str) -> None:
    for name in table:
        if name not in names:
            raise BadPolicy(f"{where}: {name!r} is not known; known are {', '.join(names)}")
