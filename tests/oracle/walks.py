"""Clients that walk along a list, attribute by attribute, while everything changes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tests.oracle import ways
from tests.oracle.moments import Past
from tests.oracle.named import attributes_of
from tests.oracle.population import Row
from tests.oracle.questions import Question
from tests.oracle.races import raced
from tests.oracle.stage import USERS, Stage
from tests.oracle.writing import Deed

_LONGEST = 14
# What is walked along: a list, and the type of its rows.
_LISTS = (
    ("select id from Task", "Task"), ("Task", "Task"), ("select name from TypedContext", "TypedContext"),
    ("select id from Shot", "Shot"), ("Sequence", "Sequence"), ("select link from AssetVersion", "AssetVersion"),
    ("select asset.name, version from AssetVersion", "AssetVersion"), ("select content from Note", "Note"),
    ("select id, name from Project", "Project"), ("select id from Asset", "Asset"), ("select id from User", "User"),
    ("select assets.versions from Shot", "AssetVersion"), ("select children.children from Sequence", "Task"),
    ("select id from Appointment", "Appointment"), ("select id from Timelog", "Timelog"),
)  # fmt: skip
# The list, the type of its rows, and the question asked for each of them.
_SIBLINGS = (
    ("select id, name from Shot", "Shot", "select name, status.name from Task where parent.id is {}"),
    ("Shot", "Shot", "select id, name, description from Task where parent_id is {} and name is_not 'x'"),
    ("select id from Sequence", "Sequence", "select name from Shot where parent.id is {} order by name"),
    ("select id from Project", "Project", "select id, name, link from Sequence where parent.id is {}"),
    ("select name from Project", "Project", "select name, parent from Task where project_id is {} order by name desc"),
    ("select id from Asset", "Asset", "select version, comment, status.name from AssetVersion where asset_id is {}"),
    ("Asset", "Asset", "AssetVersion where asset.id is {} and is_latest_version is True"),
    ("select name from Shot", "Shot", "select name, latest_version.version from Asset where parent.id is {}"),
    ("select id from Shot", "Shot", "select version, asset.parent.name from AssetVersion where asset.parent.id is {}"),
    ("select id from Task", "Task", "select content, author.username from Note where parent_id is {}"),
    ("select id from Task", "Task", "select resource.username, type from Appointment where context_id is {}"),
    ("Task", "Task", "select duration, user.username from Timelog where context.id is {} limit 500"),
    ("Task", "Task", "select version, asset.name from AssetVersion where task_id is {} order by version desc"),
    ("select id from AssetVersion", "AssetVersion", "select name, file_type from Component where version_id is {}"),
    ("select id from User", "User", "select context.name, context.parent from Appointment where resource_id is {}"),
    ("select name from Status", "Status", "select name, project.name from Task where status_id is {}"),
    ("Shot", "Shot", "select value, key from ContextCustomAttributeValue where entity_id is {}"),
    ("select name from TypedContextList", "TypedContextList", "select entity_id from ListObject where list_id is {}"),
    ("Shot", "Shot", "select name, assignments.resource.username from TypedContext where parent.id is {}"),
    ("Sequence", "Sequence", "select name from Task where parent.parent.id is {} and status.name is_not 'x'"),
)  # fmt: skip


class _Ground:
    """What somebody walks on: it may change before every step. Knows what may be seen at the moment."""

    def __init__(self, stage: Stage, user: str) -> None:
        self._stage = stage
        self._user = user
        self.past: Past | None = None

    def shake(self, row: Row | None) -> None:
        """Perhaps something happens, often to the row that is about to be looked at."""
        chance, stage = self._stage.chance, self._stage
        chosen = chance.random()
        if chosen < 0.55:
            return
        deed = self._deed(row)
        if self.past is None and chosen < 0.7:
            stage.own(deed if chance.random() < 0.7 else stage.deeds.deed(announced=False), chance.choice(USERS))
        elif self.past is None and chosen < 0.84:
            stage.foreign(deed)
            stage.feeds.caught_up()
        elif self.past is None and chosen < 0.85:
            chance.choice((ways.flicker, ways.restart, ways.gap))(stage)
        elif self.past is None:
            stage.server.hub.hold_events()
            self.past = Past(stage)
            stage.foreign(deed, note=", event held back")
        elif chosen < 0.7:
            answer = stage.own(deed, chance.choice(USERS), note=", event held back")
            if isinstance(answer, list):  # What is refused has changed nothing.
                self.past.wrote(deed)
        elif chosen < 0.92:
            stage.foreign(deed, note=", event held back")
        else:
            self.settle()

    def settle(self) -> None:
        """All events come."""
        if self.past is not None:
            self._stage.tell("the events come")
            self._stage.server.hub.release_events(reorder=self._stage.chance.random() < 0.5)
            self.past = None
        self._stage.feeds.caught_up()

    def step(self, asked: Sequence[Question]) -> None:
        """Ask the next questions of a walk."""
        self._stage.tell(f"asked by {self._user}: {' | '.join(q.expressions[0] for q in asked)}")
        if self.past is not None:
            self.past.check(asked)
        elif len(asked) > 1 and self._stage.chance.random() < 0.2:
            raced(self._stage, asked[0], asked[1])
            self._stage.feeds.caught_up()
        else:
            self._stage.check(asked)

    def _deed(self, row: Row | None) -> Deed:
        if row is not None and self._stage.chance.random() < 0.7:
            return self._stage.aimed.deed(row)
        return self._stage.deeds.deed(announced=True)


def walk_attributes(stage: Stage) -> None:
    """A list, and then each of its members by id, one attribute at a time."""
    listed, kind = stage.chance.choice(_LISTS)
    known = attributes_of(kind)
    chosen = stage.chance.sample(known, stage.chance.choice((1, 1, 2, 3)))

    def steps(row: Row) -> Iterator[str]:
        for name in chosen:
            yield stage.named.one(kind, row["id"], (name,))

    _walk(stage, listed, kind, steps)


def walk_siblings(stage: Stage) -> None:
    """A list, and then one question with the id of each of its members in turn."""
    listed, kind, form = stage.chance.choice(_SIBLINGS)

    def steps(row: Row) -> Iterator[str]:
        quoted = stage.chance.choice((f'"{row["id"]}"', row["id"]))
        yield form.format(quoted)

    _walk(stage, listed, kind, steps)


def _walk(stage: Stage, listed: str, kind: str, steps: Callable[[Row], Iterator[str]]) -> None:
    user, denormalised = stage.chance.choice(USERS), stage.chance.random() < 0.1
    ground = _Ground(stage, user)
    ground.step([Question(user, (listed,), denormalised)])
    rows = stage.population.rows(kind)[:_LONGEST]
    abreast = stage.chance.choice((1, 1, 1, 2, 4))
    way = [(row, Question(user, (text,), denormalised)) for row in rows for text in steps(row)]
    for at in range(0, len(way), abreast):
        group = way[at : at + abreast]
        ground.shake(stage.population.again(group[0][0]))
        ground.step([question for _, question in group])
    ground.settle()
    stage.check([question for _, question in way])
    ways.look(stage)
