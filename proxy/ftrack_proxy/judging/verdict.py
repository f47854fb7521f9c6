"""What is said of a stored answer for one read: good or not, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Reason(Enum):
    """Why a result is what it is judged to be; the words stand in ``Cache-Status`` and in the counters."""

    CURRENT = "exact"
    AFFECTED = "affected"
    UNVERIFIED = "unverified"
    AGED = "aged"
    LOG_OVERRUN = "log-overrun"
    CREDENTIALS = "credentials"
    UNSETTLED = "unsettled"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Fresh or not, why, and for ``AFFECTED`` the change that decided it and the rule by which it did.

    ``good_through``: up to which change a fresh one was looked at; its `Validity` may be advanced so far.
    """

    fresh: bool
    reason: Reason
    seq: int | None = None
    rule: str | None = None
    good_through: int = 0


CURRENT = Verdict(True, Reason.CURRENT)
UNVERIFIED = Verdict(False, Reason.UNVERIFIED)
AGED = Verdict(False, Reason.AGED)
UNSETTLED = Verdict(False, Reason.UNSETTLED)
LOG_OVERRUN = Verdict(False, Reason.LOG_OVERRUN)
