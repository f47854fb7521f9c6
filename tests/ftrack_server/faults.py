"""Faults that can be put in the way of a request: held, failed, dropped or never answered."""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from typing import Literal

Stage = Literal["before", "after"]
Kind = Literal["hold", "fail", "drop", "hang"]


@dataclasses.dataclass(frozen=True)
class Asked:
    """What a fault can be matched against."""

    path: str
    actions: tuple[str, ...]
    text: str


class Hold:
    """A request that is kept until it is released."""

    def __init__(self) -> None:
        self._reached = threading.Event()
        self._released = threading.Event()
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    @property
    def reached(self) -> bool:
        """Whether a request has come and is (or was) kept."""
        return self._reached.is_set()

    @property
    def released(self) -> bool:
        """Whether the kept request may go on."""
        return self._released.is_set()

    def wait_reached(self, timeout: float = 10) -> None:
        """Block until a request is kept."""
        if not self._reached.wait(timeout):
            raise TimeoutError(f"no request reached the hold within {timeout} s")

    async def reached_async(self, timeout: float = 10) -> None:  # noqa: ASYNC109
        """Like *wait_reached*, without blocking the caller's loop."""
        await asyncio.to_thread(self.wait_reached, timeout)

    def release(self) -> None:
        """Let the kept request go on; a request that comes later is not kept at all."""
        with self._lock:
            self._released.set()
            waiting, self._waiting = self._waiting, []
        for loop, event in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    async def pass_through(self) -> None:
        """Called by the server: report the arrival and wait for the release."""
        event = asyncio.Event()
        with self._lock:
            if self._released.is_set():
                event.set()
            else:
                self._waiting.append((asyncio.get_running_loop(), event))
        self._reached.set()
        await event.wait()


@dataclasses.dataclass
class Fault:
    """One rule: what happens to the next *count* requests that match."""

    kind: Kind
    stage: Stage
    count: int = 1
    path: str = "/api"
    action: str | None = None
    contains: str | None = None
    status: int = 500
    body: bytes = b""
    content_type: str = "text/html"
    gate: Hold = dataclasses.field(default_factory=Hold)

    def matches(self, asked: Asked) -> bool:
        """Whether the rule is meant for this request."""
        return (
            asked.path.startswith(self.path)
            and (self.action is None or self.action in asked.actions)
            and (self.contains is None or self.contains in asked.text)
        )


class FaultBox:
    """The rules in force, oldest first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._gates: list[Hold] = []

    def add(self, fault: Fault) -> Fault:
        """Put a rule in force."""
        with self._lock:
            self._faults.append(fault)
            self._gates.append(fault.gate)
        return fault

    def gate(self, hold: Hold) -> Hold:
        """Let *hold* go together with everything else."""
        with self._lock:
            self._gates.append(hold)
        return hold

    def take(self, asked: Asked) -> list[Fault]:
        """The rules for this request (at most one per stage), each used up by one."""
        taken: dict[Stage, Fault] = {}
        with self._lock:
            for fault in self._faults:
                if fault.stage not in taken and fault.matches(asked):
                    fault.count -= 1
                    taken[fault.stage] = fault
            self._faults = [fault for fault in self._faults if fault.count > 0]
        return list(taken.values())

    def clear(self) -> None:
        """Take all rules back and let everything go that is kept."""
        with self._lock:
            self._faults.clear()
            gates, self._gates = self._gates, []
        for gate in gates:
            gate.release()
