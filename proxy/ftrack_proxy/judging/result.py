"""A cached answer, and the moment a read begins at: what is judged, and up to where."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from ftrack_proxy.values.collation import is_certain_id

# How custom attributes begin, and what shows their key.
_VALUE: Final = b'CustomAttributeValue"'
_KEY: Final = b'"key"'
_UUID: Final = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
# Bytes that are looked through in about a microsecond.
_BYTES_A_STEP: Final = 1_000
# Searches after which the ids in a body are noted; in a longer one only where nobody waits for it.
_OFTEN: Final = 8
_LONG: Final = 2**17
_AT_ONCE: Final = 2**16


@dataclass(frozen=True, slots=True)
class Moment:
    """The moment at which a read (or a fetch) began.

    ``seq`` is the change log's head; ``epoch`` numbers the uninterrupted epoch of the change feed that
    covers the asker, or of its absence; ``live`` tells which of the two; ``at`` is in seconds.
    """

    seq: int
    epoch: int
    live: bool
    at: float


class Proven(Protocol):
    """Anything that is proven good up to a change."""

    good_through: int


@dataclass(slots=True)
class Result:
    """One operation's answer as ftrack sent it, with what is needed to judge it.

    ``families`` are the entity families it looked at, ``None`` for all of them. ``began`` is the start of its
    fetch, taken before the request was sent. ``good_through`` is the newest change it is proven good to: its
    one mutable field. ``max_age`` is in seconds; ``event_invalidated`` results need a live change feed, others rely on
    their age alone. ``durable`` results may be written to disk. ``complete``: the window cut nothing off.
    ``fresh_until``: a change shortly before the fetch may not have reached the server that answered it.
    ``spelling``: the text of the query that it answered first; another one may mean the same.
    ``taken``: what was taken apart from it, which is proven good along with it.
    """

    body: bytes
    http_status: int
    content_type: str
    families: frozenset[str] | None
    began: Moment
    max_age: float
    event_invalidated: bool
    durable: bool
    good_through: int
    complete: bool = False
    fresh_until: float = math.inf
    taken: Proven | None = field(default=None, repr=False)
    spelling: bytes = b""
    _attributes: dict[tuple[str, str], dict[str, Any]] | None = field(default=None, repr=False)
    _ids: frozenset[bytes] | None = field(default=None, repr=False)
    _searched: int = field(default=0, repr=False)

    def prove(self, seq: int) -> None:
        """Note that it is good up to this change."""
        self.good_through = seq
        if self.taken is not None:
            self.taken.good_through = seq

    def attributes(self, read: Any) -> Mapping[tuple[str, str], Mapping[str, Any]]:
        """What the body says of each entity, taken apart by ``read`` once."""
        if self._attributes is None:
            self._attributes = read(self.body)
        return self._attributes

    def mentions(self, identity: str) -> bool:
        """False only if no entity in the body has, or refers to, this id."""
        sought = identity.encode("utf-8", "surrogatepass")
        if self._ids is None and self._searched == _OFTEN and len(self.body) <= _LONG:
            self.note_ids()
        if self._ids is not None and _UUID.fullmatch(sought):
            return sought in self._ids
        self._searched += 1
        return not is_certain_id(identity) or sought in self.body

    def note_ids(self) -> None:
        """Find all ids in the body, once: a search through it for each change takes longer. Tens of milliseconds a
        megabyte, in steps between which other threads have their turn."""
        steps = range(0, len(self.body), _AT_ONCE)
        self._ids = frozenset(found for at in steps for found in _UUID.findall(self.body, at, at + _AT_ONCE + 35))

    @property
    def cost_of_search(self) -> int:
        """Steps of `work` to look for an id."""
        return 1 if self._ids is not None else self.cost_of_reading

    @property
    def cost_of_reading(self) -> int:
        """Steps of `work` to look through the body."""
        return 1 + len(self.body) // _BYTES_A_STEP

    def mentions_text(self, text: str) -> bool:
        """False only if no value in the body is this text; for texts that JSON writes as they are."""
        return not text.isidentifier() or not text.isascii() or b'"%b"' % text.encode() in self.body

    @property
    def tells_keys(self) -> bool:
        """True if the custom attributes in the body show their keys, or there are none."""
        return _KEY in self.body or _VALUE not in self.body

    @property
    def size(self) -> int:
        """Bytes of memory this result stands for, roughly."""
        return len(self.body) * 5 // 4 + 400
