"""Every order in which things can happen that are each in an order of their own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Lane = Sequence[str]


def orders(lanes: Sequence[Lane]) -> Iterator[tuple[str, ...]]:
    """All merges of these lanes; the steps of a lane stay in their order."""
    rest = [lane for lane in lanes if lane]
    if not rest:
        yield ()
    for at, lane in enumerate(rest):
        for further in orders([*rest[:at], lane[1:], *rest[at + 1 :]]):
            yield (lane[0], *further)
