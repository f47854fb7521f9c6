"""Which families events really cover, learned from own writes: each should come back as an event.

Enough writes in a row that did not come back make an evented family silent; enough that did make a learnable
one proven. Counted is only what certainly changed something while the writer's feed stayed live: a creation, a
removal, an update to another value than the one written before. Any write that comes back is a proof.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from ftrack_proxy.cache_policy.policy import Policy, PolicyKind
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import EntityType, Kind
from ftrack_proxy.schema.names import types_in_event
from ftrack_proxy.values.collation import is_certain_id

# Seconds within which a write comes back on a live feed.
DEADLINE: Final = 30.0
# Writes in a row that make a family silent, or a timed one proven.
ENOUGH: Final = 5
# The same for an uncached one: it is read in order to be written, so a stale answer does harm.
ENOUGH_FOR_UNCACHED: Final = 20
_REMEMBERED: Final = 10_000

# An entity: its family and its id.
Key = tuple[str, str]


class CoverageStanding(Enum):
    """What was learned of a family's events."""

    CONFIGURED = "configured"
    SILENT = "silent"
    PROVEN = "proven"


@dataclass(slots=True)
class CoverageWrite:
    """An own write that ftrack acknowledged. ``certain``: it has changed something."""

    family: str
    type_name: str
    entity_id: str
    values: dict[str, int]
    certain: bool


@dataclass(slots=True)
class WriteTally:
    """Of one family: proofs and misses in a row (one ends the other), and what follows from them."""

    proofs: int = 0
    misses: int = 0
    standing: CoverageStanding = CoverageStanding.CONFIGURED


@dataclass(frozen=True, slots=True)
class _Expected:
    write: CoverageWrite
    epoch: int
    due: float


class LearnedCoverage:
    """Expectations and tallies. Times are seconds of one clock; ``epoch`` is that of the writer's feed.

    The methods that take something in return True if a family's standing has changed by it.
    """

    def __init__(self, configured: Policy) -> None:
        self._configured = configured
        self._tallies: dict[str, WriteTally] = {}
        self._expected: OrderedDict[Key, _Expected] = OrderedDict()
        self._heard: OrderedDict[Key, float] = OrderedDict()
        # Hashes of the values written last: an update to the same value makes no event.
        self._written: OrderedDict[Key, dict[str, int]] = OrderedDict()

    @property
    def policy(self) -> Policy:
        """The configured policy with what was learned."""
        return self._configured.with_coverage(
            proven=[name for name, tally in self._tallies.items() if tally.standing is CoverageStanding.PROVEN],
            silent=[name for name, tally in self._tallies.items() if tally.standing is CoverageStanding.SILENT],
        )

    def wrote(self, writes: Sequence[CoverageWrite], *, epoch: int, began: float, now: float) -> bool:
        """Expect the events of writes that were sent at ``began``; some may be here before ftrack's answer."""
        changed = False
        for write in writes:
            key = (write.family, write.entity_id)
            certain = write.certain or self._is_news(key, write.values)
            self._remember(self._written, key, {**self._written.get(key, {}), **write.values})
            if self._heard.get(key, -1.0) >= began:
                changed |= self._proof(write)
                continue
            earlier = self._expected.get(key)
            if earlier is None or earlier.epoch != epoch or not earlier.write.certain:
                write.certain = certain
                self._remember(self._expected, key, _Expected(write, epoch, now + DEADLINE))
        return changed

    def announced(self, keys: Sequence[Key], now: float) -> bool:
        """Take in the entities that an event names."""
        changed = False
        for key in keys:
            self._remember(self._heard, key, now)
            expected = self._expected.pop(key, None)
            if expected is not None:
                changed |= self._proof(expected.write)
            else:
                # Perhaps another's change: what we wrote last need not be there any more.
                self._written.pop(key, None)
        return changed

    def overheard(self) -> None:
        """An event came whose entities are not known: nothing that is expected can be said not to have come."""
        self._expected.clear()
        self._written.clear()

    def expire(self, now: float, live: Collection[int]) -> bool:
        """Count what did not come in time; what was expected in an epoch that is over says nothing."""
        changed = False
        while self._expected:
            expected = next(iter(self._expected.values()))
            if expected.epoch in live and now < expected.due:
                break
            self._expected.popitem(last=False)
            if expected.epoch in live and expected.write.certain:
                changed |= self._miss(expected.write)
        return changed

    def _is_news(self, key: Key, values: Mapping[str, int]) -> bool:
        before = self._written.get(key, {})
        return any(name in before and before[name] != value for name, value in values.items())

    def _proof(self, write: CoverageWrite) -> bool:
        tally = self._tallies.setdefault(write.family, WriteTally())
        before = tally.standing
        tally.proofs, tally.misses = tally.proofs + 1, 0
        rule = self._configured.configured(write.type_name, write.family)
        enough = ENOUGH_FOR_UNCACHED if rule.kind is PolicyKind.UNCACHED else ENOUGH
        if tally.proofs >= enough:
            tally.standing = CoverageStanding.PROVEN if rule.learnable else CoverageStanding.CONFIGURED
        return tally.standing is not before

    def _miss(self, write: CoverageWrite) -> bool:
        tally = self._tallies.setdefault(write.family, WriteTally())
        before = tally.standing
        tally.proofs, tally.misses = 0, tally.misses + 1
        if tally.standing is CoverageStanding.PROVEN:
            # It was a guess, and it was wrong.
            tally.standing = CoverageStanding.CONFIGURED
        rule = self._configured.configured(write.type_name, write.family)
        if tally.misses >= ENOUGH and rule.kind is PolicyKind.EVENTED:
            tally.standing = CoverageStanding.SILENT
        return tally.standing is not before

    @staticmethod
    def _remember(where: OrderedDict[Key, Any], key: Key, what: Any) -> None:
        where[key] = what
        where.move_to_end(key)
        if len(where) > _REMEMBERED:
            where.popitem(last=False)

    # -- showing and keeping

    def described(self) -> dict[str, dict[str, Any]]:
        """For people: what holds for each type that has a rule or was learned of, and from where."""
        policy = self.policy
        names = sorted({*self._configured.types, *self._tallies})
        found = {}
        for name in names:
            tally = self._tallies.get(name, WriteTally())
            now, configured = policy.rule(name, name), self._configured.configured(name, name)
            found[name] = {
                "kind": now.kind.value,
                "from": "configured" if now == configured else "learned",
                "proofs": tally.proofs,
                "misses": tally.misses,
            }
        return found

    def document(self) -> dict[str, dict[str, Any]]:
        """What has to outlive the process."""
        return {
            name: {"proofs": tally.proofs, "misses": tally.misses, "standing": tally.standing.value}
            for name, tally in self._tallies.items()
        }

    def restore(self, document: object) -> None:
        """Take over what ``document`` said; what cannot be read of it is left out."""
        for name, entry in document.items() if isinstance(document, Mapping) else ():
            if not isinstance(name, str) or not isinstance(entry, Mapping):
                continue
            proofs, misses, standing = entry.get("proofs"), entry.get("misses"), entry.get("standing")
            known = standing in [each.value for each in CoverageStanding]
            if known and type(proofs) is int and type(misses) is int and proofs >= 0 and misses >= 0:
                self._tallies[name] = WriteTally(proofs, misses, CoverageStanding(standing))


# -- reading writes and events


def writes_of(operations: Sequence[object], answer: Sequence[object], catalogue: Catalogue) -> list[CoverageWrite]:
    """What a batch wrote, by entity: one that came and went in it makes no event to wait for."""
    found: dict[Key, CoverageWrite] = {}
    came: set[Key] = set()
    for operation, entry in zip(operations, answer, strict=False):
        write = _write(operation, entry, catalogue)
        if write is None:
            continue
        key = (write.family, write.entity_id)
        action = operation["action"] if isinstance(operation, Mapping) else None
        if action == "create":
            came.add(key)
        if action == "delete" and key in came:
            found.pop(key, None)
        elif key in found and action == "update":
            found[key].values.update(write.values)
        else:
            found[key] = write
    return list(found.values())


def _write(operation: object, entry: object, catalogue: Catalogue) -> CoverageWrite | None:
    if not isinstance(operation, Mapping) or operation.get("action") not in ("create", "update", "delete"):
        return None
    name, data = operation.get("entity_type"), operation.get("entity_data")
    entity_type = catalogue.types.get(name) if isinstance(name, str) else None
    # Rows with a composite key cannot be recognised in an event (ftrack-protocol 7.1), nor an id in other words.
    if entity_type is None or len(entity_type.primary_key) != 1:
        return None
    values = _values(data, entity_type)
    entity_id = _id_of(operation, data, entry, entity_type.primary_key[0])
    if entity_id is None or (operation["action"] == "update" and not values):
        return None
    family = catalogue.family_of[entity_type.name]
    return CoverageWrite(family, entity_type.name, entity_id, values, certain=operation["action"] != "update")


def _values(data: object, entity_type: EntityType) -> dict[str, int]:
    """Hashes of the plain values that an operation sets; references and collections are other rows' matter."""
    found = {}
    for name, value in data.items() if isinstance(data, Mapping) else ():
        attribute = entity_type.attributes.get(name)
        plain = value is None or isinstance(value, str | int | float)
        if attribute is not None and attribute.kind is Kind.SCALAR and plain:
            found[name] = hash(value)
    return found


def _id_of(operation: Mapping[str, Any], data: object, entry: object, key: str) -> str | None:
    given = operation.get("entity_key")
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    answered = entry.get("data") if isinstance(entry, Mapping) else None
    for source in (data, answered):
        if given is None and isinstance(source, Mapping):
            given = source.get(key)
    return given if isinstance(given, str) and is_certain_id(given) else None


def entities_announced(data: object, catalogue: Catalogue) -> list[Key]:
    """The entities that an ``ftrack.update`` event names, under every family that the names can mean."""
    return list(dict.fromkeys(_announced(data, catalogue)))


def _announced(data: object, catalogue: Catalogue) -> Iterator[Key]:
    entities = data.get("entities") if isinstance(data, Mapping) else None
    for entity in entities if isinstance(entities, list) else ():
        entity_id = entity.get("entityId") if isinstance(entity, Mapping) else None
        if not isinstance(entity_id, str) or not entity_id:
            continue
        for name in (entity.get("entityType"), entity.get("entity_type")):
            if isinstance(name, str):
                for type_name in (*types_in_event(name, catalogue), name):
                    if type_name in catalogue.family_of:
                        yield catalogue.family_of[type_name], entity_id
