"""Stores that cannot be used are set aside for inspection: one at most, and no large one."""

from __future__ import annotations

import os
import shutil
import threading
import time
from pathlib import Path

_LIMIT = 64 * 2**20
_NAME = "set-aside"


def set_aside(store: Path) -> Path:
    """Rename ``store``, be it folder or file, and return its new place."""
    aside = store.with_name(f"{store.name}.{_NAME}-{time.time_ns()}")
    os.replace(store, aside)
    return aside


def tidy(store: Path) -> None:
    """Remove what was set aside, in the background, except for the newest if it is small."""
    names = sorted(store.parent.glob(f"{store.name}.{_NAME}-*"))
    surplus = [name for name in names if name is not names[-1] or _size(name) > _LIMIT]
    if surplus:
        threading.Thread(target=_remove, args=(surplus,), name="tidy", daemon=True).start()


def _remove(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    """Bytes in ``path``; as soon as they are too many, at least that."""
    total = path.lstat().st_size
    for folder, _, files in os.walk(path):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
            if total > _LIMIT:
                return total
    return total
