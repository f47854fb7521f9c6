"""Rows move into another project and back, while one user does not see all projects."""

from __future__ import annotations

from collections.abc import Callable

from tests.oracle.population import Row
from tests.oracle.questions import Question
from tests.oracle.stage import USERS, Stage
from tests.oracle.ways import look
from tests.oracle.writing import Deed

# What hangs on rows of a type, and comes and goes with them.
_BELOW = {
    "Task": ("Note", "Timelog", "Appointment", "ContextCustomAttributeValue", "TypedContextLink"),
    "Shot": ("Task", "Asset", "AssetVersion", "FileComponent", "Note"),
    "Asset": ("AssetVersion", "FileComponent", "ComponentLocation"),
    "AssetVersion": ("FileComponent", "ComponentLocation", "Note"),
    "Note": ("Note", "Recipient"),
    "FileComponent": ("ComponentLocation",),
    "TypedContextList": ("ListObject",),
}
_SHOWN = {
    "Task": "name", "Shot": "name", "Asset": "name", "AssetVersion": "comment", "Note": "content",
    "FileComponent": "name", "TypedContextList": "name", "ListObject": "entity_id", "Appointment": "type",
    "Timelog": "duration", "TypedContextLink": "to_id", "ComponentLocation": "resource_identifier",
    "Recipient": "resource_id", "ContextCustomAttributeValue": "value",
}  # fmt: skip
_KEYS = {"Recipient": "note_id", "ContextCustomAttributeValue": "entity_id"}


def other_hands(stage: Stage) -> None:
    """Rows go into another project, and come back: what is seen of them, and below them, goes along."""
    for _ in range(3):
        chosen = stage.chance.random()
        announced = chosen >= 0.5
        found = stage.hands.deed(announced=announced)
        if found is None:
            continue
        row, deed = found
        about = _about(stage, row)
        # Known before: in full, or only in part, or not at all.
        stage.check(about[: stage.chance.randint(1, len(about))])
        _let_happen(stage, deed, announced=announced)
        stage.check(about)
        stage.check(stage.related_questions(8, about))
    look(stage)
    stage.feeds.caught_up()


def _let_happen(stage: Stage, deed: Deed, *, announced: bool) -> None:
    if not announced:
        stage.own(deed, stage.chance.choice(("ana", "ana", *USERS)))
    elif stage.chance.random() < 0.7:
        stage.foreign(deed)
        stage.feeds.caught_up()
    else:
        stage.server.hub.hold_events()
        stage.foreign(deed, note=", event held back")
        stage.warm(stage.some_questions(8))
        stage.server.hub.release_events()
        stage.feeds.caught_up()


def _about(stage: Stage, row: Row) -> list[Question]:
    """Questions that do not look at whom the row belongs to: about it, its like, and what hangs on it."""
    kind, chance = row["__type__"], stage.chance
    asks: list[Callable[[str], str]] = [
        lambda name: f"select {_KEYS.get(name, 'id')} from {name}",
        lambda name: f"select {_SHOWN[name]} from {name}",
        lambda name: f"select {_SHOWN[name]} from {name} order by {_KEYS.get(name, 'id')} limit 4",
        lambda name: f'select {_SHOWN[name]} from {name} where {_SHOWN[name]} is_not "nothing"',
    ]
    texts = [f"select {_SHOWN[kind]} from {kind} where id is {row['id']}", asks[0](kind), chance.choice(asks)(kind)]
    texts += [chance.choice(asks[1:])(below) for below in _BELOW.get(kind, ())]
    chance.shuffle(texts)
    return [Question("bo" if chance.random() < 0.7 else chance.choice(USERS), (text,)) for text in texts]
