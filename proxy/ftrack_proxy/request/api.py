"""The entry point: a call to the API becomes a reply."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

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
        split = self._splitter.at_hand(call) or await self._splitter.split(call)
        if split.keys:
            at_once = self._reader.at_once(call, split)
            if isinstance(at_once, Reply):
                return at_once
            answered = await self._reader.answer(call, split, at_once)
            if isinstance(answered, Reply):
                return answered
        if split.rewritten is not None:
            call = replace(call, body=split.rewritten, plain=split.rewritten, headers=_of_plain_body(call.headers))
        return await self._forwarder.forward(call, split.batch)


def _of_plain_body(headers: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() != "content-encoding"]
