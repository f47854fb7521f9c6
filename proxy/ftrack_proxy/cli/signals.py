"""Signals that ask to stop, on every system."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Final

# Windows has no SIGTERM from outside, but Ctrl-Break; an event loop there takes no signal handlers.
_STOPPING: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGBREAK") if hasattr(signal, name))


class StopSignals:
    """The first signal asks to stop; the second, or the end of the time that stopping may take, forces the end.

    ``force`` is called with the first signal's or the second one's number and ends the process: from a signal handler
    or a thread, even if everything else hangs.
    """

    def __init__(self, timeout: float, force: Callable[[int, str], None]) -> None:
        self._timeout = timeout
        self._force = force
        self._first: int | None = None
        self._asked = threading.Event()

    def install(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        """Have ``call`` made in ``loop`` at the first signal. Must be called in the main thread.

        ``loop.add_signal_handler`` would do on Unix alone. A plain handler runs between two steps of the interpreter;
        what it asks of the loop wakes that up.
        """

        def handle(number: int, _frame: FrameType | None) -> None:
            if self._first is not None or loop.is_closed():
                self._force(number, "stopped at once, by a second signal; what was in progress is cut off")
                return
            self._first = number
            self._asked.set()
            loop.call_soon_threadsafe(call)

        # A thread that is there already: a signal handler cannot safely begin one.
        threading.Thread(target=self._watch, name="stop deadline", daemon=True).start()
        for number in _STOPPING:
            signal.signal(number, handle)

    def _watch(self) -> None:
        self._asked.wait()
        time.sleep(self._timeout)
        assert self._first is not None
        self._force(
            self._first,
            f"stopped after {self._timeout:g} s (stop_timeout), though something did not end; a disk that hangs?",
        )
