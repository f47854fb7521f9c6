"""Decide what to do with one read: is there an answer at hand, or has ftrack to be asked?"""

from __future__ import annotations

from ftrack_proxy.decision.at_hand import AtHand
from ftrack_proxy.decision.decisions import Look, Miss, RefusalReason, Refuse, Serve, Way
from ftrack_proxy.entities.entity_lookup import EntityAnswer, LongAnswer, MissingRows
from ftrack_proxy.judging.verdict import Reason
from ftrack_proxy.protocol.headers import Forwarded, HitKind


def decide(at_hand: AtHand) -> Serve | Look | Miss | Refuse:
    """Say whether there is an answer at hand."""
    stored, known, wishes = at_hand.stored, at_hand.known, at_hand.directives
    # G6: only for whom ftrack accepted recently.
    may_look = at_hand.trusted and not wishes.no_cache
    if may_look:
        if stored is not None and stored.verdict.fresh and at_hand.is_young(stored.result):
            return Serve(HitKind.EXACT if stored.same_words else HitKind.EQUIVALENT, stored)
        match known:
            case EntityAnswer() if at_hand.is_young(known.result):
                return Serve(known.kind, known)
            case LongAnswer():
                return Look.LONG
            case _ if stored is None and not at_hand.saw_disk:
                return Look.DISK
            case _:
                pass
    if wishes.only_if_cached:
        return Refuse(RefusalReason.NOT_CACHED)
    return _miss(at_hand)


def _miss(at_hand: AtHand) -> Miss:
    """Say why ftrack has to be asked, and in which ways it may be."""
    stored, missing = at_hand.stored, at_hand.known if isinstance(at_hand.known, MissingRows) else None
    if at_hand.directives.no_cache:
        # What others ask is no answer to who wants ftrack's own.
        return Miss(Forwarded.REQUEST, trusted=at_hand.trusted, ways=(Way.CLIENT_WORDS,))
    if not at_hand.trusted:
        return Miss(Forwarded.MISS, trusted=False, ways=(Way.JOIN_SAME, Way.CLIENT_WORDS))
    partial = missing is not None and missing.known > 0
    if stored is None:
        return Miss(Forwarded.MISS, missing=missing, partial=partial)
    if stored.verdict.fresh:
        # It is too old for this client alone.
        return Miss(Forwarded.REQUEST, Reason.AGED.value, Reason.AGED, missing, partial)
    return Miss(Forwarded.STALE, stored.verdict.reason.value, stored.verdict.reason, missing, partial)
