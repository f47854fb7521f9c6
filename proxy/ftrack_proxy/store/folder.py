"""The cache folder: private, locked by one process, and with the salt of its identities in it."""

from __future__ import annotations

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

import filelock

_SALT_SIZE = 32


class FolderUnusable(Exception):
    """The folder cannot be used; the text says why and the way out."""


class FolderInUse(Exception):
    """Another process holds the folder; the text says the way out."""


@dataclass(frozen=True, slots=True)
class CacheFolder:
    """An opened cache folder. Its lock is held until ``close``, or until the process ends however it ends."""

    path: Path
    salt: bytes
    _lock: filelock.BaseFileLock

    def close(self) -> None:
        """Give the folder back."""
        self._lock.release()


def open_folder(path: Path) -> CacheFolder:
    """Make (mode 0700) or take over ``path``.

    Raises:
        FolderUnusable: it cannot be made, written, or made private.
        FolderInUse: another proxy works on it.
    """
    make_private(path)
    lock = filelock.FileLock(path / "lock", blocking=False)
    try:
        lock.acquire()
    except filelock.Timeout:
        raise FolderInUse(
            f"the cache folder {path} is in use by another ftrack-proxy; stop that one, or give this one a "
            "folder of its own"
        ) from None
    except OSError as error:
        raise FolderUnusable(_unusable(path, error)) from None
    try:
        return CacheFolder(path, _read_salt(path / "salt"), lock)
    except OSError as error:
        lock.release()
        raise FolderUnusable(_unusable(path, error)) from None


def make_private(path: Path) -> None:
    """Create ``path`` if needed and let nobody but its owner in.

    Raises:
        FolderUnusable: with the reason and the way out.
    """
    if path in (Path(path.anchor), Path.home()):
        raise FolderUnusable(f"{path} is no folder of its own")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if stat.S_IMODE(path.stat().st_mode) != 0o700:
            path.chmod(0o700)
    except FileExistsError:
        raise FolderUnusable(f"{path} is not a folder") from None
    except OSError as error:
        raise FolderUnusable(_unusable(path, error)) from None
    if not os.access(path, os.R_OK | os.W_OK | os.X_OK):
        raise FolderUnusable(f"cannot write to the folder {path}")


def _unusable(path: Path, error: OSError) -> str:
    return f"cannot use the folder {path}: {error.strerror or error}"


def _read_salt(path: Path) -> bytes:
    """Read the salt, or make a new one: results of identities under an unreadable salt are never found again."""
    try:
        salt = path.read_bytes()
    except FileNotFoundError:
        salt = b""
    if len(salt) == _SALT_SIZE:
        return salt
    salt = secrets.token_bytes(_SALT_SIZE)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(salt)
    return salt
