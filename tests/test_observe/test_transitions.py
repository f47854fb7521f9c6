"""A state is logged when it changes, soon and not too often; the last line is always the current state."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from ftrack_proxy.observe.transitions import TransitionLog


async def test_each_change_is_told_once() -> None:
    told: list[int] = []
    turns = TransitionLog(0, told.append, period=0.0)
    for state in (0, 1, 1, 2, 2, 0):
        turns.update(state)
    assert told == [1, 2, 0]


def test_changes_in_quick_succession_are_left_out_and_the_last_is_told_in_the_end() -> None:
    async def story(clock: LoopWithItsOwnTime) -> None:
        told: list[int] = []
        turns = TransitionLog(0, told.append, most=3, period=60.0)
        for state in (*range(1, 100), 7):
            turns.update(state)
        assert told == [1, 2, 3]
        await clock.put_forward(59.0)
        assert told == [1, 2, 3]
        await clock.put_forward(2.0)
        assert told == [1, 2, 3, 7]

    played(story)


def test_what_went_back_is_not_told() -> None:
    async def story(clock: LoopWithItsOwnTime) -> None:
        told: list[int] = []
        turns = TransitionLog(0, told.append, most=1, period=60.0)
        turns.update(1)
        turns.update(2)
        turns.update(1)
        await clock.put_forward(300.0)
        assert told == [1]
        turns.update(3)
        assert told == [1, 3]

    played(story)


class LoopWithItsOwnTime(asyncio.SelectorEventLoop):
    """An event loop whose clock a test puts forward."""

    ahead = 0.0

    def time(self) -> float:
        return super().time() + self.ahead

    async def put_forward(self, seconds: float) -> None:
        """Let time pass, and whatever is due then happen."""
        self.ahead += seconds
        for _ in range(3):
            await asyncio.sleep(0)


def played(story: Callable[[LoopWithItsOwnTime], Coroutine[Any, Any, None]]) -> None:
    loop = LoopWithItsOwnTime()
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(story(loop))
