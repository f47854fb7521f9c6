"""Claiming folders: made private, or taken over if they are empty or were ours before; never anybody else's."""

from __future__ import annotations

import errno
import logging
import os
import re
import stat
import tempfile
from pathlib import Path

_log = logging.getLogger(__name__)

MARKER = ".ftrack-proxy"
_WORDS = b"ftrack-proxy keeps its own files here. It takes over no other folder that is not empty.\n"
# What file systems and desktops put into empty folders.
_SYSTEM_FILES = frozenset({"lost+found", ".DS_Store", "Thumbs.db", "desktop.ini", ".snapshot"})
# What versions without a marker wrote.
_UNMARKED = frozenset({"lock", "salt", "results", "coverage.json"})
_SET_ASIDE = "results.set-aside-"
# The name itself is wrong; other errors may pass, or have nothing to do with the setting.
_WRONG_NAME = frozenset({errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL})
_NETWORK = frozenset(
    "9p afs beegfs ceph cifs fuse.glusterfs fuse.sshfs gpfs lustre ncpfs nfs nfs4 smb3 smbfs".split()  # noqa: SIM905
)


class FolderTrouble(OSError):
    """A folder cannot be used; the text says which and why."""


class FolderUnusable(FolderTrouble):
    """It must not be used: it is not ours, or not a folder."""


class FolderUnwritable(FolderTrouble):
    """It cannot be written: a full or read-only disk, or missing rights. The proxy works without it, in memory."""


def claim(path: Path) -> None:
    """Make ``path`` and its missing parents (0700), or take over what is there; the mode of that stays as it is.

    Raises:
        FolderUnusable, FolderUnwritable: see there.
    """
    try:
        path = path.resolve()
        _refuse_shared(path)
        _make(path)
        _refuse_foreign(path)
        _mark(path)
        _try_to_write(path)
    except FolderTrouble:
        raise
    except (OSError, ValueError, RuntimeError) as error:
        raise _trouble(path, error) from None


def _trouble(path: Path, error: Exception) -> FolderTrouble:
    number = getattr(error, "errno", None)
    words = getattr(error, "strerror", None) or error
    if number in (errno.EEXIST, errno.ENOTDIR):
        return FolderUnusable(f"{path} is not a folder")
    if number is None or number in _WRONG_NAME:
        return FolderUnusable(f"cannot use the folder {path}: {words}")
    return FolderUnwritable(f"cannot write to the folder {path}: {words}")


def _refuse_shared(path: Path) -> None:
    # Where a container runs as a user without a name there is none.
    home = Path(os.path.expanduser("~")).resolve()
    temporary = {Path(name).resolve() for name in (tempfile.gettempdir(), "/tmp", "/var/tmp", "/dev/shm")}  # noqa: S108 # nosec B108
    what = None
    if path == Path(path.anchor):
        what = "the top of the file system"
    elif path == home:
        what = "the home folder"
    elif path in temporary:
        what = "the system's folder for temporary files"
    elif path in home.parents:
        what = "above the home folder"
    if what is not None:
        raise FolderUnusable(f"{path} is {what}; a folder of its own is needed, for example {path / 'ftrack-proxy'}")


def _make(path: Path) -> None:
    if path.is_dir():
        return
    missing = [path]
    while not missing[-1].parent.is_dir() and missing[-1].parent != missing[-1]:
        missing.append(missing[-1].parent)
    for folder in reversed(missing):
        try:
            folder.mkdir(mode=0o700)
        except FileExistsError:
            # Another process was faster, or it is not a folder.
            if not folder.is_dir():
                raise


def _refuse_foreign(path: Path) -> None:
    own = f"name a folder of its own, which is made if it is missing, for example {path / 'ftrack-proxy'}"
    if os.name == "posix" and os.geteuid() != 0 and path.stat().st_uid not in (0, os.geteuid()):
        raise FolderUnusable(f"{path} belongs to another user, who could plant answers there; {own}")
    try:
        names = set(os.listdir(path))
    except PermissionError:
        raise FolderUnusable(f"{path} cannot be read, so it is none that ftrack-proxy made; {own}") from None
    foreign = [name for name in sorted(names) if not _is_harmless(name)]
    if foreign and MARKER not in names:
        raise FolderUnusable(
            f"{path} has something else in it ({_few(foreign)}), and ftrack-proxy takes only an empty folder or one "
            f"that it made; {own}"
        )


def _is_harmless(name: str) -> bool:
    return name in _SYSTEM_FILES or name in _UNMARKED or name.startswith((".nfs", _SET_ASIDE))


def _few(names: list[str]) -> str:
    shown = ", ".join(ascii(name)[1:-1] for name in names[:3])
    return shown + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _mark(path: Path) -> None:
    try:
        descriptor = os.open(path / MARKER, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "wb") as file:
        file.write(_WORDS)


def _try_to_write(path: Path) -> None:
    """Permission bits say little for root, on network file systems and on full disks."""
    with tempfile.TemporaryFile(dir=path) as file:
        file.write(bytes(4096))


def warnings_of(path: Path) -> list[str]:
    """Say what is unwise about a claimed folder: it works, but not as well or as safely as another one would."""
    path = path.resolve()
    told = []
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
    except OSError:
        return []
    if os.name == "posix" and mode & 0o022:
        told.append(f"others may write to the folder {path} (mode {mode:o}), and so plant answers: chmod go-w {path}")
    kind = file_system_of(path)
    if kind in _NETWORK:
        told.append(
            f"the folder {path} is on a network file system ({kind}): slow, and for one machine only; name a local one"
        )
    return told


def file_system_of(path: Path, table: Path = Path("/proc/self/mountinfo")) -> str | None:
    """The type of the file system that ``path`` is on, where the system tells (Linux, proc(5))."""
    try:
        lines = table.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    best, kind = -1, None
    for line in lines:
        left, _, right = line.partition(" - ")
        fields, types = left.split(), right.split()
        if len(fields) > 4 and types:
            mount = Path(re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4]))
            # Of several mounts at one place the last one is seen.
            if (mount == path or mount in path.parents) and len(mount.parts) >= best:
                best, kind = len(mount.parts), types[0]
    return kind
