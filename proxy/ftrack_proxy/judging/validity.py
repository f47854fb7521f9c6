"""Since when what ftrack answered is known, and up to which change it is proven good: results and entities alike."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass

from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.judging.verdict import AGED, CURRENT, LOG_OVERRUN, UNSETTLED, UNVERIFIED, Verdict
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.values.epoch import Epoch


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment at which a read (or a fetch) began.

    ``seq`` is the head of the change log called ``log``; ``epoch`` is the uninterrupted period of the change feed that
    covers the asker, or of its absence; ``live`` tells which of the two; ``at`` is in seconds of the boot clock.
    """

    seq: int
    epoch: Epoch
    live: bool
    at: float
    log: str


@dataclass(slots=True)
class Validity:
    """What one answer of ftrack's rests on: its result and the records of the entities in it share one.

    ``began`` is the moment before its request was sent. ``good_through`` is the newest change that it is proven good
    to; only `advance` moves it. ``fresh_until``, in seconds: a change shortly before the request may not have reached
    the server that answered, so after that time the answer is not believed any more.
    """

    began: Moment
    good_through: int
    fresh_until: float = math.inf

    def advance(self, seq: int) -> None:
        """Note that nothing up to the change ``seq`` affects it."""
        if seq > self.good_through:
            self.good_through = seq

    def is_later_than(self, other: Validity) -> bool:
        """True if its request was sent later, or at the same moment, or if that cannot be told."""
        mine, theirs = self.began, other.began
        return mine.log != theirs.log or (mine.seq, mine.at) >= (theirs.seq, theirs.at)


def weakest(validities: Collection[Validity]) -> Validity:
    """What holds for an answer put together from one or more others: the least that holds for any of them."""
    return Validity(
        min((validity.began for validity in validities), key=lambda began: began.at),
        min(validity.good_through for validity in validities),
        min(validity.fresh_until for validity in validities),
    )


def standing(validity: Validity, terms: Terms, start: Moment, log: ChangeLog) -> Verdict | None:
    """Say of an answer, for a read that began at ``start``, what can be said before any change is looked at.

    ``None``: it is good unless a change after ``validity.good_through``, up to the read's start, affects it.
    """
    began = validity.began
    # G4: what was fetched in another epoch of the change feed is unverified, and so is what needs events while there
    # are none. By another log's numbers nothing can be judged.
    if (
        (began.epoch is not start.epoch and began.epoch != start.epoch)
        or began.log != start.log
        or (terms.event_invalidated and not start.live)
    ):
        return UNVERIFIED
    if start.at - began.at > terms.max_age:
        return AGED
    if start.at > validity.fresh_until:
        return UNSETTLED
    if validity.good_through >= start.seq:
        return CURRENT
    return LOG_OVERRUN if validity.good_through < log.tail else None


def may_stand(validity: Validity, terms: Terms, start: Moment, log: ChangeLog) -> bool:
    """True if an answer is good, unless a change affects it."""
    verdict = standing(validity, terms, start, log)
    return verdict is None or verdict.fresh
