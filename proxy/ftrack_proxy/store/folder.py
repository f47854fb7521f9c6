"""The cache folder: locked by one process, and with the salt of its identities in it."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

import filelock

from ftrack_proxy.store.claim import FolderTrouble, FolderUnwritable, claim

_SALT_SIZE = 32


class FolderInUse(FolderTrouble):
    """Another process holds the folder."""


class CacheFolder:
    """A cache folder of ours. Its lock is held until ``close`` or the end of the process.

    Before ``hold`` has succeeded nothing is locked, and ``salt`` is a temporary one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.salt = secrets.token_bytes(_SALT_SIZE)
        self._lock: filelock.BaseFileLock | None = None
        self._locked: tuple[int, int] | None = None

    def hold(self) -> None:
        """Make sure that the folder exists and is locked by us, also if it was deleted since.

        Raises:
            FolderUnusable: it is not ours, and must not be used.
            FolderUnwritable: it cannot be written now.
            FolderInUse: another proxy works on it.
        """
        file = self.path / "lock"
        if self._locked is not None and _identity(file) == self._locked:
            return
        self.close()
        claim(self.path)
        # The lock is taken in one thread and released in another.
        lock = filelock.FileLock(file, blocking=False, thread_local=False)
        try:
            lock.acquire()
            self._lock, self._locked = lock, _identity(file)
            self.salt = _kept_salt(self.path / "salt", self.salt)
        except filelock.Timeout:
            raise FolderInUse(
                f"the cache folder {self.path} is in use by another ftrack-proxy; stop that one, or give this one a "
                "folder of its own"
            ) from None
        except (OSError, NotImplementedError) as error:
            self.close()
            words = getattr(error, "strerror", None) or error
            raise FolderUnwritable(f"cannot write to the folder {self.path}: {words}") from None

    def close(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            self._lock.release()
        self._lock = self._locked = None


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _kept_salt(path: Path, new: bytes) -> bytes:
    """Return the salt in the file, or write ``new`` there: results of identities under an unreadable salt are never
    found again."""
    try:
        salt = path.read_bytes()
    except FileNotFoundError:
        salt = b""
    if len(salt) == _SALT_SIZE:
        return salt
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(new)
    return new
