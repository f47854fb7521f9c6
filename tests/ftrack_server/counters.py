"""What the simulated server was asked: counters, a request log, and waiting for either to change."""

from __future__ import annotations

import dataclasses
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

READ_ACTIONS = frozenset(
    {
        "query",
        "search",
        "query_server_information",
        "query_schemas",
        "get_widget_url",
        "get_upload_metadata",
        "generate_signed_url",
        "compute_rollups",
        "permissions",
        "_authorize_operation",
    }
)


class Board:
    """A lock with a bell: state is changed under it, and whoever waits for a condition is woken."""

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.RLock())
        self._version = 0

    @contextmanager
    def change(self) -> Iterator[None]:
        """Change state; waiters look again afterwards."""
        with self._condition:
            yield
            self._version += 1
            self._condition.notify_all()

    @contextmanager
    def read(self) -> Iterator[None]:
        """Look at state without changing it."""
        with self._condition:
            yield

    def wait_for(self, predicate: Callable[[], Any], timeout: float, what: str = "the condition") -> Any:
        """Return the first true value of *predicate*; TimeoutError when there is none in time.

        The predicate runs without the lock: it may itself ask the server's loop.
        """
        deadline = time.monotonic() + timeout
        while True:
            version = self._version
            value = predicate()
            if value:
                return value
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{what} did not come true within {timeout} s")
            with self._condition:
                if version == self._version:
                    # Predicates may look at state from elsewhere, hence the upper bound.
                    self._condition.wait(min(left, 0.05))


@dataclasses.dataclass(frozen=True)
class Record:
    """One request as it arrived and how it was answered (status None: not answered)."""

    method: str
    raw_path: str
    headers: Mapping[str, str]
    body: bytes
    status: int | None


@dataclasses.dataclass(frozen=True)
class Counters:
    """A snapshot of what was asked since the last reset."""

    requests: int = 0
    api_requests: int = 0
    operations: Counter[str] = dataclasses.field(default_factory=Counter)
    queries: int = 0
    writes: int = 0
    expressions: list[str] = dataclasses.field(default_factory=list)
    handshakes: int = 0
    sockets: int = 0
    downloads: int = 0
    uploads: int = 0
    component_removes: int = 0

    def as_dict(self) -> dict[str, Any]:
        """The snapshot as plain JSON values."""
        return {**vars(self), "operations": dict(self.operations)}


class Ledger:
    """The running counts and the request log."""

    def __init__(self, board: Board, keep: int = 20_000) -> None:
        self._board = board
        self._numbers: Counter[str] = Counter()
        self._operations: Counter[str] = Counter()
        self._expressions: deque[str] = deque(maxlen=keep)
        self._records: deque[Record] = deque(maxlen=keep)
        self._sockets = 0

    def add(self, name: str, by: int = 1) -> None:
        """Count one more of *name*."""
        with self._board.change():
            self._numbers[name] += by

    def socket(self, change: int) -> None:
        """A hub socket opened (1) or closed (-1)."""
        with self._board.change():
            self._sockets += change

    def batch(self, operations: object) -> None:
        """Count the operations of one API request."""
        with self._board.change():
            self._numbers["api_requests"] += 1
            for operation in operations if isinstance(operations, list) else [operations]:
                self._operation(operation)

    def _operation(self, operation: object) -> None:
        if not isinstance(operation, dict):
            return
        action = str(operation.get("action"))
        self._operations[action] += 1
        if action in ("query", "search"):
            self._numbers["queries"] += 1
            self._expressions.append(str(operation.get("expression")))
        elif action not in READ_ACTIONS:
            self._numbers["writes"] += 1

    def record(self, record: Record) -> None:
        """Remember one finished request."""
        with self._board.change():
            self._records.append(record)

    def snapshot(self) -> Counters:
        """All counts as they stand now."""
        with self._board.read():
            return Counters(
                operations=Counter(self._operations),
                expressions=list(self._expressions),
                sockets=self._sockets,
                **{
                    name: self._numbers[name]
                    for name in (
                        "requests",
                        "api_requests",
                        "queries",
                        "writes",
                        "handshakes",
                        "downloads",
                        "uploads",
                        "component_removes",
                    )
                },
            )

    def records(self) -> list[Record]:
        """The request log, oldest first."""
        with self._board.read():
            return list(self._records)

    def reset(self) -> None:
        """Forget everything but the number of open sockets."""
        with self._board.change():
            self._numbers.clear()
            self._operations.clear()
            self._expressions.clear()
            self._records.clear()
