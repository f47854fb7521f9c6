"""A state is logged when it changes, soon and not too often; the last line is always the current state."""

from __future__ import annotations

import asyncio

from ftrack_proxy.observe.transitions import TransitionLog
from tests.harness import PATIENCE


async def test_each_change_is_told_once() -> None:
    told: list[int] = []
    turns = TransitionLog(0, told.append, period=0.0)
    for state in (0, 1, 1, 2, 2, 0):
        turns.update(state)
    assert told == [1, 2, 0]


async def test_changes_in_quick_succession_are_left_out_and_the_last_is_told_in_the_end() -> None:
    told: list[int] = []
    turns = TransitionLog(0, told.append, most=3, period=0.05)
    for state in (*range(1, 100), 7):
        turns.update(state)
    assert told == [1, 2, 3]
    async with asyncio.timeout(PATIENCE):
        while told != [1, 2, 3, 7]:  # noqa: ASYNC110 - nothing is set when a timer runs out
            await asyncio.sleep(0.005)


async def test_what_went_back_is_not_told() -> None:
    told: list[int] = []
    turns = TransitionLog(0, told.append, most=1, period=0.02)
    turns.update(1)
    turns.update(2)
    turns.update(1)
    await asyncio.sleep(0.1)
    assert told == [1]
    turns.update(3)
    assert told == [1, 3]
