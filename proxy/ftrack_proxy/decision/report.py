"""What is told of decisions: in ``Cache-Status``, in the counters, and by `explain`."""

from __future__ import annotations

from typing import Final, assert_never

from ftrack_proxy.decision.decisions import Fetch, FetchedAnswer, Join, Serve, Way
from ftrack_proxy.decision.plan import ClientWords, Together
from ftrack_proxy.protocol.headers import Forwarded, Handling, HitKind

_HITS: Final = {kind: Handling(None, kind.value) for kind in HitKind}


def handling_of(served: Serve) -> Handling:
    """What ``Cache-Status`` says of one operation that was answered."""
    how = served.how
    match how:
        case HitKind():
            return _HITS[how]
        case Fetch(plan=ClientWords() | Together(), miss=miss):
            is_stored = isinstance(served.answer, FetchedAnswer) and served.answer.stored
            return Handling(miss.forwarded, miss.detail, stored=is_stored)
        case Fetch(miss=miss):
            forwarded = Forwarded.PARTIAL if miss.partial else miss.forwarded
            return Handling(forwarded, miss.detail, stored=served.result is not None)
        case Join(way=Way.JOIN_ROWS, miss=miss):
            forwarded = Forwarded.PARTIAL if miss.partial else miss.forwarded
            return Handling(forwarded, miss.detail, stored=True, collapsed=True)
        case Join(miss=miss):
            return Handling(miss.forwarded, miss.detail, collapsed=True)
        case _:
            assert_never(how)
