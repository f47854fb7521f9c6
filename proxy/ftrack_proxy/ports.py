"""What `request` needs from the outside world, as protocols; adapters implement them, `assembly` joins both."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from multidict import CIMultiDict

from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.judging.result import Result
from ftrack_proxy.values.epoch import Epoch


class Clock(Protocol):
    """Seconds that go on while the machine sleeps; only differences mean anything."""

    def __call__(self) -> float: ...


class Rest(Protocol):
    """What has not been read of an answer: it can be read once, raises ``AnswerLost``, and has to be closed."""

    def __aiter__(self) -> AsyncIterator[bytes]: ...
    def close(self) -> None: ...


class Answer(Protocol):
    """An HTTP answer of ftrack's; ``body`` as it came, in its content encoding: all of it if there is no ``rest``."""

    @property
    def status(self) -> int: ...
    @property
    def headers(self) -> CIMultiDict[str]: ...
    @property
    def body(self) -> bytes: ...
    @property
    def rest(self) -> Rest | None: ...


class NotSent(Exception):
    """No connection to ftrack was made: nothing was sent. The text says what went wrong."""


class AnswerLost(Exception):
    """The request went out and no whole answer came back: what it did upstream is unknown."""


@dataclass(slots=True)
class Dispatch:
    """Whether a request has begun to be sent. Until its first byte it can be withdrawn."""

    begun: bool = False
    withdrawn: bool = False

    def withdraw(self) -> bool:
        """Take the request back; false if it has begun."""
        self.withdrawn = not self.begun
        return self.withdrawn


class Upstream(Protocol):
    """Sends API requests and returns the answers, very long ones with a rest; raises ``NotSent`` or ``AnswerLost``."""

    async def ask(
        self, raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, *, accept_encoding: str | None
    ) -> Answer:
        """Send what only reads. It may be sent a second time, if the connection turns out to be closed."""
        ...

    async def write(self, raw_path: str, headers: Sequence[tuple[str, str]], body: bytes, dispatch: Dispatch) -> Answer:
        """Send what may write, at most once, and not at all once it is withdrawn."""
        ...


class Results(Protocol):
    """Stored results by key."""

    def in_memory(self, key: bytes) -> Result | None:
        """Look at a result if that takes no time, without this counting as a use."""
        ...

    async def peek(self, key: bytes) -> Result | None:
        """Look at a result, wherever it is, without this counting as a use."""
        ...

    def use(self, key: bytes, result: Result) -> None:
        """Note that a result that was found is used."""
        ...

    def put(self, key: bytes, result: Result) -> bool: ...


class Coverage(Protocol):
    """Which change feed speaks for whom, and whether it is connected."""

    def position(self, credentials: Credentials) -> tuple[Epoch, bool]:
        """Return (epoch, live) of the feed that sees what these credentials see."""
        ...

    def accepted(self, credentials: Credentials) -> None:
        """Note that ftrack accepted these credentials: a feed of their own may be opened."""
        ...

    async def settled(self, credentials: Credentials) -> None:
        """Wait, briefly and once, for a feed that is making its first connection."""
        ...
