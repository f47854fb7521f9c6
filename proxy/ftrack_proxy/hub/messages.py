"""What a websocket gives, and who wants to know first."""

from __future__ import annotations

from typing import Any, Protocol

from aiohttp import WSMsgType


class Message(Protocol):
    """A message as aiohttp gives it, with texts as bytes (``decode_text=False``)."""

    @property
    def type(self) -> WSMsgType: ...
    @property
    def data(self) -> Any: ...


class Intake(Protocol):
    """Takes in what comes over a connection to the event hub; never fails."""

    def take_message(self, message: Message) -> None: ...
