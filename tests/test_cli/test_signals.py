"""Stopping on a system whose event loop takes no signal handlers, as that of Windows does not."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from ftrack_proxy.cli.signals import StopSignals
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
def test_a_waiting_loop_is_told_of_the_first_signal_and_the_second_forces(number: signal.Signals) -> None:
    loop, forced = LoopWithoutSignals(), []

    async def told_and_forced() -> None:
        told: asyncio.Queue[None] = asyncio.Queue()
        signals = StopSignals(PATIENCE * 10, lambda *said: forced.append(said))
        signals.install(loop, lambda: told.put_nowait(None))
        for _ in range(2):
            os.kill(os.getpid(), number)
        async with asyncio.timeout(PATIENCE):
            await told.get()
        assert told.empty()

    try:
        loop.run_until_complete(told_and_forced())
    finally:
        loop.close()
    assert [number for number, _ in forced] == [number]


_BLOCKED = """
import asyncio, os, signal, threading
from ftrack_proxy.cli.signals import StopSignals
loop = asyncio.new_event_loop()
StopSignals({timeout}, lambda number, why: (print(why, flush=True), os._exit(128 + number))).install(loop, lambda: None)
for _ in range({signals}):
    os.kill(os.getpid(), signal.SIGTERM)
threading.Event().wait()
"""


@pytest.mark.parametrize(("timeout", "signals", "said"), [(0.1, 1, "0.1 s"), (1000, 2, "second signal")])
def test_a_loop_that_hangs_is_ended_by_the_deadline_or_a_second_signal(timeout: float, signals: int, said: str) -> None:
    script = _BLOCKED.format(timeout=timeout, signals=signals)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stderr) == (128 + signal.SIGTERM, b"")
    assert said in done.stdout.decode()


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
