"""An answer as far as it is read into memory, and the rest of one that is too long for that."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import aiohttp
from multidict import CIMultiDict

from ftrack_proxy.ports import AnswerLost
from ftrack_proxy.request.running.body_memory import BodyMemory, Lease

_CHUNK = 2**18


class UpstreamRest:
    """What has not been read of an answer: it comes as fast as it is taken, and once.

    Its connection is closed with it, at the latest when nobody holds it any more; ``when_closed`` is called then.
    ``message_of`` says what went wrong.
    """

    def __init__(self, response: aiohttp.ClientResponse, message_of: Callable[[BaseException], str]) -> None:
        self._response = response
        self._message_of = message_of
        self._is_open = True
        self.when_closed: Callable[[], object] | None = None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield it piece by piece.

        Raises:
            AnswerLost: it does not come to its end.
        """
        try:
            async for chunk in self._response.content.iter_chunked(_CHUNK):
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise AnswerLost(self._message_of(error)) from None

    def close(self) -> None:
        """Give up what has not been read; its connection is closed."""
        if self._is_open:
            self._is_open = False
            self._response.close()
            if self.when_closed is not None:
                self.when_closed()

    def __del__(self) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class UpstreamAnswer:
    """An answer. ``body`` is as it came, in its content encoding: all of it, or, if there is a ``rest``, its beginning.

    ``lease`` is the memory that it takes.
    """

    status: int
    reason: str
    headers: CIMultiDict[str]
    body: bytes
    rest: UpstreamRest | None = None
    lease: Lease | None = None


class AnswerIntake:
    """Reads answers of up to ``limit`` bytes into memory, all together no more than ``room`` has."""

    def __init__(self, limit: int, room: BodyMemory) -> None:
        self._limit = limit
        self._room = room

    async def body(self, response: aiohttp.ClientResponse) -> tuple[bytes, Lease, bool]:
        """Read as much of a body as there is room for, and tell whether that was all."""
        lease, pieces = Lease(self._room), bytearray()
        if (response.content_length or 0) > self._limit:
            return b"", lease, False
        while piece := await response.content.readany():
            pieces += piece
            if len(pieces) > self._limit or not lease.covers(len(pieces)):
                return bytes(pieces), lease, response.content.at_eof()
        return bytes(pieces), lease, True
