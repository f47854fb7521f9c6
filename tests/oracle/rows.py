"""An entity of which much is known changes, and is asked for in forms not used before."""

from __future__ import annotations

from collections.abc import Sequence

from tests.oracle.answers import answer_of
from tests.oracle.moments import Past
from tests.oracle.named import attributes_of
from tests.oracle.population import Row
from tests.oracle.questions import Question
from tests.oracle.stage import USERS, Stage
from tests.oracle.ways import look
from tests.oracle.writing import Deed

_MANY = 16


def known_row(stage: Stage) -> None:
    """Some entity in live answers changes: their own rows, or what these refer to."""
    for _ in range(3):
        row, about = _met(stage)
        stage.check(about)
        stage.check(stage.related_questions(_MANY // 2, about))
        deed = stage.aimed.deed(row)
        chosen = stage.chance.random()
        if chosen < 0.4:
            stage.own(deed, stage.chance.choice(USERS))
        elif chosen < 0.7:
            stage.foreign(deed)
            stage.feeds.caught_up()
        else:
            stage.server.hub.hold_events()
            stage.foreign(deed, note=", event held back")
            stage.warm(stage.related_questions(_MANY // 2, about))
            stage.server.hub.release_events()
            stage.feeds.caught_up()
        names = [name for name in deed.operations[0].get("entity_data", ()) if name in row and name[0] != "_"]
        stage.check(stage.questions_reaching((row["__type__"], row["id"]), names, _MANY // 2, about))
        stage.check(stage.related_questions(_MANY, about))
    look(stage)
    stage.feeds.caught_up()


def written_row(stage: Stage) -> None:
    """Who wrote reads what was written, by id and at once; so do others."""
    stage.server.hub.hold_events()
    for _ in range(3):
        user = stage.chance.choice(USERS)
        deed = stage.deeds.deed(announced=False) if stage.chance.random() < 0.7 else _aimed(stage)
        stage.check(_about_written(stage, deed, user, 2))
        stage.own(deed, user, note=", event held back")
        stage.check(_about_written(stage, deed, user, 4))
    stage.server.hub.release_events(reorder=stage.chance.random() < 0.5)
    stage.feeds.caught_up()
    look(stage)


def row_before_a_gap(stage: Stage) -> None:
    """What was known before a gap is no longer, however it is asked for."""
    row, about = _met(stage)
    stage.check(about)
    stage.tell("the hub is cut")
    stage.server.hub.cut()
    stage.feeds.wait_lost()
    stage.foreign(stage.aimed.several_values(row))
    if stage.chance.random() < 0.3:
        stage.stop_proxy()
        stage.server.hub.resume()
        stage.start_proxy()
    else:
        stage.server.hub.resume()
        stage.feeds.wait_live()
    stage.check(stage.related_questions(_MANY, about))
    look(stage)


def row_of_age(stage: Stage) -> None:
    """No event tells of the change of something that many answers showed."""
    deed = stage.deeds.unannounced()
    written = deed.operations[0]
    key = str(written["entity_key"][0] if "entity_key" in written else written["entity_data"]["id"])
    about = _about(stage, key)
    stage.check(about)
    stage.check(stage.related_questions(_MANY, about))
    stage.foreign(deed, silent=True, note=", 400 s ago")
    stage.proxy.clock.ahead += 400
    stage.feeds.count_as_heard()
    stage.check(stage.related_questions(_MANY, about))
    look(stage)


def one_moment(stage: Stage) -> None:
    """Several changes of one entity of which nothing is heard, and reads of more and more of it in between."""
    row, user = stage.aimed.someone(), stage.chance.choice(USERS)
    asks = _Asks(stage, row, user)
    asked = [asks.by_id(1), asks.by_id(2), asks.listed(2), asks.listed(1)]
    stage.check(asked)
    stage.server.hub.hold_events()
    past = Past(stage)
    for _ in range(stage.chance.randint(2, 4)):
        deed = stage.aimed.several_values(row)
        if stage.chance.random() < 0.8:
            stage.foreign(deed, note=", event held back")
        else:
            answer = stage.own(deed, stage.chance.choice(USERS), note=", event held back")
            if isinstance(answer, list):  # What is refused has changed nothing.
                past.wrote(deed)
        narrow = [asks.by_id(stage.chance.choice((1, 2))), stage.chance.choice((asks.by_id, asks.listed))(2)]
        wide = [asks.by_id(4), asks.listed(4), stage.chance.choice(asked)]
        # Of these the first may be known from an earlier moment than that of which the second is fetched.
        both = Question(user, (stage.chance.choice(asked).expressions[0], asks.listed(8).expressions[0]))
        for group in (narrow, wide, [both]):
            stage.tell(f"asked: {' | '.join(text for q in group for text in q.expressions)}")
            past.check(group)
            asked += group
    stage.server.hub.release_events(reorder=stage.chance.random() < 0.5)
    stage.feeds.caught_up()
    stage.check(asked)
    look(stage)


class _Asks:
    """Questions about one row and others like it; ``lists`` are few, so that one is known when it is asked again."""

    def __init__(self, stage: Stage, row: Row, user: str) -> None:
        self._stage = stage
        self._row = row
        self._user = user
        self._attributes = [*attributes_of(row["__type__"]), "id"]
        plain = [name for name in ("name", "status_id", "content", "task_id") if row.get(name)]
        criteria = [f' where {name} is "{row[name]}"' for name in plain]
        order = " order by name" if "name" in self._attributes else ""
        self._lists = stage.chance.sample(["", *criteria, order, f"{order} limit 3"], 2)

    def by_id(self, count: int) -> Question:
        text = self._stage.named.one(self._row["__type__"], self._row["id"], self._chosen(count))
        return Question(self._user, (text,), self._stage.chance.random() < 0.1)

    def listed(self, count: int) -> Question:
        rest = self._stage.chance.choice(self._lists)
        return Question(self._user, (f"select {', '.join(self._chosen(count))} from {self._row['__type__']}{rest}",))

    def _chosen(self, count: int) -> Sequence[str]:
        own = [name for name in self._attributes if name in self._row]
        chosen = self._stage.chance.sample(self._attributes, min(count, len(self._attributes)))
        return list(dict.fromkeys([*chosen, self._stage.chance.choice(own)]))


def _met(stage: Stage) -> tuple[Row, list[Question]]:
    """An entity that occurs in live answers, and the questions to these."""
    for question in stage.some_questions(len(stage.live)):
        found = [identity for identity in sorted(answer_of(stage.truths([question])[0]).entities) if len(identity) == 2]
        hits = [identity for identity in found if stage.aimed.can_hit(identity[0])]
        if hits:
            kind, key = stage.chance.choice(hits)
            row = stage.population.again({"__type__": kind, "id": key})
            if row is not None:
                return row, _about(stage, key)
    row = stage.aimed.someone()
    return row, [Question(stage.chance.choice(USERS), (row["__type__"],))]


def _about(stage: Stage, key: str) -> list[Question]:
    truths = stage.truths(stage.live)
    return [question for question, truth in zip(stage.live, truths, strict=True) if key.encode() in truth]


def _aimed(stage: Stage) -> Deed:
    return stage.aimed.deed(stage.aimed.someone())


def _about_written(stage: Stage, deed: Deed, user: str, count: int) -> list[Question]:
    """Reads by id of what a deed writes: by the writer mostly, of what it wrote and of more."""
    asked: list[Question] = []
    chance = stage.chance
    for operation in deed.operations:
        key = operation.get("entity_key") or [operation.get("entity_data", {}).get("id")]
        if len(key) != 1 or not isinstance(key[0], str):
            continue
        kind = operation["entity_type"]
        names = [name for name in operation.get("entity_data", {}) if name != "__entity_type__"] or ["id"]
        others = attributes_of(kind) or names
        for _ in range(count):
            chosen = (
                {chance.choice(names): None, chance.choice(others): None}
                if chance.random() < 0.5
                else {chance.choice(chance.choice((names, others))): None}
            )
            text = stage.named.one(kind, key[0], tuple(chosen))
            asked.append(Question(user if chance.random() < 0.7 else chance.choice(USERS), (text,)))
    return asked
