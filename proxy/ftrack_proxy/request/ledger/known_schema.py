"""The schema as far as it is known: learned from ftrack's answers, or restored from what an earlier process knew."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable
from typing import Any

import orjson

from ftrack_proxy.observe.exception_summary import exception_summary
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.loader import load_catalogue

_log = logging.getLogger(__name__)


class KnownSchema:
    """The current schema: ``catalogue``, or ``None`` as long as it is not known.

    ``on_change`` is called when ftrack is seen to have another schema than before: nothing that was known by the old
    one counts any more. ``is_confirmed``: ftrack sent the schema to this process; otherwise it is what an earlier one
    knew, or none.
    """

    def __init__(self, on_change: Callable[[], None]) -> None:
        self._on_change = on_change
        self.schema_hash: str | None = None
        self.fingerprint: bytes | None = None
        self.catalogue: Catalogue | None = None
        self.is_confirmed = False

    def learn_server_information(self, entry: Any) -> None:
        """Compare the schema's hash with the one known so far."""
        schema_hash = entry.get("schema_hash") if isinstance(entry, dict) else None
        if not isinstance(schema_hash, str):
            return
        if self.schema_hash not in (None, schema_hash):
            self._forget()
        self.schema_hash = schema_hash

    def learn_schemas(self, entry: Any) -> None:
        """Take a schema document as the current one."""
        fingerprint = _fingerprint(entry)
        if fingerprint == self.fingerprint and self.catalogue is not None:
            self.is_confirmed = True
            return
        try:
            catalogue = load_catalogue(entry)
        except ValueError as error:
            _log.warning(
                "the schema that ftrack sent cannot be read, queries pass through uncached: %s",
                exception_summary(error),
            )
            return
        if self.fingerprint not in (None, fingerprint):
            self._forget()
        self.fingerprint = fingerprint
        self.catalogue = catalogue
        self.is_confirmed = True

    def restore(self, entry: Any, schema_hash: str | None) -> bytes:
        """Go by a document that an earlier process learned, until ftrack has sent one; returns its fingerprint.

        Raises:
            ValueError, TypeError: it is none.
        """
        self.catalogue = load_catalogue(entry)
        self.fingerprint = _fingerprint(entry)
        self.schema_hash = schema_hash if isinstance(schema_hash, str) else None
        return self.fingerprint

    def _forget(self) -> None:
        _log.info("ftrack's schema has changed")
        self.catalogue = None
        self.is_confirmed = False
        self._on_change()


def _fingerprint(document: Any) -> bytes:
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).digest()
