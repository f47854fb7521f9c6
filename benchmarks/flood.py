"""Reads while a thousand changes a second come in, against the same reads in quiet, in one run.

python -m benchmarks.flood [--changes 1000] [--seconds 10]

The events are real ones, as the simulated ftrack published them, given new ids and taken in by the change feed's own
entry; half of them are in the family that the reads look at.
"""

from __future__ import annotations

import argparse
import asyncio
import copy
import http.client
import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import LocalProxy, settings_for


def frames_of(server: FtrackServer, count: int) -> list[bytes]:
    """Event frames: task updates and notes elsewhere than where is read."""
    made = server.production
    for task in made.tasks[10:20]:
        server.update("Task", task, status_id=made.statuses[0])
        server.create("Note", content="x", parent_id=task, parent_type="Task")
    server.hub.wait_delivered()
    events = [event for event in server.hub.events if event["topic"] == "ftrack.update"]
    frames = []
    for number in range(count):
        event = copy.copy(events[number % len(events)])
        event["id"] = f"flood-{number}"
        frames.append(f"5:::{json.dumps({'name': 'ftrack.event', 'args': [event]})}".encode())
    return frames


def reads(url: str, headers: dict[str, str], expressions: list[str], seconds: float) -> list[float]:
    """Hits one after the other over one connection; the time of each in milliseconds."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    bodies = [json.dumps([{"action": "query", "expression": e}]) for e in expressions]
    taken: list[float] = []
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        begun = time.perf_counter()
        connection.request("POST", "/api", bodies[len(taken) % len(bodies)], headers)
        connection.getresponse().read()
        taken.append((time.perf_counter() - begun) * 1000)
    connection.close()
    return taken


async def pour(take: Any, frames: list[bytes], rate: float) -> None:
    """Take frames in at a steady rate."""
    begun = time.perf_counter()
    for number, frame in enumerate(frames):
        take(frame)
        ahead = begun + number / rate - time.perf_counter()
        if ahead > 0:
            await asyncio.sleep(ahead)


def show(title: str, taken: list[float], seconds: float) -> None:
    ordered = sorted(taken)
    print(
        f"{title:<28} {len(taken) / seconds:8.0f} reads a second   median {statistics.median(ordered):.3f} ms   "
        f"99 % {ordered[int(len(ordered) * 0.99)]:.3f} ms"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=float, default=1000)
    parser.add_argument("--seconds", type=float, default=10)
    chosen = parser.parse_args()
    with FtrackServer(ProductionPlan(sequences=2)) as server, tempfile.TemporaryDirectory() as folder:
        user, key = server.credentials("ana")
        environment = {"FTRACK_API_USER": user, "FTRACK_API_KEY": key}
        headers = {"ftrack-user": user, "ftrack-api-key": key, "content-type": "application/json"}
        with LocalProxy(settings_for(server.url, Path(folder)), environment) as proxy:
            proxy.wait_for_feed()
            shots = server.production.shots[6:8]
            expressions = [f'select name, status.name from Task where parent.id is "{s}" limit 500' for s in shots]
            expressions += [f'select link from Task where parent_id is "{s}" limit 500' for s in shots]
            frames = frames_of(server, int(chosen.changes * chosen.seconds))
            reads(proxy.url, headers, expressions, 1)
            show("in quiet", reads(proxy.url, headers, expressions, chosen.seconds), chosen.seconds)
            asked = server.counters.queries
            take = proxy.parts.coverage.feeds[0]._intake.take
            pouring = asyncio.run_coroutine_threadsafe(pour(take, frames, chosen.changes), proxy._loop)
            show(
                f"{chosen.changes:.0f} changes a second",
                reads(proxy.url, headers, expressions, chosen.seconds),
                chosen.seconds,
            )
            pouring.result(60)
            changes, questions = proxy.status()["feed"]["changes"], server.counters.queries - asked
            print(f"changes recorded {changes}, questions to ftrack meanwhile {questions}")


if __name__ == "__main__":
    main()
