"""diskcache's cache, restricted to what is safe: bytes only, and no memory mapping."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Any

import diskcache
from diskcache.core import DBNAME, MODE_BINARY, MODE_RAW, UNKNOWN

from ftrack_proxy.store.record import DamagedRecord

# Errors of the moment, which say nothing about the stored data (sqlite.org/rescode.html).
_TRANSIENT = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
    sqlite3.SQLITE_NOMEM,
}
BROKEN = (sqlite3.Error, OSError, ValueError, diskcache.Timeout, TypeError)


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


class Database(diskcache.Cache):  # type: ignore[misc]
    """A cache that one thread of one process uses.

    Nothing of its files is mapped into memory: truncating a mapped file kills the process that has it mapped
    (SIGBUS). That includes the shared index of SQLite's log, which a database with one user does not need.
    """

    def __init__(self, folder: Path, limit: int) -> None:
        super().__init__(
            str(folder),
            disk=_BytesOnly,
            size_limit=limit,
            eviction_policy="least-recently-stored",
            statistics=0,
            sqlite_mmap_size=0,
        )
        # So that damage shows now and not at the first request.
        len(self)

    @property
    def _con(self) -> Any:
        """The connection of this thread; pragmas that have to come before the first access are set here."""
        if getattr(self._local, "con", None) is None:
            self._local.con = sqlite3.connect(
                os.path.join(self._directory, DBNAME), timeout=self._timeout, isolation_level=None
            )
            self._local.pid = os.getpid()
            for setting in ("mmap_size=0", "locking_mode=EXCLUSIVE", "journal_mode=WAL", "synchronous=NORMAL"):
                self._local.con.execute(f"PRAGMA {setting}").fetchall()
        return super()._con


def is_transient(error: Exception) -> bool:
    """Whether ``error`` is about the disk at this moment rather than about the stored data."""
    if isinstance(error, sqlite3.Error):
        code = getattr(error, "sqlite_errorcode", None) or 0
        return code & 0xFF in _TRANSIENT and code != sqlite3.SQLITE_IOERR_SHORT_READ
    return isinstance(error, OSError | diskcache.Timeout)
