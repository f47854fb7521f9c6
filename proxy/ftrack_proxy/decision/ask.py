"""Decide how ftrack is asked best for a read that nothing at hand answers."""

from __future__ import annotations

from typing import assert_never

from ftrack_proxy.decision.at_hand import Surroundings
from ftrack_proxy.decision.decisions import Fetch, Join, Miss, Way
from ftrack_proxy.decision.plan import CLIENT_WORDS, NO_NOTES, OwnWords, plan


def ask(miss: Miss, around: Surroundings) -> Join | Fetch:
    """Say how to get an answer from ftrack: in the first of the ways left that there is."""
    notes = NO_NOTES
    for way in miss.ways:
        match way:
            case Way.JOIN_ROWS:
                flights = tuple(flight for flight in around.rows if flight is not None)
                if flights and len(flights) == len(around.rows):
                    return Join(way, flights, miss)
            case Way.OWN_WORDS:
                planned, notes = plan(around.material, miss.missing)
                if isinstance(planned, OwnWords):
                    return Fetch(planned, miss, notes)
            case Way.JOIN_SAME:
                # G6: what is fetched with another's credentials is only for whom ftrack accepted recently.
                if around.same is not None and (around.same.is_own or miss.trusted):
                    return Join(way, (around.same,), miss, notes)
            case Way.CLIENT_WORDS:
                break
            case _:
                assert_never(way)
    return Fetch(CLIENT_WORDS, miss, notes)
