"""Messages of the event hub: what a websocket gives, who takes it in, and yielding to others between messages."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

from aiohttp import WSMsgType

# Seconds of work on messages before other tasks run.
_LONGEST_RUN: Final = 0.003


class HubMessage(Protocol):
    """A message as aiohttp gives it, with texts as bytes (``decode_text=False``)."""

    @property
    def type(self) -> WSMsgType: ...
    @property
    def data(self) -> Any: ...


class MessageIntake(Protocol):
    """Takes in what comes over a connection to the event hub; never fails."""

    def take_message(self, message: HubMessage) -> None: ...


class CooperativeYield:
    """Yields to other tasks now and then: awaiting a message that is already there does not."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock()

    async def maybe_yield(self) -> None:
        """Call between messages."""
        if self._clock() - self._since > _LONGEST_RUN:
            await asyncio.sleep(0)
            self._since = self._clock()
