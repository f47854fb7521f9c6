"""The disk tier: records in a folder, size-bounded, written and read by a thread of its own."""

from __future__ import annotations

import logging
import os
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import diskcache
from diskcache.core import MODE_BINARY, MODE_RAW, UNKNOWN

from ftrack_proxy.store.record import DamagedRecord

_log = logging.getLogger(__name__)

# Part of the folder's name: a store written by another version is simply not looked at.
FORMAT = 1
_MARKER = f"ftrack-proxy results, format {FORMAT}\n"
# Writes waiting for the thread; beyond it results live in memory only.
_BACKLOG = 2_000
_BROKEN = (sqlite3.Error, OSError, ValueError, diskcache.Timeout, TypeError)

T = TypeVar("T")


class _BytesOnly(diskcache.Disk):  # type: ignore[misc]
    """Stores and returns bytes. A value or key that would have to be unpickled is refused, whoever put it there."""

    def put(self, key: Any) -> Any:
        if not isinstance(key, bytes):
            raise TypeError("keys are bytes")
        return super().put(key)

    def get(self, key: Any, raw: bool) -> Any:
        if not raw:
            raise DamagedRecord("a key that is not plain bytes")
        return super().get(key, raw)

    def store(self, value: Any, read: bool, key: Any = UNKNOWN) -> Any:
        if read or not isinstance(value, bytes):
            raise TypeError("values are bytes")
        return super().store(value, read, key=key)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode not in (MODE_RAW, MODE_BINARY):
            raise DamagedRecord("a value that is not plain bytes")
        return super().fetch(mode, filename, value, read)


class DiskTier:
    """Records by key in ``folder``, bounded by ``limit`` bytes; the longest unwritten given up first.

    A store that cannot be read is set aside (renamed) with a message, and an empty one takes its place. All
    methods but ``close`` return at once; work is done by the tier's own thread, in order.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="store")
        self._pending = 0
        self.trouble: str | None = None
        self.refused = 0
        self._cache = self._thread.submit(self._open).result()

    def submit(self, key: bytes, record: bytes) -> None:
        """Write a record, some time soon."""
        if self._pending < _BACKLOG:
            self._pending += 1
            self._thread.submit(self._written, key, record)

    def read(self, key: bytes) -> bytes | None:
        """Read a record; runs in the tier's thread (see ``call``)."""
        try:
            record = self._cache.get(key)
            if record is not None and not isinstance(record, bytes):
                raise DamagedRecord("not bytes")
        except DamagedRecord as problem:
            self.refuse(key, str(problem))
            return None
        except _BROKEN as error:
            self._replace(error)
            return None
        return record

    def refuse(self, key: bytes, problem: str) -> None:
        """Drop a record that cannot be believed, with a message; runs in the tier's thread."""
        self.refused += 1
        _log.warning("a stored result was refused and dropped: %s", problem)
        try:
            self._cache.delete(key)
        except (DamagedRecord, *_BROKEN) as error:
            self._replace(error)

    def drop(self, key: bytes) -> None:
        """Remove a record; runs in the tier's thread."""
        try:
            self._cache.delete(key)
        except (DamagedRecord, *_BROKEN) as error:
            self._replace(error)

    def measure(self) -> tuple[int, int]:
        """Return (records, bytes on disk); runs in the tier's thread."""
        try:
            return len(self._cache), int(self._cache.volume())
        except _BROKEN as error:
            self._replace(error)
            return 0, 0

    @property
    def thread(self) -> ThreadPoolExecutor:
        """The thread that all I/O of this tier runs in."""
        return self._thread

    def close(self) -> None:
        """Write what is waiting, then close. Blocks until done."""
        self._thread.submit(lambda: self._cache.close())
        self._thread.shutdown(wait=True)

    def _written(self, key: bytes, record: bytes) -> None:
        self._pending -= 1
        try:
            self._cache.set(key, record)
            self.trouble = None
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):
                self._note(error)
            else:
                self._replace(error)
        except _BROKEN as error:
            self._note(error)

    def _note(self, error: Exception) -> None:
        """A full or read-only disk: results stay in memory, and the status says so."""
        if self.trouble is None:
            _log.warning("cannot write to the cache folder, results are kept in memory only: %s", error)
        self.trouble = f"cache folder not writable: {error}"

    def _open(self) -> Any:
        marker = self._folder / "format"
        try:
            if self._folder.exists() and (not marker.is_file() or marker.read_text() != _MARKER):
                raise ValueError("not a store of this program and version")
            return self._opened(marker)
        except _BROKEN as error:
            self._set_aside(error)
            return self._opened(marker)

    def _opened(self, marker: Path) -> Any:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        marker.write_text(_MARKER)
        return guarded_open(
            lambda: diskcache.Cache(
                str(self._folder),
                disk=_BytesOnly,
                size_limit=self._limit,
                eviction_policy="least-recently-stored",
                statistics=0,
            )
        )

    def _replace(self, error: Exception) -> None:
        """The store broke under us: put it aside and go on with an empty one."""
        try:
            self._cache.close()
            self._set_aside(error)
            self._cache = self._opened(self._folder / "format")
        except _BROKEN as second:
            self._note(second)

    def _set_aside(self, error: Exception) -> None:
        aside = self._folder.with_name(f"{self._folder.name}.set-aside-{time.time_ns()}")
        os.replace(self._folder, aside)
        _log.warning(
            "the store in %s cannot be used (%s); it was set aside as %s and an empty one started",
            self._folder,
            error,
            aside.name,
        )


def guarded_open(build: Callable[[], T]) -> T:
    """Open a store and touch it, so that damage shows now and not at the first request."""
    cache = build()
    len(cache)  # type: ignore[arg-type]
    return cache
