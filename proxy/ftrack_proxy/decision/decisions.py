"""What can be done with one read, and with a batch of them: small values, each of which the driver carries out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import NamedTuple

from ftrack_proxy.decision.at_hand import InFlight, StoredAnswer
from ftrack_proxy.decision.plan import NO_NOTES, FetchPlan, Notes, OwnWords
from ftrack_proxy.entities.entity_lookup import EntityAnswer, MissingRows
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.verdict import Reason
from ftrack_proxy.protocol.headers import Forwarded, HitKind


class Look(Enum):
    """Nothing can be said yet: look further, where it takes a while."""

    LONG = "put a long answer together"
    DISK = "look on the disk"


class Way(Enum):
    """The ways to get an answer from ftrack, in the order in which they are tried."""

    JOIN_ROWS = "wait for others who fetch the missing rows, or the list"
    OWN_WORDS = "ask in words of our own, for more or for less"
    JOIN_SAME = "wait for somebody who asks the very same"
    CLIENT_WORDS = "ask in the client's words"


EVERY_WAY = tuple(Way)


@dataclass(frozen=True, slots=True)
class Miss:
    """ftrack has to be asked: why, as ``Cache-Status`` says it, and in which ways it still may be.

    ``stale``: why the stored answer would not do, if there was one. ``missing`` are the rows of which too little is
    known; ``partial``: of others that the read names enough was known at its start. ``trusted``: ftrack accepted the
    asker recently.
    """

    forwarded: Forwarded
    detail: str | None = None
    stale: Reason | None = None
    missing: MissingRows | None = None
    partial: bool = False
    trusted: bool = True
    ways: tuple[Way, ...] = EVERY_WAY

    def after(self, way: Way) -> Miss:
        """The same with only the ways that come after this one."""
        return replace(self, ways=self.ways[self.ways.index(way) + 1 :])


@dataclass(frozen=True, slots=True)
class Join:
    """Wait for fetches of others; ``way`` says for what, ``notes`` are to be taken as with a fetch."""

    way: Way
    flights: tuple[InFlight, ...]
    miss: Miss
    notes: Notes = NO_NOTES

    @property
    def brings_records(self) -> bool:
        """True if an answer is put together from what comes."""
        return self.way is Way.JOIN_ROWS


@dataclass(frozen=True, slots=True)
class Fetch:
    """Ask ftrack, as the plan says; ``notes`` are to be taken at the same time."""

    plan: FetchPlan
    miss: Miss
    notes: Notes = NO_NOTES

    @property
    def brings_records(self) -> bool:
        """True if an answer is put together from what comes."""
        return isinstance(self.plan, OwnWords)


@dataclass(frozen=True, slots=True)
class FetchedAnswer:
    """What ftrack said to the read itself; ``result`` is ``None`` for an error, or whatever else is no entry of an
    answer. ``stored``: it is kept."""

    result: Result | None
    stored: bool = False


class Serve(NamedTuple):
    """Here is the answer; ``how`` it came: the kind of a hit, or what was done to get it."""

    how: HitKind | Fetch | Join
    answer: StoredAnswer | EntityAnswer | FetchedAnswer

    @property
    def result(self) -> Result | None:
        """The result to send; see ``FetchedAnswer``."""
        return self.answer.result


class RefusalReason(Enum):
    """Why there is no answer."""

    NOT_CACHED = "the client wants what is cached, and nothing fresh is"
    NOT_SENT = "ftrack cannot be reached"
    LOST = "no whole answer came"


@dataclass(frozen=True, slots=True)
class Refuse:
    """There is no answer, and none will be asked for."""

    reason: RefusalReason


class ForwardReason(Enum):
    """Why a batch of reads is forwarded as it is."""

    COOKIES = "ftrack did not answer to the identity alone, and might to the client's cookies"
    NO_STORE = "the client wants nothing kept"
    NOT_KEPT = "some answer must not be kept, or is not understood"
    NOT_ONE_ANSWER = "what came to a part of it cannot stand for all"
    TORN = "its parts are of different moments"


@dataclass(frozen=True, slots=True)
class ForwardBatch:
    """Send the batch as the client sent it, and keep nothing of its answer."""

    reason: ForwardReason


Decision = Serve | Look | Miss | Refuse
"""What `decide` says of one read; `ask` makes a `Join` or a `Fetch` of a `Miss`."""
