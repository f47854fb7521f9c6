"""Decide what concerns a batch of reads as a whole: whether it is taken apart, what is asked together, and whether its
parts make one answer."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from ftrack_proxy.decision.decisions import ForwardBatch, ForwardReason, RefusalReason, Refuse
from ftrack_proxy.protocol.headers import CacheControl

# Misses of one batch that ftrack is asked for apart, and at the same time: such answers others can have, too. Many
# are asked for together.
APART = 8


class Proceed(Enum):
    """What is done with a batch that is not forwarded."""

    READ_EACH = "answer it operation by operation"
    COMPOSE = "put its parts together"
    HAND_ON = "send what came to one of them: it is the answer to all"


def admit(wishes: CacheControl, *, needs_cookies: bool, is_kept: bool) -> Proceed | ForwardBatch | Refuse:
    """Say whether a batch is answered operation by operation.

    ``needs_cookies``: ftrack, or a gateway before it, did not answer to the identity alone and might to its cookies.
    ``is_kept``: each operation is understood, and its answer may be kept.
    """
    if needs_cookies:
        reason = ForwardReason.COOKIES
    elif wishes.no_store:
        reason = ForwardReason.NO_STORE
    elif not is_kept:
        reason = ForwardReason.NOT_KEPT
    else:
        return Proceed.READ_EACH
    return Refuse(RefusalReason.NOT_CACHED) if wishes.only_if_cached else ForwardBatch(reason)


@dataclass(frozen=True, slots=True)
class AskApart:
    """Ask for the miss at this place by itself."""

    place: int


@dataclass(frozen=True, slots=True)
class AskTogether:
    """Ask for the misses at these places in one request."""

    places: tuple[int, ...]


def share_out(readable: Sequence[bool], asked: int) -> Iterator[AskApart | AskTogether]:
    """Say how ftrack is asked for the misses of a batch of so many different reads.

    ``readable`` tells for each miss whether it is known what its answer may show of entities: then it can be told from
    others'. Other queries (with casts, say) might make ftrack show attributes of entities in their neighbours'
    answers that those did not ask for.
    """
    for group in (True, False):
        places = tuple(place for place, is_readable in enumerate(readable) if is_readable is group)
        if asked > APART and len(places) > APART:
            yield AskTogether(places)
        else:
            yield from map(AskApart, places)


def compose(*, failed: bool, needs_cookies: bool, stands_for_all: bool, torn: bool) -> Proceed | ForwardBatch:
    """Say whether the parts of a batch are what ftrack would have said to all of it.

    ``failed``: one of them is no entry of an answer; ``stands_for_all``: it is the answer to the whole batch then.
    G7, ``torn``: one entity in one answer is of one moment; parts that were fetched apart may contradict each other.
    """
    if failed:
        if needs_cookies:
            # What was asked for without its cookies was refused: its own request may not be.
            return ForwardBatch(ForwardReason.COOKIES)
        return Proceed.HAND_ON if stands_for_all else ForwardBatch(ForwardReason.NOT_ONE_ANSWER)
    return ForwardBatch(ForwardReason.TORN) if torn else Proceed.COMPOSE
