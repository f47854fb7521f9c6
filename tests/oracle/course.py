"""The plan of a run: which kinds of changes and questions it uses, and how often."""

from __future__ import annotations

from tests.oracle import borders, races, rows, walks, ways
from tests.oracle.stage import Stage
from tests.oracle.ways import Way

# Way -> how often.
WAYS: dict[Way, int] = {
    ways.new_questions: 10, ways.own_write: 24, ways.own_write_unheard: 10, ways.own_write_lost: 2,
    ways.foreign_write: 24, ways.foreign_write_late: 14, races.race: 10, races.related_race: 14,
    walks.walk_attributes: 24, walks.walk_siblings: 24,
    rows.known_row: 30, rows.written_row: 16, rows.one_moment: 16, rows.row_before_a_gap: 4, rows.row_of_age: 4,
    borders.other_hands: 16,
    ways.gap: 1, ways.flicker: 1, ways.sleep: 1, ways.restart: 1, ways.of_age: 4,
}  # fmt: skip


def open_stage(stage: Stage, questions: int = 30) -> None:
    """First questions, asked twice."""
    found = stage.new_questions(questions)
    stage.check(found)
    stage.check(found)


def take(stage: Stage, way: Way) -> None:
    """Let changes happen in one way."""
    stage.tally.ways[way.__name__] += 1
    way(stage)
