"""Seeing to it that the schema is known: asked for in the background, and kept for the next start."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.values.bounded_map import BoundedMap

_log = logging.getLogger(__name__)

Ask = Callable[[], Awaitable[Any]]
"""Asks ftrack for the decoded document; ``None`` if it cannot be had."""

# Seconds, once in the life of a process, in which the very first queries wait for the document.
_GRACE = 0.5
# Seconds after which an attempt is given up.
_PATIENCE = 120.0
# Seconds before the next attempt with the same credentials: doubled each time, up to the last.
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 300.0
# Attempts at the same time, each with other credentials: some may hang or be refused.
_AT_ONCE = 4
_MOST_REMEMBERED = 1_000
_FORMAT = 1


class SchemaSource:
    """Asks for the schema with the credentials of the clients that come, until ftrack has confirmed one.

    Nobody waits for it. ``save`` blocks, is called in a thread, and gets the document for the next start, which
    belongs to the server at ``upstream``.
    """

    def __init__(
        self, schema: KnownSchema, counters: Counters, upstream: str, save: Callable[[dict[str, Any]], None]
    ) -> None:
        self._schema = schema
        self._counters = counters
        self._upstream = upstream
        self._save = save
        self._saved: bytes | None = None
        self._attempts: dict[Principal, asyncio.Task[None]] = {}
        # When to try again with whose credentials, and the pause after that.
        self._pauses: BoundedMap[Principal, tuple[float, float]] = BoundedMap(_MOST_REMEMBERED)
        self._grace_ends: float | None = None
        self._keeping: set[asyncio.Task[None]] = set()

    def restore(self, stored: Any) -> None:
        """Go by what an earlier process kept, until ftrack confirms it or sends another."""
        if not isinstance(stored, dict) or stored.get("format") != _FORMAT or stored.get("upstream") != self._upstream:
            return
        try:
            self._saved = self._schema.restore(stored["document"], stored["schema_hash"])
        except (KeyError, ValueError, TypeError) as error:
            _log.warning("the schema that was kept cannot be read, ftrack is asked for it: %s", type(error).__name__)

    def seek(self, asker: Principal, ask: Ask) -> None:
        """Ask for the schema in the background, if it is not known and this asker has not just asked in vain."""
        if self._schema.is_confirmed or asker in self._attempts or len(self._attempts) >= _AT_ONCE:
            return
        now = asyncio.get_running_loop().time()
        again, _ = self._pauses.peek(asker) or (0.0, _FIRST_PAUSE)
        if now < again:
            return
        if self._grace_ends is None:
            self._grace_ends = now + _GRACE
        self._attempts[asker] = asyncio.create_task(self._attempt(asker, ask), name="ask for the schema")

    async def grace(self) -> None:
        """Wait for the schema for a moment at the very start, so that the first answers can be kept already."""
        left = (self._grace_ends or 0.0) - asyncio.get_running_loop().time()
        if self._schema.catalogue is None and self._attempts and left > 0:
            await asyncio.wait(self._attempts.values(), timeout=left, return_when=asyncio.FIRST_COMPLETED)

    async def close(self) -> None:
        """Give up what is under way, but finish what is being written."""
        for attempt in (attempts := list(self._attempts.values())):
            attempt.cancel()
        await asyncio.gather(*attempts, *self._keeping, return_exceptions=True)

    def learn(self, document: Any) -> None:
        """Go by a document that ftrack has just sent, and keep it; ``None`` if it did not."""
        if document is None:
            return
        self._schema.learn_schemas(document)
        if self._schema.is_confirmed:
            self._pauses.clear()
            keeping = asyncio.create_task(self._keep(document), name="keep the schema")
            self._keeping.add(keeping)
            keeping.add_done_callback(self._keeping.discard)

    async def _attempt(self, asker: Principal, ask: Ask) -> None:
        try:
            async with asyncio.timeout(_PATIENCE):
                self.learn(await ask())
        except TimeoutError:
            pass
        except Exception as error:
            note_fault(self._counters, "asking for the schema", error)
        finally:
            del self._attempts[asker]
        if not self._schema.is_confirmed:
            self._pause(asker)

    def _pause(self, asker: Principal) -> None:
        """Leave ftrack alone for a while, for longer each time."""
        _, pause = self._pauses.peek(asker) or (0.0, _FIRST_PAUSE)
        again = asyncio.get_running_loop().time() + pause
        self._pauses.put(asker, (again, min(2 * pause, _LONGEST_PAUSE)))

    async def _keep(self, document: Any) -> None:
        """Write the document down, if it is not yet. Where that fails, the next start asks for it again."""
        fingerprint, schema_hash = self._schema.fingerprint, self._schema.schema_hash
        if fingerprint is None or fingerprint == self._saved:
            return
        stored = {"format": _FORMAT, "upstream": self._upstream, "schema_hash": schema_hash, "document": document}
        try:
            await asyncio.to_thread(self._save, stored)
        except OSError:
            return  # Said where it is written.
        except Exception as error:
            note_fault(self._counters, "keeping the schema", error)
            return
        self._saved = fingerprint
