"""What it costs to go from entity to entity, as most tools do, against ftrack far away.

python -m benchmarks.known_entities [--latency 100] [--timed 30]

Two walks with the real ftrack_api client: a loop over 500 tasks that follows status, type, parent and assignments,
and the browser's whole tree of 300 shots and 1,500 tasks. Each directly (requests counted without latency, so many as
--timed measured with it, the rest estimated), then twice through a proxy that knows nothing yet. For comparison the
loop's values by one query that projects all of them: what somebody writes who knows how.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import ProxyCommand
from tests.scenarios.walks import Look, billed, loop, loop_by_hand, session_on, tree

FIVE_HUNDRED = ProductionPlan(sequences=5, shots=20, tasks=5, assets=0)
FIFTEEN_HUNDRED = ProductionPlan(sequences=10, shots=30, tasks=5, assets=0)


@dataclass(frozen=True)
class Line:
    """One line of the table."""

    title: str
    seconds: float
    queries: int
    seen: Any


class TimeIsUp(Exception):
    """Enough requests have been timed."""


def measured(title: str, server: FtrackServer, url: str, walk: Look) -> Line:
    """One walk in a new process's session, whose start is not counted."""
    with session_on(url, server.credentials("ana")) as session, billed(server) as bill:
        begun = time.perf_counter()
        seen = walk(session, server.production)
        seconds = time.perf_counter() - begun
    return Line(title, seconds, bill.queries, seen)


def estimated(title: str, server: FtrackServer, walk: Look, timed: int) -> Line:
    """A direct walk: all of its requests without latency, and the time of the first few with it."""
    latency, server.latency = server.latency, 0.0
    whole = measured(title, server, server.url, walk)
    server.latency = latency
    with session_on(server.url, server.credentials("ana")) as session:
        begun = _stopped_after(session, timed + 1)
        try:
            walk(session, server.production)
        except TimeIsUp:
            pass
        # From the second on: the first is the list, and what the client makes of it.
        each = (begun[-1] - begun[1]) / (len(begun) - 2)
    return Line(title, each * whole.queries, whole.queries, whole.seen)


def _stopped_after(session: Any, requests: int) -> list[float]:
    """End the session's work after some requests; returns the list of the times at which each was begun."""
    call, begun = session.call, []

    def counted(data: Any) -> Any:
        begun.append(time.perf_counter())
        if len(begun) > requests:
            raise TimeIsUp
        return call(data)

    session.call = counted
    return begun


def walked(title: str, plan: ProductionPlan, walk: Look, latency: float, timed: int) -> list[Line]:
    """Directly, cold and warm."""
    with FtrackServer(plan, latency=latency) as server, tempfile.TemporaryDirectory() as folder:
        server.engine.add_object_type("Scene")
        user, key = server.credentials("ana")
        lines = [estimated(f"{title}, direct (estimated)", server, walk, timed)]
        with ProxyCommand(server.url, Path(folder), FTRACK_PROXY_API_USER=user, FTRACK_PROXY_API_KEY=key) as proxy:
            proxy.wait_for_feed()
            lines.append(measured(f"{title}, proxied, cold", server, proxy.url, walk))
            lines.append(measured(f"{title}, proxied, warm", server, proxy.url, walk))
        if walk is loop:
            lines.append(measured(f"{title}, projected by hand, direct", server, server.url, loop_by_hand))
    return lines


def report(lines: list[Line]) -> None:
    """Print the table; ratios are against the first line."""
    direct = lines[0]
    print(f"\n{'':<42}{'seconds':>10}{'queries':>10}{'faster':>10}{'fewer':>10}")
    for line in lines:
        faster = f"{direct.seconds / line.seconds:.1f} x"
        fewer = f"{direct.queries / line.queries:.1f} x" if line.queries else "all"
        print(f"{line.title:<42}{line.seconds:>10.2f}{line.queries:>10}{faster:>10}{fewer:>10}")


def main() -> None:
    """Run both walks and print both tables; exit code 1 if they did not all see the same."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--latency", type=float, default=100, help="milliseconds that ftrack takes for a request")
    parser.add_argument("--timed", type=int, default=30, help="how many requests of a direct walk are timed")
    chosen = parser.parse_args()
    same = True
    for title, plan, walk in (("loop over 500", FIVE_HUNDRED, loop), ("tree of 1,500", FIFTEEN_HUNDRED, tree)):
        lines = walked(title, plan, walk, chosen.latency / 1000, chosen.timed)
        report(lines)
        same = same and all(line.seen == lines[0].seen for line in lines)
        if walk is loop:
            by_hand, cold = lines[3], lines[1]
            print(f"cold through the proxy takes {cold.seconds / by_hand.seconds:.1f} times as long as by hand")
    print(f"\nall saw the same: {'yes' if same else 'NO'}")
    if not same:
        sys.exit(1)


if __name__ == "__main__":
    main()
