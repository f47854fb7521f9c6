"""What is at hand for one read, as values: collected without leaving a trace, and all that a decision is made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ftrack_proxy.decision.plan import PlanMaterial
from ftrack_proxy.entities.entity_lookup import EntityAnswer, LongAnswer, MissingRows
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.judging.verdict import Verdict
from ftrack_proxy.protocol.headers import CacheControl


class StoredAnswer(NamedTuple):
    """A read's own result and what judging it said, up to the read's start.

    ``same_words``: it was asked in the very words in which it is asked now.
    """

    result: Result
    verdict: Verdict
    same_words: bool = True


Known = EntityAnswer | MissingRows | LongAnswer | None
"""What entity records say to a read: an answer; the rows of which too little is known; that it takes long to tell; or
nothing."""


class AtHand(NamedTuple):
    """What is at hand for a read that began at ``start``.

    ``trusted``: ftrack accepted the asker recently. ``known`` is looked for only where the stored answer will not do,
    and on the disk (``saw_disk``) only where memory has no stored answer.
    """

    start: Moment
    directives: CacheControl
    trusted: bool
    stored: StoredAnswer | None = None
    known: Known = None
    saw_disk: bool = False

    def is_young(self, result: Result) -> bool:
        """True if a result is as young as the client wishes."""
        wished = self.directives.max_age
        return wished is None or self.start.at - result.validity.began.at <= wished


@dataclass(frozen=True, slots=True)
class InFlight:
    """One fetch in progress (``handle`` is for the driver) that ``began`` at some moment.

    ``is_own``: it is made with the asker's own credentials.
    """

    began: Moment
    handle: object = None
    is_own: bool = True


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is to be known before ftrack is asked for a read.

    ``rows``: for each row that is missing, or for the list that is, the fetch in progress that will bring it, if one
    is young enough to be waited for. ``same``: one of the very same read. ``material``: of what plans are made;
    ``None`` if answers cannot be put together from entity records.
    """

    rows: Sequence[InFlight | None] = ()
    same: InFlight | None = None
    material: PlanMaterial | None = None
