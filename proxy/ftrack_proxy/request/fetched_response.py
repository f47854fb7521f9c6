"""What ftrack answered to a fetch, once it has been taken in."""

from __future__ import annotations

from dataclasses import dataclass

from ftrack_proxy.entities.normalise import NormalisedAnswer
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import Answer
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
