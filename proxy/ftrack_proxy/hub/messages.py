"""What a websocket gives, who wants to know first, and how fast it may come."""

from __future__ import annotations

import asyncio
from typing import Any, Final, Protocol

from aiohttp import WSMsgType

# Seconds of work on messages before others have a turn.
_LONGEST_TURN: Final = 0.003


class HubMessage(Protocol):
    """A message as aiohttp gives it, with texts as bytes (``decode_text=False``)."""

    @property
    def type(self) -> WSMsgType: ...
    @property
    def data(self) -> Any: ...


class MessageIntake(Protocol):
    """Takes in what comes over a connection to the event hub; never fails."""

    def take_message(self, message: HubMessage) -> None: ...


class Pace:
    """Gives others their turn: to wait for a message that is there already gives none to anybody."""

    def __init__(self) -> None:
        self._clock = asyncio.get_running_loop().time
        self._since = self._clock()

    async def keep(self) -> None:
        """Call between messages."""
        if self._clock() - self._since > _LONGEST_TURN:
            await asyncio.sleep(0)
            self._since = self._clock()
