"""A small JSON document in the state folder, replaced as a whole."""

from __future__ import annotations

import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import orjson

_log = logging.getLogger(__name__)


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
    """Replace the document: whoever reads, and however this process ends, it is the old one or the new one.

    Raises:
        OSError: it cannot be written.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=path.name, dir=path.parent)
    with os.fdopen(descriptor, "wb") as file:
        file.write(orjson.dumps(document, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2))
        file.flush()
        os.fsync(file.fileno())
    Path(beside).replace(path)
