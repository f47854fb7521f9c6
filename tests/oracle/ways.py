"""How changes reach the server and the proxy: through the proxy or not, events in disorder, gaps."""

from __future__ import annotations

from collections.abc import Callable

from tests.harness import until
from tests.oracle.stage import USERS, Stage

Way = Callable[[Stage], None]
_GROUP = 24
_RELATED = 18


def look(stage: Stage) -> None:
    """Every live answer is right; what was just fetched is, too, when it comes from the store, whole or in parts."""
    # Now and then what is known meets the change before the answers that it is known from do.
    early = stage.related_questions(_RELATED) if stage.chance.random() < 0.5 else []
    stage.check(early)
    stage.check(stage.live)
    stage.check(stage.some_questions(_GROUP))
    stage.check(stage.related_questions(_RELATED))


def new_questions(stage: Stage) -> None:
    """Other questions become live."""
    found = stage.new_questions(stage.chance.randint(2, 6))
    stage.check(found)
    stage.check(found)


def own_write(stage: Stage) -> None:
    """A write through the proxy, its event in time."""
    stage.own(stage.deeds.deed(announced=False), stage.chance.choice(USERS))
    look(stage)


def own_write_unheard(stage: Stage) -> None:
    """Writes through the proxy whose events are held back, and then come."""
    stage.server.hub.hold_events()
    for _ in range(stage.chance.randint(1, 3)):
        stage.own(stage.deeds.deed(announced=False), stage.chance.choice(USERS), note=", events held back")
        stage.check(stage.live)
    stage.server.hub.release_events(reorder=stage.chance.random() < 0.5)
    look(stage)
    stage.feeds.caught_up()


def own_write_lost(stage: Stage) -> None:
    """The answer of a write gets lost; it has happened, and its event is held back."""
    stage.server.hub.hold_events()
    stage.server.drop_next(after_commit=True)
    answer = stage.own(stage.deeds.deed(announced=False), note=", answer lost")
    assert answer["exception"] == "WriteOutcomeUnknownError", answer
    look(stage)
    stage.server.hub.release_events()
    stage.feeds.caught_up()


def foreign_write(stage: Stage) -> None:
    """Somebody else's writes, heard of."""
    if stage.chance.random() < 0.3:
        stage.server.hub.duplicate_next(2)
    for _ in range(stage.chance.choice((1, 1, 1, 2, 4))):
        stage.foreign(stage.deeds.deed(announced=True))
    stage.feeds.caught_up()
    stage.server.hub.duplicate_next(0)
    look(stage)


def foreign_write_late(stage: Stage) -> None:
    """Somebody else's events come late, perhaps in the wrong order; what is asked meanwhile fills the store."""
    stage.server.hub.hold_events()
    for _ in range(stage.chance.randint(1, 3)):
        stage.foreign(stage.deeds.deed(announced=True), note=", event held back")
        stage.warm(stage.some_questions(_GROUP) + stage.related_questions(_RELATED))
        if stage.chance.random() < 0.3:
            stage.own(stage.deeds.deed(announced=False), stage.chance.choice(USERS), note=", events held back")
            stage.warm(stage.some_questions(_GROUP))
    stage.server.hub.release_events(reorder=stage.chance.random() < 0.5)
    stage.feeds.caught_up()
    look(stage)


def gap(stage: Stage) -> None:
    """The feed is cut; what happens meanwhile is never told."""
    stage.tell("the hub is cut")
    stage.server.hub.cut()
    stage.feeds.wait_lost()
    for _ in range(stage.chance.randint(1, 3)):
        stage.foreign(stage.deeds.deed(announced=True), note=", 400 s ago")
        # What is kept for a time only may, in the gap, be as old as that: no event tells of anything.
        stage.proxy.clock.ahead += 400
        look(stage)
    stage.tell("the hub is back")
    stage.server.hub.resume()
    stage.feeds.wait_live()
    look(stage)


def flicker(stage: Stage) -> None:
    """All sockets drop; the events until the reconnection are lost."""
    stage.tell("all sockets drop")
    epochs = stage.feeds.epochs()
    stage.server.hub.disconnect_all()
    stage.foreign(stage.deeds.deed(announced=True))
    until(lambda: all(a != b for a, b in zip(epochs, stage.feeds.epochs(), strict=True)), "the loss")
    stage.feeds.wait_live()
    look(stage)


def sleep(stage: Stage) -> None:
    """The machine sleeps: events are missed though the sockets look open."""
    stage.tell("the machine sleeps")
    stage.server.hub.go_silent()
    stage.foreign(stage.deeds.deed(announced=True))
    stage.proxy.clock.ahead += 200
    look(stage)
    stage.server.hub.speak()
    stage.server.hub.disconnect_all()
    stage.feeds.wait_live()
    look(stage)


def restart(stage: Stage) -> None:
    """The proxy ends and starts again on the same folder; in between things change."""
    stage.tell("the proxy ends")
    stage.stop_proxy()
    for _ in range(stage.chance.randint(0, 2)):
        stage.foreign(stage.deeds.deed(announced=True))
    stage.tell("the proxy starts")
    stage.start_proxy()
    look(stage)


def of_age(stage: Stage) -> None:
    """Something changes that no event tells of; it shows when the answers have reached their age."""
    stage.foreign(stage.deeds.unannounced(), silent=True, note=", 400 s ago")
    stage.proxy.clock.ahead += 400
    stage.feeds.count_as_heard()
    look(stage)
