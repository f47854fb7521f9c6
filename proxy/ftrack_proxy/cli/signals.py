"""Signals that ask to stop, on every system."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable
from types import FrameType
from typing import Final

# Windows has no SIGTERM from outside, but Ctrl-Break; an event loop there takes no signal handlers.
_STOPPING: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name))


def on_stop_signals(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    """Have ``call`` made in ``loop`` at every signal that asks to stop. Must be called in the main thread.

    ``loop.add_signal_handler`` would do on Unix alone. A plain handler runs between two steps of the interpreter;
    what it asks of the loop wakes that up.
    """

    def handle(number: int, _frame: FrameType | None) -> None:
        if loop.is_closed():
            # Nobody is left to finish anything.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
        else:
            loop.call_soon_threadsafe(call)

    for number in _STOPPING:
        signal.signal(number, handle)
