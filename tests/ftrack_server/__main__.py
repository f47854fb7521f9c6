"""Run the simulated server by itself: `python -m tests.ftrack_server --port 8500 --latency 0.1`."""

from __future__ import annotations

import argparse
import dataclasses
import signal
import threading

from .control import FtrackServer
from .production import ProductionPlan, large, small


def command_line() -> argparse.ArgumentParser:
    """The flags."""
    parser = argparse.ArgumentParser(prog="python -m tests.ftrack_server", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8500)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds per API request")
    parser.add_argument("--event-delay", type=float, default=0.0, help="seconds from commit to event")
    parser.add_argument("--heartbeat", type=float, default=5.0, help="seconds between hub heartbeats")
    parser.add_argument("--large", action="store_true", help="a large production instead of a small one")
    for field in dataclasses.fields(ProductionPlan):
        if isinstance(field.default, int) and not isinstance(field.default, bool):
            parser.add_argument(f"--{field.name.replace('_', '-')}", type=int, default=None)
    return parser


def main() -> None:
    """Serve until interrupted."""
    options = command_line().parse_args()
    changes = {
        field.name: getattr(options, field.name)
        for field in dataclasses.fields(ProductionPlan)
        if getattr(options, field.name, None) is not None
    }
    plan = dataclasses.replace(large() if options.large else small(), **changes)
    server = FtrackServer(
        plan,
        port=options.port,
        latency=options.latency,
        event_delay=options.event_delay,
        heartbeat=options.heartbeat,
        host=options.host,
    )
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    server.start()
    print(f"ftrack server simulation on {server.url}, controls under {server.url}/_sim/", flush=True)
    for username in ("ana", "bo", "ray", "service"):
        name, key = server.credentials(username)
        print(f"  user {name}  key {key}", flush=True)
    done.wait()
    server.stop()


if __name__ == "__main__":
    main()
