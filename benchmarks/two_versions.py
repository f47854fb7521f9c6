"""What a hit, a miss and their like cost in two versions of the proxy, alternating in one run.

python -m benchmarks.two_versions OLD [NEW] [--seconds 20]

OLD and NEW are the Python interpreters of two environments in which a version is installed; NEW is this one if it is
not given. Both proxies stand before the same simulated ftrack and get the same requests in turns of half a second, so
that whatever else the machine does meets both alike. Processor time is that of the proxy's process alone.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import ProxyCommand

PLAN = ProductionPlan(sequences=5, shots=20, tasks=5, assets=0)
TURN = 0.5
TICK = os.sysconf("SC_CLK_TCK")
SHOWN = ("name", "status_id", "type_id", "parent_id", "priority_id", "description", "bid", "start_date", "end_date")
LISTED = f"select {', '.join(SHOWN)} from Task"


@dataclass
class Version:
    """One of the two: its proxy, a connection to it, and what has been measured."""

    proxy: ProxyCommand
    headers: dict[str, str]
    requests: dict[str, Iterator[list[str]]]
    processor: dict[str, list[float]] = field(default_factory=dict)
    waited: dict[str, list[float]] = field(default_factory=dict)

    def connect(self) -> None:
        self.connection = http.client.HTTPConnection(urlsplit(self.proxy.url).netloc)

    def ask(self, expressions: list[str]) -> str:
        """Send one batch; returns the ``Cache-Status`` of its answer."""
        body = json.dumps([{"action": "query", "expression": expression} for expression in expressions])
        self.connection.request("POST", "/api", body, self.headers)
        answer = self.connection.getresponse()
        content = answer.read()
        assert answer.status == 200, content[:500]
        return answer.headers["Cache-Status"]

    def turn(self, kind: str, marks: Callable[[str], bool]) -> None:
        """Send requests of one kind for half a second."""
        times, begun, used = [], time.perf_counter(), self._processor()
        while time.perf_counter() - begun < TURN:
            expressions = next(self.requests[kind])
            sent = time.perf_counter()
            said = self.ask(expressions)
            times.append(time.perf_counter() - sent)
            assert marks(said), f"{kind}: {said}"
        self.processor.setdefault(kind, []).append((self._processor() - used) / len(times))
        self.waited.setdefault(kind, []).append(statistics.median(times))

    def _processor(self) -> float:
        fields = Path(f"/proc/{self.proxy.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICK


def exact(server: FtrackServer) -> Iterator[list[str]]:
    return itertools.repeat([f"{LISTED} limit 20"])


def batch_of_ten(server: FtrackServer) -> Iterator[list[str]]:
    return itertools.repeat([f"{LISTED} limit 20 offset {20 * page}" for page in range(10)])


def entity(server: FtrackServer) -> Iterator[list[str]]:
    """Each one a question of its own, so that it is put together, not found."""
    rows = task_ids(server)
    for count in range(1, len(SHOWN)):
        for shown in itertools.combinations(SHOWN, count):
            for identity in rows:
                yield [f'select {", ".join(shown)} from Task where id is "{identity}"']


def window(server: FtrackServer) -> Iterator[list[str]]:
    for count, offset in itertools.product(range(1, 60), range(440)):
        yield [f"{LISTED} offset {offset} limit {count}"]


def miss(server: FtrackServer) -> Iterator[list[str]]:
    for number in itertools.count():
        yield [f'{LISTED} where name is "nobody{number}"']


def twenty_rows_missed(server: FtrackServer) -> Iterator[list[str]]:
    for number in itertools.count():
        yield [f'{LISTED} where name is_not "nobody{number}" limit 20']


def task_ids(server: FtrackServer) -> list[str]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc)
    body = json.dumps([{"action": "query", "expression": "select id from Task"}])
    connection.request("POST", "/api", body, headers_of(server))
    return [row["id"] for row in json.loads(connection.getresponse().read())[0]["data"]]


def headers_of(server: FtrackServer) -> dict[str, str]:
    user, key = server.credentials("ana")
    return {"ftrack-user": user, "ftrack-api-key": key, "content-type": "application/json"}


KINDS: dict[str, tuple[Callable[[FtrackServer], Iterator[list[str]]], Callable[[str], bool]]] = {
    "exact hit": (exact, lambda said: "hit" in said),
    "exact, ten in a batch": (batch_of_ten, lambda said: "hit" in said),
    "entity hit": (entity, lambda said: "detail=entity" in said),
    "window hit": (window, lambda said: "hit" in said),
    "miss of no rows": (miss, lambda said: "fwd=" in said),
    "miss of 20 rows": (twenty_rows_missed, lambda said: "fwd=" in said),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("old")
    parser.add_argument("new", nargs="?", default=sys.executable)
    parser.add_argument("--seconds", type=float, default=20, help="for each kind and version")
    chosen = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(FtrackServer(PLAN))
        versions = []
        for python in (chosen.old, chosen.new):
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            user, key = server.credentials("ana")
            proxy = ProxyCommand(server.url, folder, FTRACK_PROXY_API_USER=user, FTRACK_PROXY_API_KEY=key)
            proxy.arguments = (python, *proxy.arguments[1:])
            stack.enter_context(proxy)
            proxy.wait_for_feed()
            version = Version(proxy, headers_of(server), {kind: make(server) for kind, (make, _) in KINDS.items()})
            version.connect()
            for expressions in ([LISTED], next(exact(server)), next(batch_of_ten(server))):
                version.ask(expressions)
                version.ask(expressions)
            versions.append(version)
        columns = f"{'old':>9}{'new':>9}{'ratio':>8}"
        print(f"{'ms a request':<30}processor: {columns}   p50: {columns}")
        for kind, (_, marks) in KINDS.items():
            for turn in range(int(chosen.seconds / TURN)):
                for version in versions if turn % 2 else versions[::-1]:
                    version.turn(kind, marks)
            old, new = (statistics.median(version.processor[kind]) * 1e3 for version in versions)
            slow, quick = (statistics.median(version.waited[kind]) * 1e3 for version in versions)
            processor = f"{old:>9.3f}{new:>9.3f}{new / old:>8.2f}"
            print(f"{kind:<30}{'':<11}{processor}{'':<8}{slow:>9.3f}{quick:>9.3f}{quick / slow:>8.2f}")


if __name__ == "__main__":
    main()
