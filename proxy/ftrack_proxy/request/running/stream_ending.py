"""A stream of bytes whose last ones are held back until something has been done."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

from ftrack_proxy.ports import Rest


class StreamEnding:
    """The rest of an answer; ``before_the_end`` is called once, before its last bytes leave or when it is closed.

    Before its last bytes leave, ``recorded`` is awaited, too.
    """

    def __init__(self, rest: Rest, before_the_end: Callable[[], None], recorded: Callable[[], Awaitable[None]]) -> None:
        self._rest = rest
        self._before_the_end = before_the_end
        self._recorded = recorded
        self._has_ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield it piece by piece, one behind."""
        held = b""
        async for piece in self._rest:
            if held:
                yield held
            held = piece
        self._end()
        await self._recorded()
        if held:
            yield held

    def close(self) -> None:
        """Give up what has not been read."""
        self._rest.close()
        self._end()

    def _end(self) -> None:
        if not self._has_ended:
            self._has_ended = True
            self._before_the_end()
