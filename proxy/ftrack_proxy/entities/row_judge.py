"""Whether what is known of a row is still so: the observations behind it against the changes since.

The rules are those for results (`judging.affects`). For a row that is asked for by its key, most changes need no
look: only those of the entities in it, those that are told of no single entity, and, where collections or derived
values are shown, those of the families that these come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson

from ftrack_proxy.changes.change import Change
from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.entities.entity_store import AnswerSource, EntityRef, Observation
from ftrack_proxy.judging.affects import affects
from ftrack_proxy.judging.judge import MOST_EXAMINED
from ftrack_proxy.judging.result import Moment, Result
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.values.work import OutOfBudget, Work


@dataclass(frozen=True, slots=True)
class RowJudge:
    """Judges rows that one query names by key, for a read that began at ``start``.

    All of them together may be so much ``work``; whatever is beyond counts as changed.
    """

    bound: BoundQuery
    start: Moment
    log: ChangeLog
    work: Work = field(default_factory=Work)

    def accepts(self, used: Mapping[EntityRef, Observation]) -> bool:
        """True if certainly nothing has changed what is shown of a row by these observations."""
        oldest = min(observation.source.good_through for observation in used.values())
        if oldest >= self.start.seq:
            return True
        if oldest < self.log.tail:
            return False
        return not self._is_affected(self._candidates(oldest, _mentioned(used)), used, oldest)

    def accepts_absence(self, key: tuple[str, ...], source: AnswerSource) -> bool:
        """True if certainly no row of this key has come since ``source`` lacked it."""
        if source.good_through >= self.start.seq:
            return True
        if source.good_through < self.log.tail:
            return False
        entities = {key[0]: source.good_through} if len(key) == 1 else {}
        candidates = self._candidates(source.good_through, entities)
        return not self._is_affected(candidates, {}, source.good_through)

    def _candidates(self, oldest: int, entities: Mapping[str, int]) -> Iterator[Change]:
        shape, through = self.bound.shape, self.start.seq
        for identity, good_through in entities.items():
            for _, change in self.log.of_entity(identity, good_through, through):
                yield change
        families = shape.reads.families
        for _, change in self.log.unplaced(oldest, through, families):
            yield change
        searched = {*shape.listed, *shape.derived_shown, *shape.derived_filter, *shape.crossings}
        for _, change in self.log.between(oldest, through, families & searched) if families & searched else ():
            yield change

    def _is_affected(
        self, candidates: Iterator[Change], used: Mapping[EntityRef, Observation], good_through: int
    ) -> bool:
        result: Result | None = None
        try:
            for examined, change in enumerate(candidates):
                if examined == MOST_EXAMINED:
                    return True
                if result is None:
                    result = self._result(used, good_through)
                if affects(change, result, self.bound, self.work) is not None:
                    return True
        except OutOfBudget:
            return True
        return False

    def _result(self, used: Mapping[EntityRef, Observation], good_through: int) -> Result:
        """What `affects` asks of an answer: the ids that occur in it, and names."""
        mentioned = [
            (ref.key, observation.type_name, tuple(observation.layout.places), observation.values)
            for ref, observation in used.items()
        ]
        return Result(
            body=orjson.dumps(mentioned, default=tuple),
            http_status=200,
            content_type="",
            families=self.bound.families,
            began=self.start,
            max_age=0.0,
            event_invalidated=False,
            durable=False,
            good_through=good_through,
            complete=True,
        )


def _mentioned(used: Mapping[EntityRef, Observation]) -> Mapping[str, int]:
    """The ids in a row, each with the change up to which all that tells of it is proven good: entities, and what
    plain foreign keys point to."""
    found: dict[str, int] = {}
    for ref, observation in used.items():
        good_through = observation.source.good_through
        for value in (*ref.key, *observation.values):
            if isinstance(value, str):
                found[value] = min(good_through, found.get(value, good_through))
    return found
