"""Answer a read from what is known of entities, without ftrack and without the disk."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import orjson

from ftrack_proxy.changes.change_log import ChangeLog
from ftrack_proxy.entities.denormalise import Denormaliser, MissingValue
from ftrack_proxy.entities.entity_store import (
    Absence,
    EntityRef,
    EntitySpace,
    EntityStore,
    EntityStores,
    ListSegment,
    Observation,
)
from ftrack_proxy.entities.row_judge import RowJudge
from ftrack_proxy.entities.row_values import known_values
from ftrack_proxy.judging.evaluate import evaluate
from ftrack_proxy.judging.judge import judge
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.row_facts import RowFacts
from ftrack_proxy.judging.validity import Moment, Validity, may_stand, standing, weakest
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.protocol.responses import query_entry
from ftrack_proxy.queries.bound_query import Bound, BoundQuery
from ftrack_proxy.queries.projection_tree import Tree
from ftrack_proxy.queries.row_keys import Key
from ftrack_proxy.queries.window import window_of
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.threads import in_thread
from ftrack_proxy.values.truth import Truth
from ftrack_proxy.values.work import STEPS, OutOfBudget, Work

# Rows that are put together while everybody else waits: some milliseconds.
_AT_ONCE = 300
# Rows that are looked for by id one by one meanwhile.
_ROWS_AT_ONCE = 100
_STEPS_A_ROW = 20


class HitKind(Enum):
    """How an answer was found; the words stand in ``Cache-Status``."""

    EQUIVALENT = "equivalent"
    WINDOW = "window"
    PROJECTION = "projection"
    ENTITY = "entity"


@dataclass(frozen=True, slots=True)
class RecalledAnswer:
    """An answer put together from what is known; ``prefetched``: some of it before anybody asked."""

    kind: HitKind
    result: Result
    prefetched: bool


@dataclass(frozen=True, slots=True)
class MissingRows:
    """The rows that a query names and of which too little is known; ``known`` others could be answered."""

    keys: tuple[Key, ...]
    known: int


@dataclass(frozen=True, slots=True)
class Long:
    """An answer so long that others should not have to wait for it: a list, or rows by id."""

    attempt: _Attempt
    listing: ListSegment | None

    async def answer(self) -> RecalledAnswer | MissingRows | None:
        """Put it together in a thread, and in steps between which others have their turn."""
        if self.listing is None:
            rows = _Rows()
            for _ in self.attempt.gathering(rows):
                await asyncio.sleep(0)
            return await in_thread(self.attempt.from_rows, rows)
        return self._fresh(await in_thread(self.attempt.from_listing, self.listing))

    def answer_now(self) -> RecalledAnswer | MissingRows | None:
        """The same at once."""
        if self.listing is None:
            return self.attempt.by_id()
        return self._fresh(self.attempt.from_listing(self.listing))

    def _fresh(self, recalled: RecalledAnswer | None) -> RecalledAnswer | None:
        return recalled if recalled is not None and self.attempt.is_fresh(recalled) else None


@dataclass(slots=True)
class _Rows:
    """What was found of rows that a query names."""

    found: list[EntityRef] = field(default_factory=list)
    absent: list[Absence] = field(default_factory=list)
    lacking: list[Key] = field(default_factory=list)
    assembly: Denormaliser | None = None


class Recall:
    """Looks reads up among the known entities."""

    def __init__(self, log: ChangeLog, entity_stores: EntityStores) -> None:
        self._log = log
        self._entity_stores = entity_stores

    def kind_for(self, space: EntitySpace, bound: Bound, start: Moment) -> HitKind | None:
        """How a read in this space could be answered now without its own result; leaves no trace."""
        entity_store = self._entity_stores.peek(space)
        attempt = None if entity_store is None else self._attempt(entity_store, space[1], bound, start)
        found = None if attempt is None else attempt.answer()
        if isinstance(found, Long):
            found = found.answer_now()
        return found.kind if isinstance(found, RecalledAnswer) else None

    def entity_store(self, call: ApiCall) -> EntityStore | None:
        """What is known of entities in the call's partition, in the form in which it asks to be answered."""
        space = call.entity_space
        return None if space is None else self._entity_stores.of(space)

    def attempt(
        self, call: ApiCall, bound: Bound, start: Moment, stale: Validity | None = None
    ) -> RecalledAnswer | MissingRows | Long | None:
        """Answer a read that began at ``start``, or tell what is lacking; ``None`` if nothing can be said.

        ``stale`` is the validity of an answer that is known to be no good any more.
        """
        attempt = self.begin(call, bound, start)
        return None if attempt is None else attempt.answer(stale)

    def is_doubtful(self, validity: Validity, bound: Bound, start: Moment) -> bool:
        """True if of all that an answer told to such questions hardly anything is still good."""
        verdict = standing(validity, bound.terms, start, self._log)
        if verdict is not None:
            return not verdict.fresh
        return any(True for _ in self._log.unplaced(validity.good_through, start.seq, bound.families))

    def begin(self, call: ApiCall, bound: Bound, start: Moment) -> _Attempt | None:
        """Prepare to answer a read."""
        entity_store, form = self.entity_store(call), call.representation.form
        if entity_store is None or form is None:
            return None
        return self._attempt(entity_store, form, bound, start)

    def _attempt(self, entity_store: EntityStore, form: EntityForm, bound: Bound, start: Moment) -> _Attempt | None:
        if not isinstance(bound, BoundQuery) or bound.tree is None:
            return None
        if bound.terms.event_invalidated and not start.live:
            return None
        return _Attempt(entity_store, bound, bound.tree, start, self._log, form)


@dataclass(slots=True)
class _Attempt:
    """One read, looked up in what is known in one space."""

    entity_store: EntityStore
    bound: BoundQuery
    tree: Tree
    start: Moment
    log: ChangeLog
    form: EntityForm

    def answer(self, stale: Validity | None = None) -> RecalledAnswer | MissingRows | Long | None:
        """Answer the read, or tell what is lacking."""
        if self.bound.row_keys is None:
            return self.listed(stale)
        return Long(self, None) if len(self.bound.row_keys) > _ROWS_AT_ONCE else self.by_id()

    def by_id(self) -> RecalledAnswer | MissingRows:
        """Answer a query that names its rows, in the order in which it names them."""
        rows = _Rows()
        for _ in self.gathering(rows):
            pass
        return self.from_rows(rows)

    def gathering(self, rows: _Rows) -> Iterator[None]:
        """Look for the rows that a query names, in steps of some milliseconds."""
        rows.assembly = assembly = self._assembly()
        keys = self.bound.row_keys or ()
        for begin in range(0, len(keys), _ROWS_AT_ONCE):
            judge_row = self._judge_row()
            for key in keys[begin : begin + _ROWS_AT_ONCE]:
                ref = EntityRef(self.bound.shape.key_space, key)
                try:
                    assembly.gather(ref, self.tree, accept=lambda used: self._is_row(used, ref, judge_row))  # noqa: B023
                except MissingValue:
                    if not self._is_absent(key, judge_row, rows.absent):
                        rows.lacking.append(key)
                else:
                    rows.found.append(ref)
            yield

    def from_rows(self, rows: _Rows) -> RecalledAnswer | MissingRows:
        """The answer, if all rows were found."""
        keys = self.bound.row_keys or ()
        assert rows.assembly is not None
        if rows.lacking:
            return MissingRows(tuple(rows.lacking), len(keys) - len(rows.lacking))
        shown, following = window_of(self.bound.query, rows.found, offset=0, ended=True)
        try:
            return self._recalled(HitKind.ENTITY, rows.assembly, shown, following, rows.absent, self.start.seq)
        except MissingValue:
            return MissingRows(tuple(keys), 0)

    def knows(self, ref: EntityRef) -> bool:
        """True if a row could be shown as the query asks."""
        judge_row = self._judge_row()
        try:
            self._assembly().gather(ref, self.tree, accept=lambda used: self._is_row(used, ref, judge_row))
        except MissingValue:
            return self._is_absent(ref.key, judge_row, [])
        return True

    def listed(self, stale: Validity | None) -> RecalledAnswer | Long | None:
        """Answer a query whose rows, or more of them, came as an answer to another one."""
        for listing in self._listings(stale):
            rows, _ = listing.window(self.bound.query)
            if len(rows) > _AT_ONCE:
                return Long(self, listing)
            recalled = self.from_listing(listing)
            if recalled is not None and self.is_fresh(recalled):
                return recalled
        return None

    def _listings(self, stale: Validity | None) -> Iterator[ListSegment]:
        for listing in self.entity_store.listings(self.bound.list_name):
            usable = listing.validity is not stale and self.is_usable(listing.validity)
            if usable and listing.covers(self.bound.query):
                yield listing

    def is_fresh(self, recalled: RecalledAnswer) -> bool:
        """True if nothing has changed a list that was put together; then it is proven good up to this read."""
        verdict = judge(recalled.result, self.start, self.log, self.bound)
        recalled.result.validity.advance(verdict.good_through)
        return verdict.fresh

    def from_listing(self, listing: ListSegment) -> RecalledAnswer | None:
        """Put a list together as it was, if all that is to be shown of its rows is known."""
        try:
            return self._from_listing(listing)
        except MissingValue:
            return None

    def _from_listing(self, listing: ListSegment) -> RecalledAnswer:
        rows, following = listing.window(self.bound.query)
        assembly = self._assembly()
        for ref in rows:
            assembly.gather(ref, self.tree, listing.validity)
        # In the end: a row that another one shows more of may be of another moment than when it was met itself.
        work = Work(STEPS + _STEPS_A_ROW * len(rows))  # Many rows are gone through in a thread.
        if not all(self._belongs(assembly.used[ref], listing, work) for ref in rows):
            raise MissingValue
        kind = HitKind.PROJECTION if len(rows) == len(listing.rows) else HitKind.WINDOW
        return self._recalled(kind, assembly, rows, following, [listing], None)

    def _belongs(self, row: Observation, listing: ListSegment, work: Work) -> bool:
        """A row that is known from elsewhere than the list must not show that it is not, or elsewhere, in it."""
        if row.validity is listing.validity:
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
        """True if an answer may be served at all at the start of this read, unless a change affects it."""
        return may_stand(validity, self.bound.terms, self.start, self.log)

    def _is_row(self, used: Mapping[EntityRef, Observation], ref: EntityRef, judge_row: RowJudge) -> bool:
        return used[ref].type_name in self.bound.shape.types and judge_row.accepts(used)

    def _is_absent(self, key: Key, judge_row: RowJudge, absent: list[Absence]) -> bool:
        """True if ftrack itself answered that the row is not there. An event that says so may be anybody's."""
        absence = self.entity_store.absent(self.bound.query.entity_type, key)
        if absence is not None and judge_row.accepts_absence(key, absence.validity):
            absent.append(absence)
            return True
        return False

    def _assembly(self) -> Denormaliser:
        return Denormaliser(self.entity_store, self.bound.catalogue, self.is_usable, self.form is EntityForm.NORMALISED)

    def _judge_row(self) -> RowJudge:
        return RowJudge(self.bound, self.start, self.log)

    def _recalled(
        self,
        kind: HitKind,
        assembly: Denormaliser,
        rows: Sequence[EntityRef],
        following: int | None,
        beside: Sequence[ListSegment | Absence],
        good_through: int | None,
    ) -> RecalledAnswer:
        """``beside``: what it rests on besides the rows. ``good_through``: up to which change all of it was proven;
        ``None`` for what remains to be judged."""
        assembled = assembly.assembled([(ref, self.tree) for ref in rows])
        records = [*beside, *assembled.used.values()]
        validity = Validity(self.start, self.start.seq)
        if records:
            validity = weakest([record.validity for record in records])
        if good_through is not None:
            validity.advance(good_through)
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
        return RecalledAnswer(kind, result, any(record.prefetched for record in records))
