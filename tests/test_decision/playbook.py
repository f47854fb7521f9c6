"""A stage for decisions without sockets, clocks or tasks: what is at hand, what happens, and the list of decisions.

A read begins at `START`. `Stage` says what would be found where; `decisions` goes the driver's way with it and returns
what was decided, in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from ftrack_proxy.changes.change import Change, ChangeKind
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.decision.ask import ask
from ftrack_proxy.decision.at_hand import AtHand, InFlight, Known, StoredAnswer, Surroundings
from ftrack_proxy.decision.conclude import FetchOutcome, Problem, conclude
from ftrack_proxy.decision.decide import decide
from ftrack_proxy.decision.decisions import Fetch, Join, Look, Miss, Refuse, Serve
from ftrack_proxy.decision.plan import OwnWords
from ftrack_proxy.decision.report import handling_of
from ftrack_proxy.entities.entity_lookup import EntityAnswer
from ftrack_proxy.judging.judge import judge
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, Validity
from ftrack_proxy.protocol.headers import HitKind, cache_status, parse_cache_control
from ftrack_proxy.protocol.responses import Failure
from ftrack_proxy.queries.bound_query import BoundOperation
from ftrack_proxy.queries.terms import Terms
from tests.test_judging import cases

TERMS = Terms(max_age=60.0, event_invalidated=True, durable=True)
TASKS = BoundOperation(frozenset({"Context"}), TERMS)
A_TASK = Change(ChangeKind.UNKNOWN, frozenset({"Context"}))
A_NOTE = Change(ChangeKind.UNKNOWN, frozenset({"Note"}))
NOW = 100.0


def moment(seq: int = 0, *, age: float = 0.0, epoch: int = 1, live: bool = True) -> Moment:
    return cases.moment(seq, NOW - age, epoch=epoch, live=live)


START = moment()


def result(began: Moment = START, good_through: int | None = None) -> Result:
    """What was answered to a fetch that began then."""
    validity = Validity(began, began.seq if good_through is None else good_through)
    return Result(b"{}", 200, "application/json", TASKS.families, validity, TERMS, durable=True)


def assembled(kind: HitKind = HitKind.ENTITY, *, age: float = 0.0) -> EntityAnswer:
    return EntityAnswer(kind, result(moment(age=age)))


@dataclass
class Came:
    """What comes of waiting or asking: the result of a fetch that began after so many changes, or what went wrong; and
    what the records say then."""

    began: Moment = START
    result: bool = True
    failure: Failure | None = None
    problem: Problem | None = None
    is_coming: bool = False
    known: Known = None


@dataclass
class Stage:
    """What is found where. ``changes`` are those in the log when the read begins."""

    stored: Result | None = None
    disk: Result | None = None
    same_words: bool = True
    known: Known = None
    long: Known = None
    wishes: str = ""
    trusted: bool = True
    start: Moment = START
    changes: Sequence[Change] = ()
    around: Surroundings = field(default_factory=Surroundings)
    came: Sequence[Came] = ()

    def decisions(self) -> list[str]:
        """What is decided until there is an answer."""
        log = InMemoryChangeLog()
        cases.record(log, *self.changes, at=NOW)
        start = replace(self.start, seq=log.head)

        def judged(found: Result | None) -> StoredAnswer | None:
            return None if found is None else StoredAnswer(found, judge(found, start, log, TASKS), self.same_words)

        directives = parse_cache_control(self.wishes)
        may_look = self.trusted and not directives.no_cache
        stored = judged(self.stored) if may_look else None
        at_hand = AtHand(start, directives, self.trusted, stored, self.known if may_look else None)
        coming = iter(self.came)
        told: list[str] = []
        outcome: FetchOutcome | None = None
        decision: Serve | Look | Miss | Refuse | Join | Fetch = decide(at_hand)
        while True:
            if outcome is None or not isinstance(decision, Miss):
                told.append(in_words(decision))
            match decision:
                case Serve() | Refuse():
                    return told
                case Look.LONG:
                    at_hand = at_hand._replace(known=self.long)
                case Look.DISK:
                    at_hand = at_hand._replace(stored=judged(self.disk), saw_disk=True)
                case Miss():
                    decision = ask(decision, self.around)
                    continue
                case Join() | Fetch():
                    came = next(coming, Came())
                    brought = result(came.began) if came.result and not (came.failure or came.problem) else None
                    verdict = None if brought is None else judge(brought, start, log, TASKS)
                    outcome = FetchOutcome(
                        decision, came.began, brought, verdict, True, came.failure, came.is_coming, came.problem
                    )
                    at_hand = AtHand(start, directives, self.trusted, None, came.known, saw_disk=True)
            decision = decide(at_hand) if outcome is None else conclude(at_hand, outcome)


def in_words(decision: Any) -> str:
    """One decision as a line of a playbook."""
    match decision:
        case Serve():
            said = cache_status([handling_of(decision)]).removeprefix("ftrack-proxy; ")
            return f"serve: {said}" if decision.result is not None else f"pass on: {said}"
        case Look():
            return f"look: {decision.name.lower()}"
        case Miss():
            return "miss"
        case Refuse(reason=reason):
            return f"refuse: {reason.name.lower()}"
        case Join(way=way):
            return f"join: {way.name.removeprefix('JOIN_').lower()}"
        case Fetch(plan=OwnWords(kind=kind)):
            return f"fetch: {kind.name.lower()}"
        case Fetch(plan=plan):
            return f"fetch: {type(plan).__name__}"
        case _:
            raise AssertionError(decision)


def flight(seq: int = 0, *, is_own: bool = True) -> InFlight:
    """Somebody's fetch that began after so many changes."""
    return InFlight(moment(seq), is_own=is_own)
