"""A cached answer: what is judged."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.queries.terms import Terms
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


@dataclass(slots=True)
class Result:
    """One operation's answer as ftrack sent it, with what is needed to judge it.

    ``families`` are the entity families it looked at, ``None`` for all of them. ``validity`` is shared with the
    records of the entities that came in the same answer. ``terms`` are those under which it was fetched; ``durable``:
    this one may be written to disk. ``complete``: the window cut nothing off. ``spelling``: the text of the query that
    it answered first; another one may mean the same.
    """

    body: bytes
    http_status: int
    content_type: str
    families: frozenset[str] | None
    validity: Validity
    terms: Terms
    durable: bool
    complete: bool = False
    spelling: bytes = b""
    _attributes: dict[tuple[str, str], dict[str, Any]] | None = field(default=None, repr=False)
    _ids: frozenset[bytes] | None = field(default=None, repr=False)
    _searched: int = field(default=0, repr=False)

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
