"""Look a read up among the known entities: put its answer together, or tell what is missing. Leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import orjson

from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.entities.denormalise import Denormaliser, MissingValue
from ftrack_proxy.entities.entity_store import Absence, EntityRef, EntityStore, ListSegment, Observation
from ftrack_proxy.entities.row_judge import RowJudge
from ftrack_proxy.entities.row_values import known_values
from ftrack_proxy.judging.evaluate import evaluate
from ftrack_proxy.judging.judge import judge
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.row_facts import RowFacts
from ftrack_proxy.judging.validity import Moment, Validity, may_stand, standing, weakest
from ftrack_proxy.protocol.headers import HitKind
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.protocol.responses import query_entry
from ftrack_proxy.queries.bound_query import Bound, BoundQuery
from ftrack_proxy.queries.projection_tree import Tree
from ftrack_proxy.queries.row_keys import Key
from ftrack_proxy.queries.window import window_of
from ftrack_proxy.values.truth import Truth
from ftrack_proxy.values.work import STEPS, OutOfBudget, Work

# Rows that are put together while everybody else waits: some milliseconds.
_AT_ONCE = 300
# Rows that are looked for by id one by one meanwhile.
_ROWS_AT_ONCE = 100
_STEPS_A_ROW = 20


@dataclass(frozen=True, slots=True)
class EntityAnswer:
    """An answer put together from what is known; ``prefetched``: some of it before anybody asked."""

    kind: HitKind
    result: Result
    prefetched: bool = False


@dataclass(frozen=True, slots=True)
class MissingRows:
    """The rows that a query names and of which too little is known; ``known`` others could be answered."""

    keys: tuple[Key, ...]
    known: int = 0


@dataclass(slots=True)
class _Rows:
    """What was found of rows that a query names."""

    denormaliser: Denormaliser
    found: list[EntityRef] = field(default_factory=list)
    absent: list[Absence] = field(default_factory=list)
    missing: list[Key] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class LongAnswer:
    """An answer so long that others should not have to wait for it: of a list (``segment``), or of rows by id.

    First take all ``steps``, between which others may have their turn; then `put_together` is for a thread; what it
    says is to be ``judged``.
    """

    lookup: EntityLookup
    segment: ListSegment | None
    _rows: _Rows

    def steps(self) -> Iterator[None]:
        """Look for the rows, some at a time."""
        return iter(()) if self.segment is not None else self.lookup.search(self._rows)

    def put_together(self) -> EntityAnswer | MissingRows | None:
        """Write the answer."""
        if self.segment is None:
            return self.lookup.from_rows(self._rows)
        return self.lookup.from_segment(self.segment)

    def judged(self, answer: EntityAnswer | MissingRows | None) -> EntityAnswer | MissingRows | None:
        """Let go of a list that something has changed. Not for a thread: the change log grows meanwhile."""
        if self.segment is None or not isinstance(answer, EntityAnswer):
            return answer
        return self.lookup.if_fresh(answer)


@dataclass(frozen=True, slots=True)
class EntityLookup:
    """One read that began at ``start``, to be answered in this ``form`` from these records."""

    records: EntityStore
    bound: BoundQuery
    tree: Tree
    start: Moment
    log: ChangeLog
    form: EntityForm

    def answer(self, stale: Validity | None = None) -> EntityAnswer | MissingRows | LongAnswer | None:
        """Answer the read, or tell what is missing; ``None`` if nothing can be said.

        ``stale`` is the validity of an answer that is known to be no good any more.
        """
        if self.bound.row_keys is None:
            return self._listed(stale)
        rows = _Rows(self._denormaliser())
        if len(self.bound.row_keys) > _ROWS_AT_ONCE:
            return LongAnswer(self, None, rows)
        for _ in self.search(rows):
            pass
        return self.from_rows(rows)

    @property
    def refs(self) -> list[EntityRef]:
        """The entities that the query names."""
        return [EntityRef(self.bound.shape.key_space, key) for key in self.bound.row_keys or ()]

    def search(self, rows: _Rows) -> Iterator[None]:
        """Look for the rows that a query names, in the order in which it names them, in steps of some milliseconds."""
        refs = self.refs
        for begin in range(0, len(refs), _ROWS_AT_ONCE):
            judge_row = self._judge_row()
            for ref in refs[begin : begin + _ROWS_AT_ONCE]:
                try:
                    rows.denormaliser.gather(ref, self.tree, accept=lambda used: self._is_row(used, ref, judge_row))  # noqa: B023
                except MissingValue:
                    if not self._is_absent(ref.key, judge_row, rows.absent):
                        rows.missing.append(ref.key)
                else:
                    rows.found.append(ref)
            yield

    def from_rows(self, rows: _Rows) -> EntityAnswer | MissingRows:
        """The answer, if all rows were found."""
        keys = self.bound.row_keys or ()
        if rows.missing:
            return MissingRows(tuple(rows.missing), len(keys) - len(rows.missing))
        shown, following = window_of(self.bound.query, rows.found, offset=0, ended=True)
        try:
            answer = self._written(HitKind.ENTITY, rows.denormaliser, shown, following, rows.absent)
        except MissingValue:
            return MissingRows(tuple(keys))
        # Each row was judged by itself, up to this read.
        answer.result.validity.advance(self.start.seq)
        return answer

    def knows(self, ref: EntityRef) -> bool:
        """True if a row could be shown as the query asks."""
        judge_row = self._judge_row()
        try:
            self._denormaliser().gather(ref, self.tree, accept=lambda used: self._is_row(used, ref, judge_row))
        except MissingValue:
            return self._is_absent(ref.key, judge_row, [])
        return True

    def has_list(self, name: str) -> bool:
        """True if the window that the query looks through is known of the list of this name, and little has changed."""
        return any(
            segment.covers(self.bound.query) and not self._is_doubtful(segment.validity)
            for segment in self.records.listings(name)
        )

    def _listed(self, stale: Validity | None) -> EntityAnswer | LongAnswer | None:
        """Answer a query whose rows, or more of them, came as an answer to another one."""
        for segment in self.records.listings(self.bound.list_name):
            usable = segment.validity is not stale and self.is_usable(segment.validity)
            if not usable or not segment.covers(self.bound.query):
                continue
            rows, _ = segment.window(self.bound.query)
            if len(rows) > _AT_ONCE:
                return LongAnswer(self, segment, _Rows(self._denormaliser()))
            answer = self.from_segment(segment)
            if answer is not None and self.if_fresh(answer) is not None:
                return answer
        return None

    def from_segment(self, segment: ListSegment) -> EntityAnswer | None:
        """Put a list together as it was, if all that is to be shown of its rows is known."""
        try:
            return self._from_segment(segment)
        except MissingValue:
            return None

    def if_fresh(self, answer: EntityAnswer) -> EntityAnswer | None:
        """A list that was put together, if nothing has changed it; then it is proven good up to this read."""
        verdict = judge(answer.result, self.start, self.log, self.bound)
        answer.result.validity.advance(verdict.good_through)
        return answer if verdict.fresh else None

    def _from_segment(self, segment: ListSegment) -> EntityAnswer:
        rows, following = segment.window(self.bound.query)
        denormaliser = self._denormaliser()
        for ref in rows:
            denormaliser.gather(ref, self.tree, segment.validity)
        # In the end: a row that another one shows more of may be of another moment than when it was met itself.
        work = Work(STEPS + _STEPS_A_ROW * len(rows))  # Many rows are gone through in a thread.
        if not all(self._belongs(denormaliser.used[ref], segment, work) for ref in rows):
            raise MissingValue
        kind = HitKind.PROJECTION if len(rows) == len(segment.rows) else HitKind.WINDOW
        return self._written(kind, denormaliser, rows, following, [segment])

    def _belongs(self, row: Observation, segment: ListSegment, work: Work) -> bool:
        """A row that is known from elsewhere than the list must not show that it is not, or elsewhere, in it."""
        if row.validity is segment.validity:
            return True
        shape = self.bound.shape
        if not shape.own_order.isdisjoint(row.layout.places):
            return False
        facts = RowFacts(shape.family, None, known_values(row, shape.catalogue), ())
        try:
            met = evaluate(self.bound.criteria, facts, shape.types, shape.catalogue, work=work)
        except OutOfBudget:
            return False
        return met is not Truth.FALSE

    def is_usable(self, validity: Validity) -> bool:
        """True if what came in an answer may be served at all at the start of this read, unless a change affects it."""
        return may_stand(validity, self.bound.terms, self.start, self.log)

    def _is_doubtful(self, validity: Validity) -> bool:
        """True if of all that an answer told to such questions hardly anything is still good."""
        verdict = standing(validity, self.bound.terms, self.start, self.log)
        if verdict is not None:
            return not verdict.fresh
        changes = self.log.unplaced(validity.good_through, self.start.seq, self.bound.families)
        return any(True for _ in changes)

    def _is_row(self, used: Mapping[EntityRef, Observation], ref: EntityRef, judge_row: RowJudge) -> bool:
        return used[ref].type_name in self.bound.shape.types and judge_row.accepts(used)

    def _is_absent(self, key: Key, judge_row: RowJudge, absent: list[Absence]) -> bool:
        """True if ftrack itself answered that the row is not there. An event that says so may be anybody's."""
        absence = self.records.absent(self.bound.query.entity_type, key)
        if absence is not None and judge_row.accepts_absence(key, absence.validity):
            absent.append(absence)
            return True
        return False

    def _denormaliser(self) -> Denormaliser:
        normalised = self.form is EntityForm.NORMALISED
        return Denormaliser(self.records, self.bound.catalogue, self.is_usable, normalised)

    def _judge_row(self) -> RowJudge:
        return RowJudge(self.bound, self.start, self.log)

    def _written(
        self,
        kind: HitKind,
        denormaliser: Denormaliser,
        rows: Sequence[EntityRef],
        following: int | None,
        beside: Sequence[ListSegment | Absence],
    ) -> EntityAnswer:
        """The answer of these rows, as good as what is known least well of them, and of what it rests on ``beside``."""
        assembled = denormaliser.assembled([(ref, self.tree) for ref in rows])
        records = [*beside, *assembled.used.values()]
        validity = weakest([record.validity for record in records]) if records else Validity(self.start, self.start.seq)
        result = Result(
            body=orjson.dumps(query_entry(assembled.rows, following)),
            http_status=200,
            content_type="application/json",
            families=self.bound.families,
            validity=validity,
            terms=self.bound.terms,
            durable=False,
            complete=following is None and not self.bound.query.offset,
        )
        return EntityAnswer(kind, result, any(record.prefetched for record in records))


def lookup_of(
    records: EntityStore, bound: Bound | None, start: Moment, log: ChangeLog, form: EntityForm
) -> EntityLookup | None:
    """Prepare to answer a read; ``None`` if its answer cannot be put together from entity records."""
    if not isinstance(bound, BoundQuery) or bound.tree is None:
        return None
    if bound.terms.event_invalidated and not start.live:
        return None
    return EntityLookup(records, bound, bound.tree, start, log, form)
