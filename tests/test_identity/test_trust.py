"""Whom ftrack accepts: for how long that is believed, and that answers may overtake each other."""

from __future__ import annotations

import itertools

import pytest

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.principal import Principal, account_of, principal_of
from ftrack_proxy.identity.trust import Trust

pytestmark = pytest.mark.required("G6.1")

SALT = b"s" * 32
ANA = Credentials("ana", "key")
PLAIN = principal_of(ANA, SALT)
BEHIND = principal_of(ANA, SALT, [("Authorization", "Basic x")])
BO = principal_of(Credentials("bo", "key"), SALT)


def test_it_runs_out() -> None:
    trust = Trust(lifetime=10)
    assert not trust.holds(PLAIN, 0)
    trust.accept(PLAIN, 0)
    assert trust.holds(PLAIN, 10)
    assert not trust.holds(PLAIN, 10.1)
    trust.accept(PLAIN, 5)
    trust.accept(PLAIN, 3)
    assert trust.holds(PLAIN, 15)
    assert not trust.holds(BO, 5)


def test_no_lifetime_is_no_trust_in_anything_sent_before() -> None:
    trust = Trust(lifetime=0)
    trust.accept(PLAIN, 1)
    assert not trust.holds(PLAIN, 1.001)


def test_a_late_acceptance_does_not_undo_a_refusal() -> None:
    trust = Trust(lifetime=10)
    trust.accept(PLAIN, 1)
    trust.refuse(PLAIN, 3)
    assert not trust.holds(PLAIN, 3)
    for sent in (0, 2, 3):
        trust.accept(PLAIN, sent)
        assert not trust.holds(PLAIN, 4)
    trust.accept(PLAIN, 3.5)
    assert trust.holds(PLAIN, 4)


def test_every_order_of_what_is_sent_and_answered() -> None:
    """Trusted is only who was accepted in a request that was sent after the last refusal had come."""
    # Two requests are refused and three accepted; each is sent at one moment and answered at a later one.
    moments = range(6)
    pairs = [(sent, came) for sent in moments for came in moments if sent < came]
    for accepted in itertools.combinations(pairs, 2):
        for refused in itertools.combinations(pairs, 2):
            trust = Trust(lifetime=100)
            arrivals = [(came, "accept", sent) for sent, came in accepted] + [(c, "refuse", s) for s, c in refused]
            for came, kind, sent in sorted(arrivals):
                trust.accept(PLAIN, sent) if kind == "accept" else trust.refuse(PLAIN, came)
            last_refusal = max(came for _, came in refused)
            assert trust.holds(PLAIN, 6) is any(sent > last_refusal for sent, _ in accepted)


def test_a_refused_key_is_refused_whatever_comes_with_it() -> None:
    trust = Trust(lifetime=10)
    for principal in (PLAIN, BEHIND, BO):
        trust.accept(principal, 1)
    trust.refuse_account(account_of(ANA, SALT), 2)
    assert [trust.holds(principal, 3) for principal in (PLAIN, BEHIND, BO)] == [False, False, True]
    trust.accept(BEHIND, 4)
    assert [trust.holds(principal, 5) for principal in (PLAIN, BEHIND)] == [False, True]


def test_who_is_refused_with_a_token_may_be_accepted_without() -> None:
    trust = Trust(lifetime=10)
    trust.accept(PLAIN, 1)
    trust.refuse(BEHIND, 2)
    assert trust.holds(PLAIN, 3)
    assert trust.is_refused(BEHIND, 3)
    assert not trust.is_refused(PLAIN, 3)
    assert not trust.is_refused(BEHIND, 12.1)


def test_refusals_that_were_forgotten_are_not_undone() -> None:
    """Whoever makes many be refused cannot make one of them be forgotten, nor take others' trust away."""
    trust = Trust(lifetime=100, limit=10)
    trust.accept(BO, 0)
    trust.refuse(PLAIN, 5)
    for number in range(50):
        trust.refuse(Principal(b"%032d" % number), 6)
    trust.accept(PLAIN, 4)
    assert not trust.holds(PLAIN, 7)
    assert trust.holds(BO, 7)
    trust.accept(PLAIN, 7)
    assert trust.holds(PLAIN, 7)


def test_a_refusal_ends_trust_for_good_also_if_it_is_forgotten() -> None:
    trust = Trust(lifetime=100, limit=3)
    for principal in (PLAIN, BEHIND):
        trust.accept(principal, 1)
    trust.refuse_account(account_of(ANA, SALT), 2)
    for number in range(10):
        trust.refuse(Principal(b"%032d" % number), 3)
    assert not trust.holds(PLAIN, 4)
    assert not trust.holds(BEHIND, 4)


def test_what_is_remembered_is_bounded() -> None:
    trust = Trust(lifetime=100, limit=2)
    people = [principal_of(Credentials(f"user {number}", "k"), SALT) for number in range(5)]
    for person in people:
        trust.accept(person, 1)
    assert [trust.holds(person, 1) for person in people] == [False, False, False, True, True]
    # Who shows something else each time pushes out nobody else.
    for number in range(100):
        trust.accept(principal_of(ANA, SALT, [("X-Token", str(number))]), 1)
    assert not trust.holds(principal_of(ANA, SALT, [("X-Token", "0")]), 1)
    assert trust.holds(principal_of(ANA, SALT, [("X-Token", "99")]), 1)
    assert trust.holds(people[4], 1)
