"""How sharp the judgement is in a busy studio: hits kept, and answers dropped for nothing.

python -m benchmarks.sharpness [--seconds 30] [--changes 50]

Eight projects, some 50,000 rows. Somebody changes things in seven of them, so many times a second, not through the
proxy; in each project somebody browses. An answer that had to be fetched again and came back the same, byte for byte,
was dropped for nothing. Every tenth hit is compared with ftrack's own answer at that moment, unless a change was
made meanwhile (G2).
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.ftrack_server import FtrackServer, large
from tests.harness import LocalProxy, settings_for

SHOTS_PER_PROJECT = 160
TASKS_PER_SHOT = 5


@dataclass
class Project:
    """One project, with some of its ids to ask for."""

    index: int
    identity: str
    sequences: list[str]
    shots: list[str]
    tasks: list[str]
    assets: list[str]


@dataclass
class Score:
    """What became of one project's questions."""

    hits: int = 0
    misses: int = 0
    needed: int = 0
    needless: int = 0
    compared: int = 0
    wrong: int = 0
    needless_by: Counter[str] = field(default_factory=Counter)

    def add(self, other: Score) -> None:
        self.hits += other.hits
        self.misses += other.misses
        self.needed += other.needed
        self.needless += other.needless
        self.compared += other.compared
        self.wrong += other.wrong
        self.needless_by += other.needless_by


def projects_of(server: FtrackServer) -> list[Project]:
    """Cut the production's lists, which are in the order of making, into projects."""
    made = server.production
    count = len(made.projects)

    def part(ids: list[str], index: int) -> list[str]:
        size = len(ids) // count
        return ids[index * size : (index + 1) * size]

    return [
        Project(
            index,
            identity,
            part(made.sequences, index),
            part(made.shots, index),
            part(made.tasks, index),
            part(made.assets, index),
        )
        for index, identity in enumerate(made.projects)
    ]


def questions_of(project: Project, user: str) -> dict[str, list[str]]:
    """What somebody who browses a project asks, by kind."""
    page = " offset 0 limit 500"
    return {
        "sequences": [f'select id, name, description from Sequence where parent.id is "{project.identity}"{page}'],
        "shots": [
            f'select id, name, description from Shot where parent.id is "{s}"{page}' for s in project.sequences[:5]
        ],
        "tasks": [
            f'select id, name, status.name, type.name, parent.name from Task where parent.id is "{s}"{page}'
            for s in project.shots[:12]
        ],
        "one task": [f"select status.id, status.name from Task where id is {t}{page}" for t in project.tasks[:30]],
        "links": [f"select link from Task where id is {t}{page}" for t in project.tasks[:10]],
        "versions": [
            f'select version, date, status.name, user.first_name from AssetVersion where asset_id is "{a}" '
            f"order by version desc{page}"
            for a in project.assets[:10]
        ],
        "latest": [
            f"select version, is_latest_version from AssetVersion where asset_id is {a}{page}"
            for a in project.assets[:5]
        ],
        "my tasks": [
            f'select name, status.name from Task where project_id is "{project.identity}" and '
            f'assignments any (resource.username = "{user}") and status.name not_in ("Omitted", "On hold"){page}'
        ],
        "notes": [
            f'select content, author.username, date from Note where parent_id is "{t}" order by date desc{page}'
            for t in project.tasks[:5]
        ],
        "assignments": [
            f"select assignments.resource.username from Task where id is {t}{page}" for t in project.tasks[:10]
        ],
        "status list": ["select id, name, color from Status order by sort"],
    }


class Browser(threading.Thread):
    """Asks one project's questions, again and again."""

    def __init__(self, server: FtrackServer, proxy: LocalProxy, project: Project, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.score = Score()
        self._server = server
        self._stop_event = stop
        self._random = random.Random(project.index)
        user, key = server.credentials("ana")
        self._headers = {"ftrack-user": user, "ftrack-api-key": key, "content-type": "application/json"}
        self._connection = http.client.HTTPConnection(urlsplit(proxy.url).netloc)
        self._questions = [(k, q) for k, qs in questions_of(project, user).items() for q in qs]
        self._last: dict[str, bytes] = {}

    def run(self) -> None:
        while not self._stop_event.is_set():
            self._ask(*self._random.choice(self._questions))
            self._stop_event.wait(0.02)
        self._connection.close()

    def _ask(self, kind: str, expression: str) -> None:
        commits = self._server.commits
        body = json.dumps([{"action": "query", "expression": expression}])
        self._connection.request("POST", "/api", body, self._headers)
        answer = self._connection.getresponse()
        content, status = answer.read(), answer.headers["Cache-Status"]
        if "; hit" in status:
            self.score.hits += 1
            if self.score.hits % 10 == 0:
                self._compare(expression, content, commits)
        elif "fwd=stale" in status:
            same = self._last.get(expression) == content
            self.score.needless += same
            self.score.needed += not same
            if same:
                self.score.needless_by[f"{kind} ({status.rpartition('detail=')[2]})"] += 1
        else:
            self.score.misses += 1
        self._last[expression] = content

    def _compare(self, expression: str, content: bytes, commits: int) -> None:
        self._server.hub.wait_delivered()
        direct = self._server.call([{"action": "query", "expression": expression}], "ana", denormalize=False)
        if self._server.commits == commits:
            self.score.compared += 1
            self.score.wrong += json.loads(content) != json.loads(json.dumps(direct))


class Studio(threading.Thread):
    """Changes things in all projects but the first, at a steady rate."""

    def __init__(self, server: FtrackServer, projects: list[Project], rate: float, stop: threading.Event) -> None:
        super().__init__(daemon=True)
        self.done: Counter[str] = Counter()
        self._server = server
        self._projects = projects[1:]
        self._rate = rate
        self._stop_event = stop
        self._random = random.Random(5)

    def run(self) -> None:
        begun = time.monotonic()
        while not self._stop_event.wait(max(0.0, begun + self.done.total() / self._rate - time.monotonic())):
            project = self._random.choice(self._projects)
            kind = self._random.choices(list(DEEDS), [weight for weight, _ in DEEDS.values()])[0]
            DEEDS[kind][1](self._server, project, self._random)
            self.done[kind] += 1


def _status(server: FtrackServer, project: Project, chance: random.Random) -> None:
    server.update("Task", chance.choice(project.tasks), status_id=chance.choice(server.production.statuses))


def _describe(server: FtrackServer, project: Project, chance: random.Random) -> None:
    server.update("Shot", chance.choice(project.shots), description=f"take {chance.random()}")


def _rename(server: FtrackServer, project: Project, chance: random.Random) -> None:
    server.update("Shot", chance.choice(project.shots), name=f"sh{chance.randrange(10**6)}")


def _publish(server: FtrackServer, project: Project, chance: random.Random) -> None:
    version = server.create("AssetVersion", asset_id=chance.choice(project.assets), comment="published")
    server.create("FileComponent", name="main", version_id=version["id"], file_type=".exr")


def _approve(server: FtrackServer, project: Project, chance: random.Random) -> None:
    asset = chance.choice(project.assets)
    version = server.query(f"select id from AssetVersion where asset_id is {asset} limit 1")[0]["id"]
    server.update("AssetVersion", version, status_id=chance.choice(server.production.statuses))


def _comment(server: FtrackServer, project: Project, chance: random.Random) -> None:
    server.create("Note", content="looks good", parent_id=chance.choice(project.tasks), parent_type="Task")


def _assign(server: FtrackServer, project: Project, chance: random.Random) -> None:
    user = server.production.users[chance.choice(("ana", "bo"))]
    server.create("Appointment", type="assignment", context_id=chance.choice(project.tasks), resource_id=user)


def _add_task(server: FtrackServer, project: Project, chance: random.Random) -> None:
    kind = chance.choice(server.production.types)
    server.create("Task", name=f"extra {chance.randrange(10**6)}", parent_id=chance.choice(project.shots), type_id=kind)


def _log_time(server: FtrackServer, project: Project, chance: random.Random) -> None:
    user = server.production.users["bo"]
    server.create("Timelog", context_id=chance.choice(project.tasks), user_id=user, duration=60.0)


def _unassign(server: FtrackServer, project: Project, chance: random.Random) -> None:
    task = chance.choice(project.tasks)
    rows = server.query(f"select id from Appointment where context_id is {task}")
    if rows:
        server.delete("Appointment", rows[0]["id"])


DEEDS: dict[str, tuple[int, Any]] = {
    "status": (45, _status),
    "description": (8, _describe),
    "rename": (2, _rename),
    "publish": (15, _publish),
    "approve": (8, _approve),
    "comment": (8, _comment),
    "assign": (5, _assign),
    "unassign": (3, _unassign),
    "task": (3, _add_task),
    "time": (3, _log_time),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--changes", type=float, default=50)
    chosen = parser.parse_args()
    with FtrackServer(large()) as server, tempfile.TemporaryDirectory() as folder:
        user, key = server.credentials("ana")
        environment = {"FTRACK_API_USER": user, "FTRACK_API_KEY": key}
        with LocalProxy(settings_for(server.url, Path(folder)), environment) as proxy:
            proxy.wait_for_feed()
            stop, over = threading.Event(), threading.Event()
            projects = projects_of(server)
            browsers = [Browser(server, proxy, project, stop) for project in projects]
            for browser in browsers:
                browser.start()
            time.sleep(5)
            for browser in browsers:
                browser.score = Score()
            studio = Studio(server, projects, chosen.changes, over)
            studio.start()
            time.sleep(chosen.seconds)
            over.set()
            studio.join()
            stop.set()
            for browser in browsers:
                browser.join()
    report(studio, browsers, chosen.seconds)


def report(studio: Studio, browsers: list[Browser], seconds: float) -> None:
    """Print the figures."""
    total = Score()
    for browser in browsers:
        total.add(browser.score)
    print(f"changes: {studio.done.total() / seconds:.0f} a second, {dict(studio.done)}")
    for title, score in (("untouched project", browsers[0].score), ("all projects", total)):
        asked = score.hits + score.misses + score.needed + score.needless
        dropped = score.needed + score.needless
        print(
            f"{title:<18} asked {asked:>6}  hits {score.hits / asked:7.2%}  dropped {dropped:>5}  "
            f"for nothing {score.needless:>4} ({score.needless / asked:.2%} of asked, "
            f"{score.needless / max(1, dropped):.0%} of dropped)"
        )
    print(f"compared with ftrack: {total.compared} hits, {total.wrong} different")
    for kind, count in total.needless_by.most_common(12):
        print(f"  for nothing: {count:>4} {kind}")


if __name__ == "__main__":
    main()
