"""The one way in: a call to the API becomes a reply."""

from __future__ import annotations

from ftrack_proxy.request.call import ApiCall, Reply
from ftrack_proxy.request.forward import Forwarder
from ftrack_proxy.request.read import Reader
from ftrack_proxy.request.split import Splitter


class Api:
    """Answers ``POST /api``."""

    def __init__(self, splitter: Splitter, reader: Reader, forwarder: Forwarder) -> None:
        self._splitter = splitter
        self._reader = reader
        self._forwarder = forwarder

    async def answer(self, call: ApiCall) -> Reply:
        """Answer a call: from memory if it is all there, from the store or ftrack if it only reads, else forward."""
        split = self._splitter.split(call)
        if split.keys and split.batch is not None:
            reply = self._reader.at_hand(call, split)
            if reply is None:
                reply = await self._reader.answer(call, split.batch, split)
            if reply is not None:
                return reply
        return await self._forwarder.forward(call, split.batch)
