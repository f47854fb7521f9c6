"""``make demo``: the main job, end to end, with the real ftrack_api client and no real ftrack.

A simulated ftrack with the latency of a hosted one; an artist's tool does its work directly, then through the proxy,
then a second process does the same; then somebody else changes a task, and its event reaches the proxy.
"""

from __future__ import annotations

import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import ftrack_api

from tests.ftrack_server import FtrackServer, ProductionPlan
from tests.harness import ProxyCommand, until

LATENCY = 0.08


@dataclass(frozen=True)
class Run:
    """One line of the table."""

    title: str
    upstream_requests: int
    seconds: float


def browse(url: str, user: str, key: str) -> list[tuple[str, ...]]:
    """What a shot browser asks for: tasks with status, type and shot, then the versions of each asset."""
    session = ftrack_api.Session(
        server_url=url, api_user=user, api_key=key, auto_connect_event_hub=False, schema_cache_path=False
    )
    try:
        shown = []
        project = session.query("Project").first()
        for task in session.query(f'Task where project_id is "{project["id"]}" order by name'):
            shown.append((task["name"], task["status"]["name"], task["type"]["name"], task["parent"]["name"]))
        for asset in session.query("select name from Asset order by name limit 6"):
            versions = session.query(
                f'select version, status.name from AssetVersion where asset_id is "{asset["id"]}" order by version'
            )
            shown.extend((asset["name"], str(v["version"]), v["status"]["name"]) for v in versions)
        return shown
    finally:
        session.close()


def main() -> None:
    """Run the demonstration and print its table; exit code 1 if an answer was wrong."""
    plan = ProductionPlan(sequences=2, shots=3, tasks=3)
    with FtrackServer(plan, latency=LATENCY) as server, tempfile.TemporaryDirectory() as folder:
        user, key = server.credentials("ana")
        say(f"A simulated ftrack answers at {server.url}, {LATENCY * 1000:.0f} ms away.")
        with ProxyCommand(server.url, Path(folder), FTRACK_PROXY_API_USER=user, FTRACK_PROXY_API_KEY=key) as proxy:
            proxy.wait_for_feed()
            say(f"The proxy answers at {proxy.url} and listens to ftrack's events.\n")
            runs, answers = [], []

            def run(title: str, url: str) -> None:
                server.reset_counters()
                begun = time.monotonic()
                answers.append(browse(url, user, key))
                runs.append(Run(title, server.counters.api_requests, time.monotonic() - begun))
                say(f"  {title}: done")

            run("direct", server.url)
            run("proxied, first process", proxy.url)
            run("proxied, second process", proxy.url)
            renamed = change_a_task(server, proxy)
            run("proxied, after a change by somebody else", proxy.url)
            right = check(
                {
                    "both proxied runs read what the direct run read": answers[0] == answers[1] == answers[2],
                    f"the last run read the new name, {renamed!r}": any(renamed == row[0] for row in answers[3]),
                }
            )
            print_table(runs)
    if not right:
        sys.exit(1)


def change_a_task(server: FtrackServer, proxy: ProxyCommand) -> str:
    """Somebody else renames a task; returns when the event has reached the proxy."""
    name = "renamed by ray"
    known = proxy.status()["feed"]["changes"]
    server.update("Task", server.production.tasks[0], user="ray", name=name)
    until(lambda: proxy.status()["feed"]["changes"] > known, "the event")
    say(f"  ray renamed a task to {name!r}, not through the proxy; its event has reached the proxy")
    return name


def print_table(runs: list[Run]) -> None:
    """Print requests and times, compared with the direct run."""
    direct = runs[0]
    say(f"\n{'':<42}{'requests to ftrack':>20}{'seconds':>10}{'faster':>10}")
    for run in runs:
        faster = f"{direct.seconds / run.seconds:.0f} x" if run is not direct else ""
        say(f"{run.title:<42}{run.upstream_requests:>20}{run.seconds:>10.2f}{faster:>10}")
    say("")


def check(claims: dict[str, bool]) -> bool:
    """Print what was claimed and whether it is so; True if all of it is."""
    say("")
    for claim, holds in claims.items():
        say(f"  {'yes' if holds else 'NO '}: {claim}")
    return all(claims.values())


say: Callable[..., Any] = print

if __name__ == "__main__":
    main()
