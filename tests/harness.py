"""Run the proxy for tests: in this process (its parts open to inspection), or as the real command."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from yarl import URL

from ftrack_proxy.assembly import Parts, boot_clock, running_proxy
from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.identity.partition import Partition, partition_of
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.settings import Address, Settings
from ftrack_proxy.store.disk import DiskTier
from ftrack_proxy.store.folder import CacheFolder
from tests.plain_http import PATIENCE as PATIENCE
from tests.plain_http import PlainClient

T = TypeVar("T")


def until(condition: Callable[[], T], what: str = "", patience: float = PATIENCE) -> T:
    """Wait for a condition to hold and return its value; fail after ``patience`` seconds."""
    deadline = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience} s in vain for {what or condition}")
        time.sleep(0.005)


def settings_for(upstream: str, folder: Path, **changes: Any) -> Settings:
    """Settings of a proxy for tests: a port of the system's choice, everything below ``folder``."""
    values: dict[str, Any] = {
        "upstream": URL(upstream),
        "listen": Address("127.0.0.1", 0),
        "cache_dir": folder / "cache",
        "state_dir": folder / "state",
        "cache_size": 2**28,
        "memory_size": 2**25,
        "api_user": None,
        "api_key": None,
        "allowed_hosts": (),
        "log_level": "info",
    }
    return Settings(**{**values, **changes})


@dataclass
class SkewedClock:
    """The proxy's clock, which a test can put forward, or stop: nothing comes of age then, however slow the machine."""

    ahead: float = 0.0
    stopped_at: float | None = None

    def stop(self) -> None:
        self.stopped_at = boot_clock()

    def __call__(self) -> float:
        return (boot_clock() if self.stopped_at is None else self.stopped_at) + self.ahead


@dataclass
class LocalProxy:
    """A proxy running in a thread of this process."""

    settings: Settings
    environment: Mapping[str, str] = field(default_factory=dict)
    clock: SkewedClock = field(default_factory=SkewedClock)
    # Seconds by which the time of day was put forward.
    wall_ahead: float = 0.0
    partition_of: Callable[[Principal], Partition] = partition_of
    open_log: Callable[[], ChangeLog] = InMemoryChangeLog

    def __post_init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._stack = contextlib.AsyncExitStack()
        self._parts: Parts | None = None

    def start(self) -> LocalProxy:
        self.folder = CacheFolder(self.settings.cache_dir)
        self.folder.hold()
        self._disk = DiskTier(self.folder.path / "results", self.settings.cache_size, hold=self.folder.hold)
        self._thread.start()
        self._parts = self.run(self._enter())
        return self

    async def _enter(self) -> Parts:
        return await self._stack.enter_async_context(
            running_proxy(
                self.settings,
                self.folder,
                self._disk,
                environment=self.environment,
                clock=self.clock,
                wall=lambda: time.time() + self.wall_ahead,
                partition_of=self.partition_of,
                open_log=self.open_log,
            )
        )

    def stop(self) -> None:
        self.run(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._disk.close()
        self.folder.close()

    def __enter__(self) -> LocalProxy:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine in the proxy's loop and wait for it."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(PATIENCE)

    def inside(self, function: Callable[[], T]) -> T:
        """Call a function in the proxy's loop, where its state may be touched."""
        outcome: concurrent.futures.Future[T] = concurrent.futures.Future()

        def call() -> None:
            try:
                outcome.set_result(function())
            except BaseException as error:
                outcome.set_exception(error)

        self._loop.call_soon_threadsafe(call)
        return outcome.result(PATIENCE)

    @property
    def parts(self) -> Parts:
        assert self._parts is not None
        return self._parts

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.parts.port}"

    def status(self) -> dict[str, Any]:
        return status_of(self.url)

    def wait_for_feed(self) -> None:
        """Wait until the principal feed is connected."""
        until(lambda: self.status()["feed"]["connected"], "the change feed")


def status_of(url: str) -> dict[str, Any]:
    """Read ``/-/status``."""
    client = PlainClient(url)
    try:
        document: dict[str, Any] = client.request("GET", "/-/status", None, {}).json()
        return document
    finally:
        client.close()


class ProxyCommand:
    """The ``ftrack-proxy serve`` command as a process of its own."""

    def __init__(self, upstream: str, folder: Path, *arguments: str, **environment: str) -> None:
        self.arguments = (
            sys.executable, "-m", "ftrack_proxy", "serve", "--upstream", upstream, "--listen", "127.0.0.1:0",
            "--cache-dir", str(folder / "cache"), "--state-dir", str(folder / "state"), *arguments,
        )  # fmt: skip
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FTRACK_", "XDG_"))}
        self.environment = {**inherited, "HOME": str(folder), **environment}
        self.log: list[str] = []
        self.url = ""

    def start(self) -> ProxyCommand:
        self.process = subprocess.Popen(
            self.arguments, env=self.environment, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
        )
        self._reader = threading.Thread(target=self._read_log, daemon=True)
        self._reader.start()
        self.url = until(self._announced, "the proxy to listen")
        return self

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.log.append(line.rstrip())

    def _announced(self) -> str:
        assert self.process.poll() is None, f"the proxy ended: {self.log}"
        found = [m[1] for line in list(self.log) if (m := re.search(r"listening on (http://\S+)", line))]
        return found[0] if found else ""

    def stop(self, number: int = signal.SIGTERM, patience: float = PATIENCE) -> int:
        """Send a signal and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(patience)
        self._reader.join(PATIENCE)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def kill(self) -> None:
        """As kill -9 does."""
        self.stop(signal.SIGKILL)

    def __enter__(self) -> ProxyCommand:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop(signal.SIGKILL)

    def status(self) -> dict[str, Any]:
        return status_of(self.url)

    def wait_for_feed(self) -> None:
        until(lambda: self.status()["feed"]["connected"], "the change feed")


@contextlib.contextmanager
def in_background(function: Callable[[], T]) -> Iterator[concurrent.futures.Future[T]]:
    """Run a blocking call in a thread; the future has its outcome."""
    with concurrent.futures.ThreadPoolExecutor(1) as thread:
        yield thread.submit(function)
