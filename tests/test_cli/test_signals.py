"""Stopping on a system whose event loop takes no signal handlers, as that of Windows does not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ftrack_proxy.cli.signals import on_stop_signals
from tests.harness import PATIENCE


@pytest.fixture
def handlers() -> Iterator[None]:
    """The handlers of this process are put back after the test."""
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


class LoopWithoutSignals(asyncio.SelectorEventLoop):
    def add_signal_handler(self, *_: object) -> None:
        raise NotImplementedError


@pytest.mark.usefixtures("handlers")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_waiting_loop_is_told_of_each_signal(number: signal.Signals) -> None:
    loop = LoopWithoutSignals()

    async def told_twice() -> None:
        told: asyncio.Queue[None] = asyncio.Queue()
        on_stop_signals(loop, lambda: told.put_nowait(None))
        for _ in range(2):
            loop.call_later(0.01, os.kill, os.getpid(), number)
            async with asyncio.timeout(PATIENCE):
                await told.get()

    try:
        loop.run_until_complete(told_twice())
    finally:
        loop.close()


_AFTER_THE_LOOP = """
import asyncio, os, signal
from ftrack_proxy.cli.signals import on_stop_signals
loop = asyncio.new_event_loop()
on_stop_signals(loop, lambda: None)
loop.close()
os.kill(os.getpid(), signal.SIGTERM)
"""


def test_when_the_loop_is_over_a_signal_ends_the_process() -> None:
    done = subprocess.run([sys.executable, "-c", _AFTER_THE_LOOP], capture_output=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (-signal.SIGTERM, b"")


_WITHOUT_SIGNALS = """
import asyncio, sys
def refuse(*_): raise NotImplementedError
asyncio.unix_events._UnixSelectorEventLoop.add_signal_handler = refuse
sys.argv[0] = "ftrack-proxy"
from ftrack_proxy.cli.main import main
main()
"""


def test_serve_starts_and_stops_where_the_loop_takes_no_handlers(tmp_path: object) -> None:
    arguments = ("serve", "--upstream", "http://127.0.0.1:9", "--listen", "127.0.0.1:0")
    folders = ("--cache-dir", f"{tmp_path}/cache", "--state-dir", f"{tmp_path}/state")
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FTRACK_", "XDG_"))}
    process = subprocess.Popen(
        [sys.executable, "-c", _WITHOUT_SIGNALS, *arguments, *folders],
        env={**inherited, "HOME": str(tmp_path)},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    seen = []
    for line in process.stderr:
        seen.append(line)
        if "listening on" in line:
            process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE) == 0, seen
    assert "stopped" in seen[-1]
    process.stderr.close()
