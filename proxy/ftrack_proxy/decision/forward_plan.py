"""What to do about a batch that is forwarded, and about what has become of it.

::

    operations -> plan_forward -> ForwardPlan                 (what may it change, how may it be sent?)
        answer -> outcome_of   -> Outcome                     (what has become of it?)
                  aftermath    -> Aftermath                   (what is to be recorded and learned?)

Nothing here waits, records or counts; `request.forward` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, assert_never

from ftrack_proxy.changes.change import Change, ChangeSource, anything
from ftrack_proxy.changes.own_writes import changes_of_writes
from ftrack_proxy.changes.writes import Write, action_of, only_reads, read_writes
from ftrack_proxy.protocol.refusals import api_changed_nothing
from ftrack_proxy.protocol.responses import is_success
from ftrack_proxy.schema.catalogue import Catalogue


class Delivery(Enum):
    """How a batch has to be sent."""

    REPEATABLE = "it only reads: it may be sent twice, and given up at any time"
    AT_MOST_ONCE = "it may be taken back until its first byte is out; from then on it is finished, whoever waits"


class Outcome(Enum):
    """What has become of a batch at ftrack."""

    NOT_SENT = "nothing was sent"
    REFUSED = "it was answered, and certainly not carried out"
    CARRIED_OUT = "each of its operations was answered"
    UNKNOWN = "it may have been carried out, or some of it"


@dataclass(frozen=True, slots=True)
class ForwardPlan:
    """A batch to forward: what it writes (``None`` if its body cannot be read), read by the schema ``catalogue``, what
    it may change, and how it has to be sent."""

    writes: tuple[Write, ...] | None
    catalogue: Catalogue | None
    changes: tuple[Change, ...]
    delivery: Delivery

    @property
    def actions(self) -> list[str | None] | None:
        """The names of its actions; ``None`` if its body cannot be read."""
        return None if self.writes is None else [action_of(write) for write in self.writes]


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What an outcome leaves to be done.

    ``changes`` are to be recorded before the reply leaves, ``late_changes`` before the last bytes of one that is still
    coming. ``teaches``: the answer tells what was written, so that there is something to learn from it.
    """

    changes: tuple[Change, ...] = ()
    late_changes: tuple[Change, ...] = ()
    teaches: bool = False


def plan_forward(operations: Sequence[object] | None, catalogue: Catalogue | None) -> ForwardPlan:
    """Plan the forwarding of a batch, or of a body that is no list of operations (``None``)."""
    if operations is None:
        return ForwardPlan(None, catalogue, (anything(ChangeSource.OWN_WRITE),), Delivery.AT_MOST_ONCE)
    writes = read_writes(operations, catalogue)
    delivery = Delivery.REPEATABLE if only_reads(writes) else Delivery.AT_MOST_ONCE
    return ForwardPlan(writes, catalogue, tuple(changes_of_writes(writes, catalogue)), delivery)


def outcome_of(plan: ForwardPlan, status: int, answer: Any, *, is_anonymous: bool) -> Outcome:
    """What an answer says has become of a batch. ``answer`` is decoded, ``None`` if it cannot be, or is not all here.

    ``is_anonymous``: the request carried nothing by which it could have been accepted.
    """
    if plan.writes is not None and is_success(answer, len(plan.writes)):
        return Outcome.CARRIED_OUT
    # An error may have come after the commit, unless it says that it has not.
    refused = api_changed_nothing(status, answer, plan.actions, is_anonymous=is_anonymous)
    return Outcome.REFUSED if refused else Outcome.UNKNOWN


def aftermath(plan: ForwardPlan, outcome: Outcome, *, is_whole: bool) -> Aftermath:
    """What is left to be done after an outcome. ``is_whole``: no more of the answer is coming."""
    # The head of an answer may come before the write is done; its last bytes cannot.
    late = () if is_whole else plan.changes
    match outcome:
        case Outcome.NOT_SENT:
            return Aftermath()
        case Outcome.REFUSED:
            return Aftermath((), late)
        case Outcome.CARRIED_OUT:
            return Aftermath(plan.changes, late, teaches=bool(plan.changes))
        case Outcome.UNKNOWN:
            return Aftermath(plan.changes, late)
        case _:  # pragma: no cover - the type checker proves it
            assert_never(outcome)
