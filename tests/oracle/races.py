"""A fetch whose answer is held back while something changes; other reads join it meanwhile."""

from __future__ import annotations

from tests.harness import until
from tests.oracle.moments import Past
from tests.oracle.questions import Question
from tests.oracle.stage import Stage
from tests.oracle.ways import look
from tests.oracle.writing import Deed


def race(stage: Stage) -> None:
    """Two ask the same new question, one before and one after a change during the fetch."""
    question = next(q for q in iter(lambda: stage.new_questions()[0], None) if len(q.expressions) == 1)
    raced(stage, question, question)
    look(stage)
    stage.feeds.caught_up()


def related_race(stage: Stage) -> None:
    """One asks for what the other is just fetching some of."""
    stage.new_questions(2)
    questions = stage.related_questions(12)
    for _ in range(min(3, len(questions))):
        early = stage.chance.choice(questions)
        raced(stage, early, stage.chance.choice([early, *questions]))
    stage.check(questions)
    look(stage)
    stage.feeds.caught_up()


def raced(stage: Stage, early: Question, late: Question, deed: Deed | None = None) -> None:
    """``early`` is asked, its fetch is held while something changes, and then ``late`` is asked."""
    before, past = stage.truths([early])[0], Past(stage)
    held = stage.server.hold(action="query")
    first_line, second_line = stage.line(), stage.line()
    try:
        stage.tell(f"a fetch is held: {early}")
        counters = stage.proxy.parts.counters
        hits = counters.hits
        first_line.send(stage.bytes_of(early))
        until(lambda: held.reached or counters.hits > hits, "the fetch")
        _something_happens(stage, deed)
        second_line.send(stage.bytes_of(late))
        held.release()
        first, second = first_line.receive(), second_line.receive()
    finally:
        stage.server.clear_faults()
        first_line.close()
        second_line.close()
    stage.tell(f"asked meanwhile: {late}")
    stage.compare(late, second, stage.truths([late]))
    after = stage.truths([early])[0]
    if stage.differs(early, first, [before, after]):
        # Of some rows before, of others after the change.
        past.compare(early, first)
    else:
        stage.tally.count(first)


def _something_happens(stage: Stage, deed: Deed | None) -> None:
    chosen = stage.chance.random()
    if chosen < 0.45:
        stage.own(deed or stage.deeds.deed(announced=False), note=", during the fetch")
        return
    unheard = chosen > 0.92
    if unheard:
        stage.tell("the hub is cut during the fetch")
        stage.server.hub.cut()
        stage.feeds.wait_lost()
    stage.foreign(deed or stage.deeds.deed(announced=True), note=", during the fetch")
    if unheard:
        stage.server.hub.resume()
    stage.feeds.caught_up()
