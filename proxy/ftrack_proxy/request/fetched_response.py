"""What ftrack answered to a fetch, once it has been taken in, and what came of waiting for it."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass

from ftrack_proxy.decision.conclude import FetchOutcome, Problem
from ftrack_proxy.decision.decisions import Fetch, Join
from ftrack_proxy.entities.normalise import NormalisedAnswer
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import Answer, AnswerLost, NotSent
from ftrack_proxy.protocol.responses import Failure


@dataclass(frozen=True, slots=True)
class FetchedResponse:
    """What a fetch brought that ``began`` at some moment.

    ``plain`` is the body without content encoding, ``None`` if that cannot be had. ``result`` is the operation's own
    part of a successful answer, with what is needed to judge it; ``None`` if the answer is an error (``failure`` says
    of which kind), not exactly what is expected, or to several operations. ``stored`` tells whether it was kept.
    ``entities`` are those in it, if they could be told apart.
    """

    began: Moment
    answer: Answer
    plain: bytes | None
    result: Result | None = None
    stored: bool = False
    entities: NormalisedAnswer | None = None
    failure: Failure | None = None

    @property
    def is_coming(self) -> bool:
        """True if not all of it is here yet: the rest is for one client only."""
        return self.answer.rest is not None

    def let_go(self) -> None:
        """Have no more of what is still coming."""
        if self.answer.rest is not None:
            self.answer.rest.close()


@dataclass(slots=True)
class Arrival:
    """What came of asking, or of waiting for others: for the decision, and ftrack's response or why there is none."""

    outcome: FetchOutcome
    response: FetchedResponse | None = None
    error: Exception | None = None


async def arrival_of(of: Join | Fetch, began: Moment, work: Awaitable[FetchedResponse]) -> Arrival:
    """Wait for what a fetch brings that ``began`` at some moment."""
    try:
        came = await work
    except TimeoutError:
        return Arrival(FetchOutcome(of, began, problem=Problem.TOO_LATE))
    except NotSent as error:
        return Arrival(FetchOutcome(of, began, problem=Problem.NOT_SENT), error=error)
    except AnswerLost as error:
        return Arrival(FetchOutcome(of, began, problem=Problem.LOST), error=error)
    outcome = FetchOutcome(
        of, came.began, came.result, stored=came.stored, failure=came.failure, is_coming=came.is_coming
    )
    return Arrival(outcome, came)
