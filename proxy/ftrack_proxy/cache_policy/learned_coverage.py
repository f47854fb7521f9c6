"""Which families events really cover, learned from own writes: each should come back as an event.

Enough writes in a row that did not come back make an evented family silent; enough that did make a learnable
one proven. Counted is only what certainly changed something while the writer's feed stayed live: a creation, a
removal, an update to another value than the one written before. Any write that comes back is a proof.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from ftrack_proxy.cache_policy.expected_events import ExpectedEvent
from ftrack_proxy.cache_policy.policy import Policy, PolicyKind
from ftrack_proxy.changes.event_items import RowKey
from ftrack_proxy.values.bounded_map import BoundedMap
from ftrack_proxy.values.epoch import Epoch

# Seconds within which a write comes back on a live feed.
DEADLINE: Final = 30.0
# Writes in a row that make a family silent, or a timed one proven.
ENOUGH: Final = 5
# The same for an uncached one: it is read in order to be written, so a stale answer does harm.
ENOUGH_FOR_UNCACHED: Final = 20
_REMEMBERED: Final = 10_000


class CoverageFinding(Enum):
    """What was learned of a family's events."""

    CONFIGURED = "configured"
    SILENT = "silent"
    PROVEN = "proven"


@dataclass(slots=True)
class CoverageEvidence:
    """Of one family: proofs and misses in a row (one ends the other), and what follows from them."""

    proofs: int = 0
    misses: int = 0
    finding: CoverageFinding = CoverageFinding.CONFIGURED


@dataclass(frozen=True, slots=True)
class _Expectation:
    event: ExpectedEvent
    epoch: Epoch
    due: float


class LearnedCoverage:
    """Expectations and evidence. Times are seconds of one clock; ``epoch`` is that of the writer's feed.

    The methods that take something in return True if a finding has changed by it.
    """

    def __init__(self, configured: Policy) -> None:
        self._configured = configured
        self._evidence: dict[str, CoverageEvidence] = {}
        self._expected: BoundedMap[RowKey, _Expectation] = BoundedMap(_REMEMBERED)
        # When rows were announced last.
        self._announced: BoundedMap[RowKey, float] = BoundedMap(_REMEMBERED)
        # Hashes of the values written last: an update to the same value makes no event.
        self._values: BoundedMap[RowKey, Mapping[str, int]] = BoundedMap(_REMEMBERED)

    @property
    def policy(self) -> Policy:
        """The configured policy with what was learned."""
        return self._configured.with_coverage(
            proven=[name for name, found in self._evidence.items() if found.finding is CoverageFinding.PROVEN],
            silent=[name for name, found in self._evidence.items() if found.finding is CoverageFinding.SILENT],
        )

    def expect(self, events: Sequence[ExpectedEvent], *, epoch: Epoch, began: float, now: float) -> bool:
        """Expect the events of a write that was sent at ``began``; some may be here before ftrack's answer."""
        changed = False
        for event in events:
            row = event.row
            is_certain = event.is_certain or self._is_news(row, event.values)
            self._values.put(row, {**(self._values.peek(row) or {}), **event.values})
            announced = self._announced.peek(row)
            if announced is not None and announced >= began:
                changed |= self._prove(event)
                continue
            earlier = self._expected.peek(row)
            if earlier is None or earlier.epoch != epoch or not earlier.event.is_certain:
                expectation = _Expectation(replace(event, is_certain=is_certain), epoch, now + DEADLINE)
                self._expected.put(row, expectation)
        return changed

    def take_announced(self, rows: Sequence[RowKey], now: float) -> bool:
        """Take in the rows that an event announces."""
        changed = False
        for row in rows:
            self._announced.put(row, now)
            expected = self._expected.pop(row)
            if expected is not None:
                changed |= self._prove(expected.event)
            else:
                # Perhaps another's change: what we wrote last need not be there any more.
                self._values.pop(row)
        return changed

    def forget_expected(self) -> None:
        """An event came whose rows are not known: nothing that is expected can be said not to have come."""
        self._expected.clear()
        self._values.clear()

    def expire(self, now: float, live: Collection[Epoch]) -> bool:
        """Count what did not come in time; what was expected in an epoch that is over says nothing."""
        changed = False
        while (oldest := self._expected.oldest()) is not None:
            row, expected = oldest
            if expected.epoch in live and now < expected.due:
                break
            self._expected.pop(row)
            if expected.epoch in live and expected.event.is_certain:
                changed |= self._miss(expected.event)
        return changed

    def _is_news(self, row: RowKey, values: Mapping[str, int]) -> bool:
        before = self._values.peek(row) or {}
        return any(name in before and before[name] != value for name, value in values.items())

    def _prove(self, event: ExpectedEvent) -> bool:
        evidence = self._evidence.setdefault(event.family, CoverageEvidence())
        before = evidence.finding
        evidence.proofs, evidence.misses = evidence.proofs + 1, 0
        rule = self._configured.configured(event.type_name, event.family)
        enough = ENOUGH_FOR_UNCACHED if rule.kind is PolicyKind.UNCACHED else ENOUGH
        if evidence.proofs >= enough:
            evidence.finding = CoverageFinding.PROVEN if rule.learnable else CoverageFinding.CONFIGURED
        return evidence.finding is not before

    def _miss(self, event: ExpectedEvent) -> bool:
        evidence = self._evidence.setdefault(event.family, CoverageEvidence())
        before = evidence.finding
        evidence.proofs, evidence.misses = 0, evidence.misses + 1
        if evidence.finding is CoverageFinding.PROVEN:
            # It was a guess, and it was wrong.
            evidence.finding = CoverageFinding.CONFIGURED
        rule = self._configured.configured(event.type_name, event.family)
        if evidence.misses >= ENOUGH and rule.kind is PolicyKind.EVENT_INVALIDATED:
            evidence.finding = CoverageFinding.SILENT
        return evidence.finding is not before

    # -- showing and keeping

    def described(self) -> dict[str, dict[str, Any]]:
        """For people: what holds for each type that has a rule or was learned of, and from where."""
        policy = self.policy
        names = sorted({*self._configured.types, *self._evidence})
        found = {}
        for name in names:
            evidence = self._evidence.get(name, CoverageEvidence())
            now, configured = policy.rule(name, name), self._configured.configured(name, name)
            found[name] = {
                "kind": now.kind.value,
                "from": "configured" if now == configured else "learned",
                "proofs": evidence.proofs,
                "misses": evidence.misses,
            }
        return found

    def document(self) -> dict[str, dict[str, Any]]:
        """What has to outlive the process."""
        return {
            name: {"proofs": evidence.proofs, "misses": evidence.misses, "standing": evidence.finding.value}
            for name, evidence in self._evidence.items()
        }

    def restore(self, document: object) -> None:
        """Take over what ``document`` said; what cannot be read of it is left out."""
        for name, entry in document.items() if isinstance(document, Mapping) else ():
            if not isinstance(name, str) or not isinstance(entry, Mapping):
                continue
            proofs, misses, standing = entry.get("proofs"), entry.get("misses"), entry.get("standing")
            known = standing in [each.value for each in CoverageFinding]
            if known and type(proofs) is int and type(misses) is int and proofs >= 0 and misses >= 0:
                self._evidence[name] = CoverageEvidence(proofs, misses, CoverageFinding(standing))
