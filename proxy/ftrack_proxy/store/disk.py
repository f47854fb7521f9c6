"""The disk tier: records in a folder, size-bounded, written and read by a thread of its own."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from ftrack_proxy.store.database import BROKEN, Database, is_transient
from ftrack_proxy.store.record import DamagedRecord
from ftrack_proxy.store.set_aside import set_aside, tidy

_log = logging.getLogger(__name__)

# Written beside the store: one of another format is set aside.
FORMAT = 2
_MARKER = f"ftrack-proxy results, format {FORMAT}\n"
# Writes waiting for the thread; beyond it results live in memory only.
_BACKLOG = 2_000
# While there is no store: seconds until the next attempt to have one. Also the shortest time between two warnings.
_PAUSE = 30.0


class DiskTier:
    """Records by key in ``folder``, bounded by ``limit`` bytes; those written longest ago are evicted first.

    A store that cannot be read is set aside (renamed) with a message, and an empty one takes its place. While the
    folder cannot be used or written, there is no store; ``trouble`` says why, and it is retried periodically.
    ``hold`` claims and locks the folder around it, and raises ``OSError`` if that fails. All methods but ``close``
    return at once; work is done by the tier's own thread, in order.
    """

    def __init__(
        self,
        folder: Path,
        limit: int,
        *,
        hold: Callable[[], None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder = folder
        self._limit = limit
        self._hold = hold
        self._clock = clock
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._pending = 0
        self._cache: Database | None = None
        self._identity: tuple[int, int] | None = None
        self._next_attempt = self._next_warning = clock()
        self.trouble: str | None = None
        self.refused = 0
        self._thread.submit(self._store).result()

    def submit(self, key: bytes, record: bytes) -> None:
        """Write a record, in the tier's thread."""
        if self._pending < _BACKLOG:
            self._pending += 1
            self._thread.submit(self._write, key, record)

    def read(self, key: bytes) -> bytes | None:
        """Read a record; runs in the tier's thread (see ``call``)."""
        try:
            store = self._store()
            record = None if store is None else store.get(key)
            if record is not None and not isinstance(record, bytes):
                raise DamagedRecord("not bytes")
        except DamagedRecord as problem:
            self.refuse(key, str(problem))
            return None
        except BROKEN as error:
            self._failed(error)
            return None
        return record

    def refuse(self, key: bytes, problem: str) -> None:
        """Drop a record that cannot be believed, with a message; runs in the tier's thread."""
        self.refused += 1
        _log.warning("a stored result was refused and dropped: %s", problem)
        self.drop(key)

    def drop(self, key: bytes) -> None:
        """Remove a record; runs in the tier's thread."""
        store = self._store()
        try:
            if store is not None:
                store.delete(key)
        except DamagedRecord as problem:
            self._replace(problem)
        except BROKEN as error:
            self._failed(error)

    def measure(self) -> tuple[int, int]:
        """Return (records, bytes on disk); runs in the tier's thread."""
        store = self._store()
        try:
            return (0, 0) if store is None else (len(store), int(store.volume()))
        except BROKEN as error:
            self._failed(error)
            return 0, 0

    @property
    def thread(self) -> ThreadPoolExecutor:
        """The thread that all I/O of this tier runs in."""
        return self._thread

    def close(self) -> None:
        """Write what is waiting, then close. Blocks until done."""
        self._thread.submit(self._closed)
        self._thread.shutdown(wait=True)

    def _write(self, key: bytes, record: bytes) -> None:
        self._pending -= 1
        store = self._store()
        if store is None:
            return
        try:
            store.set(key, record)
            self.trouble = None
        except BROKEN as error:
            self._failed(error)

    # -- having a store

    def _store(self) -> Database | None:
        """The store, opened again if it was deleted; ``None`` while there can be none."""
        if self._cache is not None and _identity(self._folder) == self._identity:
            return self._cache
        if self._cache is not None:
            _log.warning("the store in %s was deleted while in use; an empty one is started", self._folder)
            self._closed()
        elif self._clock() < self._next_attempt:
            return None
        try:
            self._hold()
            self._cache = self._open()
            self._identity = _identity(self._folder)
            self.trouble = None
        except BROKEN as error:
            self._next_attempt = self._clock() + _PAUSE
            self._note(error)
        return self._cache

    def _open(self) -> Database:
        """Open the store that is there, or set it aside and create one."""
        marker = self._folder / "format"
        try:
            if self._folder.exists() and (not marker.is_file() or marker.read_text() != _MARKER):
                raise ValueError("not a store of this program and version")
            return self._create(marker)
        except BROKEN as error:
            if is_transient(error):
                raise
            self._set_aside(error)
            return self._create(marker)

    def _create(self, marker: Path) -> Database:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if not marker.exists():
            marker.write_text(_MARKER)
        tidy(self._folder)
        return Database(self._folder, self._limit)

    def _failed(self, error: Exception) -> None:
        """Keep the store after a transient error; replace it after any other."""
        if is_transient(error):
            self._note(error)
        else:
            self._replace(error)

    def _replace(self, error: Exception) -> None:
        """Put the store aside and go on with an empty one."""
        self._closed()
        try:
            self._set_aside(error)
        except OSError as second:
            self._note(second)
        self._next_attempt = self._clock()
        self._store()

    def _set_aside(self, error: Exception) -> None:
        aside = set_aside(self._folder)
        _log.warning(
            "the store in %s cannot be used (%s); it was set aside as %s and an empty one started",
            self._folder,
            error,
            aside.name,
        )

    def _closed(self) -> None:
        cache, self._cache = self._cache, None
        try:
            if cache is not None:
                cache.close()
        except BROKEN as error:
            _log.debug("closing the store: %s", error)

    def _note(self, error: Exception) -> None:
        """Report a full, read-only or missing disk: results stay in memory meanwhile."""
        self.trouble = f"results are kept in memory only, not in {self._folder.parent}: {error}"
        if self._clock() >= self._next_warning:
            self._next_warning = self._clock() + _PAUSE
            _log.warning("%s", self.trouble)


def _identity(folder: Path) -> tuple[int, int] | None:
    """Tell the database's file from another one at the same place; ``None`` if there is none."""
    try:
        found = os.stat(folder / "cache.db")
    except OSError:
        return None
    return found.st_dev, found.st_ino
