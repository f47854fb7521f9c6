"""What is at hand, what has changed, what the client wishes: and the list of decisions."""

from __future__ import annotations

import pytest

from ftrack_proxy.decision.at_hand import Surroundings
from ftrack_proxy.decision.conclude import Problem
from ftrack_proxy.entities.entity_lookup import MissingRows
from ftrack_proxy.protocol.headers import HitKind
from ftrack_proxy.protocol.responses import Failure
from tests.test_decision.playbook import (
    A_NOTE,
    A_TASK,
    Came,
    Stage,
    assembled,
    flight,
    moment,
    result,
)

OLD, OTHER_EPOCH, AGED = result(), result(moment(epoch=0)), result(moment(age=61))
ROWS = MissingRows((("a",),))
SOME = MissingRows((("a",),), known=2)
COLD = ["look: disk", "miss", "fetch: ClientWords"]

AT_HAND = {
    "the same words": (Stage(OLD), ["serve: hit; detail=exact"]),
    "other words": (Stage(OLD, same_words=False), ["serve: hit; detail=equivalent"]),
    "a change elsewhere": (Stage(OLD, changes=[A_NOTE]), ["serve: hit; detail=exact"]),
    "on the disk": (Stage(disk=OLD), ["look: disk", "serve: hit; detail=exact"]),
    "put together": (Stage(known=assembled()), ["serve: hit; detail=entity"]),
    "part of a list": (Stage(known=assembled(HitKind.WINDOW)), ["serve: hit; detail=window"]),
    "a narrower list": (Stage(known=assembled(HitKind.PROJECTION)), ["serve: hit; detail=projection"]),
    "stale, but put together": (Stage(OLD, known=assembled(), changes=[A_TASK]), ["serve: hit; detail=entity"]),
    "nothing": (Stage(), [*COLD, "serve: fwd=miss; stored"]),
    "affected": (
        Stage(OLD, changes=[A_TASK]),
        ["miss", "fetch: ClientWords", "serve: fwd=stale; stored; detail=affected"],
    ),
    "of an earlier epoch": (
        Stage(OTHER_EPOCH),
        ["miss", "fetch: ClientWords", "serve: fwd=stale; stored; detail=unverified"],
    ),
    "too old": (Stage(AGED), ["miss", "fetch: ClientWords", "serve: fwd=stale; stored; detail=aged"]),
    "affected, on the disk": (
        Stage(disk=OLD, changes=[A_TASK]),
        [*COLD, "serve: fwd=stale; stored; detail=affected"],
    ),
    "in the gap": (
        Stage(OLD, start=moment(live=False)),
        ["miss", "fetch: ClientWords", "serve: fwd=stale; stored; detail=unverified"],
    ),
}


@pytest.mark.parametrize("title", AT_HAND)
def test_what_is_at_hand(title: str) -> None:
    stage, expected = AT_HAND[title]
    assert stage.decisions() == expected


WISHES = {
    "no-cache": (Stage(OLD, wishes="no-cache"), ["miss", "fetch: ClientWords", "serve: fwd=request; stored"]),
    "no-cache joins nobody": (
        Stage(OLD, wishes="no-cache", around=Surroundings([flight()], flight())),
        ["miss", "fetch: ClientWords", "serve: fwd=request; stored"],
    ),
    "max-age that is young enough": (Stage(result(moment(age=5)), wishes="max-age=5"), ["serve: hit; detail=exact"]),
    "max-age that is not": (
        Stage(result(moment(age=6)), wishes="max-age=5"),
        ["miss", "fetch: ClientWords", "serve: fwd=request; stored; detail=aged"],
    ),
    "max-age and something younger": (
        Stage(result(moment(age=6)), known=assembled(age=3), wishes="max-age=5"),
        ["serve: hit; detail=entity"],
    ),
    "max-age, put together too old": (
        Stage(known=assembled(age=6), wishes="max-age=5"),
        [*COLD, "serve: fwd=miss; stored"],
    ),
    "only-if-cached": (Stage(OLD, wishes="only-if-cached"), ["serve: hit; detail=exact"]),
    "only-if-cached and nothing": (Stage(wishes="only-if-cached"), ["look: disk", "refuse: not_cached"]),
    "only-if-cached and stale": (Stage(OLD, changes=[A_TASK], wishes="only-if-cached"), ["refuse: not_cached"]),
    "only-if-cached and no-cache": (Stage(OLD, wishes="only-if-cached, no-cache"), ["refuse: not_cached"]),
}


@pytest.mark.parametrize("title", WISHES)
def test_what_the_client_wishes(title: str) -> None:
    stage, expected = WISHES[title]
    assert stage.decisions() == expected


TRUST = {
    "nothing is served": (Stage(OLD, known=assembled(), trusted=False), ["miss", "fetch: ClientWords"]),
    "one's own fetch may be joined": (Stage(trusted=False, around=Surroundings(same=flight())), ["miss", "join: same"]),
    "not another's": (
        Stage(trusted=False, around=Surroundings(same=flight(is_own=False))),
        ["miss", "fetch: ClientWords"],
    ),
    "nor those for rows": (Stage(trusted=False, around=Surroundings([flight()])), ["miss", "fetch: ClientWords"]),
    "only what is cached": (Stage(OLD, trusted=False, wishes="only-if-cached"), ["refuse: not_cached"]),
}


@pytest.mark.parametrize("title", TRUST)
def test_whom_ftrack_did_not_accept_lately(title: str) -> None:
    """G6."""
    stage, expected = TRUST[title]
    assert stage.decisions()[: len(expected)] == expected


MISS = ["look: disk", "miss"]
STORED = "serve: fwd=miss; stored"
JOINED = "serve: fwd=miss; collapsed"
SAME = Surroundings(same=flight())
LATER = Surroundings(same=flight(1))
OTHERS = Surroundings(same=flight(is_own=False))
BRINGS = Surroundings([flight()], flight())
HALF = Surroundings([flight(), None])

JOINS = {
    "the very same": (Stage(around=SAME), [*MISS, "join: same", JOINED]),
    "G3: one that began before a change": (
        Stage(around=SAME, changes=[A_TASK]),
        [*MISS, "join: same", "fetch: ClientWords", STORED],
    ),
    "before a change elsewhere": (Stage(around=SAME, changes=[A_NOTE]), [*MISS, "join: same", JOINED]),
    "after the change": (Stage(around=LATER, changes=[A_TASK], came=[Came(moment(1))]), [*MISS, "join: same", JOINED]),
    "G4: of an earlier epoch": (
        Stage(around=SAME, came=[Came(moment(epoch=0))]),
        [*MISS, "join: same", "fetch: ClientWords", STORED],
    ),
    "one that takes too long, and another": (
        Stage(around=SAME, came=[Came(problem=Problem.TOO_LATE)]),
        [*MISS, "join: same", "join: same", JOINED],
    ),
    "an error, of the same moment": (
        Stage(around=SAME, came=[Came(failure=Failure.REFUSAL)]),
        [*MISS, "join: same", "pass on: fwd=miss; collapsed"],
    ),
    "an error, of before a change": (
        Stage(around=SAME, changes=[A_NOTE], came=[Came(failure=Failure.REFUSAL)]),
        [*MISS, "join: same", "fetch: ClientWords", STORED],
    ),
    "G6: an error to another's credentials": (
        Stage(around=OTHERS, came=[Came(failure=Failure.CREDENTIALS)]),
        [*MISS, "join: same", "fetch: ClientWords", STORED],
    ),
    "another's answer": (Stage(around=OTHERS), [*MISS, "join: same", JOINED]),
    "ftrack is away, at the same moment": (
        Stage(around=SAME, came=[Came(problem=Problem.NOT_SENT)]),
        [*MISS, "join: same", "refuse: not_sent"],
    ),
    "it was away before": (
        Stage(around=SAME, changes=[A_NOTE], came=[Came(problem=Problem.LOST)]),
        [*MISS, "join: same", "fetch: ClientWords", STORED],
    ),
    "an answer that is still coming": (
        Stage(around=SAME, came=[Came(is_coming=True)]),
        [*MISS, "join: same", "fetch: ClientWords", STORED],
    ),
    "who brings the rows": (
        Stage(known=ROWS, around=BRINGS, came=[Came(known=assembled())]),
        [*MISS, "join: rows", "serve: fwd=miss; stored; collapsed"],
    ),
    "who brings the rest": (
        Stage(known=SOME, around=BRINGS, came=[Came(known=assembled())]),
        [*MISS, "join: rows", "serve: fwd=partial; stored; collapsed"],
    ),
    "G3: rows that a change took away again": (
        Stage(known=ROWS, around=BRINGS, came=[Came(known=ROWS)]),
        [*MISS, "join: rows", "join: same", JOINED],
    ),
    "rows that take too long": (
        Stage(known=ROWS, around=BRINGS, came=[Came(problem=Problem.TOO_LATE), Came(known=assembled())]),
        [*MISS, "join: rows", "join: rows", "serve: fwd=miss; stored; collapsed"],
    ),
    "some of the rows": (Stage(known=ROWS, around=HALF), [*MISS, "fetch: ClientWords", STORED]),
    "long ones": (
        Stage(known=ROWS, around=BRINGS, came=[Came(known=None)]),
        [*MISS, "join: rows", "join: same", JOINED],
    ),
}


@pytest.mark.parametrize("title", JOINS)
def test_who_may_wait_for_whom(title: str) -> None:
    stage, expected = JOINS[title]
    assert stage.decisions() == expected


FETCHES = {
    "an error": (Stage(came=[Came(failure=Failure.REFUSAL)]), [*COLD, "pass on: fwd=miss; stored"]),
    "a gateway's error": (Stage(came=[Came(failure=Failure.GATEWAY)]), [*COLD, "pass on: fwd=miss; stored"]),
    "ftrack is away": (Stage(came=[Came(problem=Problem.NOT_SENT)]), [*COLD, "refuse: not_sent"]),
    "no whole answer": (Stage(came=[Came(problem=Problem.LOST)]), [*COLD, "refuse: lost"]),
    "it changed on the way: it is the asker's all the same": (
        Stage(changes=[A_TASK], came=[Came(moment(0))]),
        [*COLD, STORED],
    ),
}


@pytest.mark.parametrize("title", FETCHES)
def test_what_comes_of_asking(title: str) -> None:
    stage, expected = FETCHES[title]
    assert stage.decisions() == expected
