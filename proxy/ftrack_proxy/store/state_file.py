"""Small JSON documents in the state folder, each replaced as a whole."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import orjson

from ftrack_proxy.store.claim import claim

_log = logging.getLogger(__name__)


class StateFolder:
    """The folder for what must outlive the cache. ``trouble`` says why it cannot be written, if it cannot."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.trouble: str | None = None
        try:
            claim(path)
        except OSError as error:
            self._note(error)

    def read(self, name: str) -> Any:
        """Return a document; ``None`` if there is none or it cannot be read."""
        return read_state(self._path / name)

    def write(self, name: str, document: Any) -> None:
        """Replace a document.

        Raises:
            OSError: it cannot be written; ``trouble`` says so, too.
        """
        try:
            write_state(self._path / name, document)
        except OSError as error:
            self._note(error)
            raise
        self.trouble = None

    def _note(self, error: OSError) -> None:
        if self.trouble is None:
            _log.warning("what was learned is not kept for the next start: %s", error)
        self.trouble = f"what was learned is not kept for the next start: {error}"


def read_state(path: Path) -> Any:
    """Return the document; ``None`` if there is none or it cannot be read."""
    try:
        return orjson.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        _log.warning("%s cannot be read and is begun anew: %s", path, error)
        return None


def write_state(path: Path, document: Any) -> None:
    """Replace the document: atomically, so a reader always finds the old one or the new one.

    Raises:
        OSError: it cannot be written, or its folder is none of ours.
    """
    claim(path.parent)
    descriptor, beside = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        Path(beside).replace(path)
    except BaseException:
        Path(beside).unlink(missing_ok=True)
        raise
