"""The log: lines for people or JSON objects for machines, without any text that others sent.

Our own lines hold our own texts only. Lines of libraries may quote a header or an address, so only their place is
shown, and of exceptions only type and place.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import select
import sys
import threading
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from ftrack_proxy.observe.exception_summary import exception_summary

_OURS = "ftrack_proxy"

_log = logging.getLogger(__name__)


def log_text(record: logging.LogRecord) -> str:
    """The text that is shown for a record: one printable line, without texts of libraries."""
    if record.name == _OURS or record.name.startswith(_OURS + "."):
        try:
            text = record.getMessage()
        except (TypeError, ValueError):
            text = f"a message that cannot be shown, from {record.module}:{record.lineno}"
    else:
        text = (
            f"{record.name} reports something from {record.module}:{record.lineno} (texts of libraries are not shown)"
        )
    if record.exc_info and record.exc_info[1] is not None:
        text = f"{text}: {exception_summary(record.exc_info[1])}"
    return "".join(letter if letter.isprintable() else f"\\x{ord(letter):02x}" for letter in text)


class ConsoleFormatter(logging.Formatter):
    """``2026-01-31 12:00:00,123 INFO listening ...``."""

    def format(self, record: logging.LogRecord) -> str:
        return f"{self.formatTime(record)} {record.levelname} {log_text(record)}"


class JsonFormatter(logging.Formatter):
    """One object a line: ``time`` (UTC, ISO 8601), ``level``, ``logger``, ``message``, and the record's ``fields``."""

    def format(self, record: logging.LogRecord) -> str:
        fields: dict[str, Any] = getattr(record, "fields", None) or {}
        when = datetime.fromtimestamp(record.created, UTC)
        return json.dumps(
            {
                "time": when.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "level": record.levelname.lower(),
                "logger": record.name,
                "message": log_text(record),
                **fields,
            },
            default=lambda value: type(value).__name__,
        )


def configure_logging(level: str, form: str) -> None:
    """Log to stderr; ``form`` is ``console`` or ``json``. Warnings and uncaught exceptions are logged, too."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if form == "json" else ConsoleFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    # A line that cannot be written is lost; its text must not be printed instead.
    logging.raiseExceptions = False
    logging.captureWarnings(True)
    sys.unraisablehook = lambda found: _log.error("an object failed while it was finalised: %s", _place(found))
    threading.excepthook = lambda found: _log.error("a thread ended by a fault: %s", exception_summary(found.exc_value))


def write_final_line(message: str) -> None:
    """Write a line without taking any lock, unless that would block: for use just before the process is ended."""
    record = _log.makeRecord(_log.name, logging.WARNING, "", 0, message, (), None)
    handlers = logging.getLogger().handlers
    line = handlers[0].format(record) if handlers else message
    with suppress(OSError, ValueError):
        if os.name == "nt" or select.select([], [2], [], 0)[1]:
            os.write(2, line.encode("utf-8", "replace") + b"\n")


def _place(found: Any) -> str:
    return exception_summary(found.exc_value)


def on_loop_fault(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Replace asyncio's own handler, which logs objects with their contents."""
    task = context.get("task") or context.get("future")
    where = f" in the task {task.get_name()!r}" if isinstance(task, asyncio.Task) else ""
    error = context.get("exception")
    _log.error("the event loop met a fault%s: %s", where, exception_summary(error) or "no exception")
