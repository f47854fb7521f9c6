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
from ftrack_proxy.entities.entity_store import EntityRef, Observation
from ftrack_proxy.judging.affects import affects
from ftrack_proxy.judging.judge import MOST_EXAMINED
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, Validity, may_stand
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

    def is_usable(self, validity: Validity) -> bool:
        """True if what came in an answer may be served at all at the start of this read, unless a change affects it."""
        return may_stand(validity, self.bound.terms, self.start, self.log)

    def accepts(self, used: Mapping[EntityRef, Observation]) -> bool:
        """True if certainly nothing has changed what is shown of a row by these observations, each of them usable."""
        oldest = min(observation.validity.good_through for observation in used.values())
        if oldest >= self.start.seq:
            return True
        return not self._is_affected(self._candidates(oldest, _mentioned(used)), used, oldest)

    def accepts_absence(self, key: tuple[str, ...], validity: Validity) -> bool:
        """True if certainly no row of this key has come since an answer lacked it that is still usable."""
        if not self.is_usable(validity):
            return False
        good_through = validity.good_through
        if good_through >= self.start.seq:
            return True
        entities = {key[0]: good_through} if len(key) == 1 else {}
        return not self._is_affected(self._candidates(good_through, entities), {}, good_through)

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
            validity=Validity(self.start, good_through),
            terms=self.bound.terms,
            durable=False,
            complete=True,
        )


def _mentioned(used: Mapping[EntityRef, Observation]) -> Mapping[str, int]:
    """The ids in a row, each with the change up to which all that tells of it is proven good: entities, and what
    plain foreign keys point to."""
    found: dict[str, int] = {}
    for ref, observation in used.items():
        good_through = observation.validity.good_through
        for value in (*ref.key, *observation.values):
            if isinstance(value, str):
                found[value] = min(good_through, found.get(value, good_through))
    return found
