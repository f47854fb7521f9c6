"""On a miss: what to ask of ftrack, so that it answers this read and those that are about to follow."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ftrack_proxy.entities.default_attributes import DefaultAttributes
from ftrack_proxy.entities.entity_store import (
    EntityRef,
    EntitySpace,
    EntityStore,
    ListSegment,
    SiblingGroup,
)
from ftrack_proxy.entities.prefetch_budget import PrefetchBudgets
from ftrack_proxy.entities.sibling_queries import NotSplittable, NPlusOnePattern, list_name, walks_of
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import AnswerLost
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.protocol.responses import Failure
from ftrack_proxy.queries.bound_query import Bound, BoundQuery
from ftrack_proxy.queries.projection_tree import Tree, covers, paths_of, projections_of, united
from ftrack_proxy.queries.row_keys import query_for_rows
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.flights import JOINABLE_AGE, Fetched
from ftrack_proxy.request.recall import MissingRows, Recall
from ftrack_proxy.request.shared_task import SharedTask

# Rows that one request asks for by id: 20 kB of text.
_CHUNK = 500
# Lists that one request asks for together, and the rows that it may bring.
_LISTS = 200
_MOST_ROWS = 5_000
# Rows that a list is reckoned to have until it is known.
_ROWS_A_LIST = 5
# Requests of one errand at the same time, and errands of one client that bring more than it asked for.
_AT_ONCE = 8
_PREFETCHES = 4
# Members that a client may come to by itself after ftrack did not answer for many at once.
_SETBACK = 20
_NEVER = -(10**9)

Subject = tuple[EntitySpace, object]


@dataclass(slots=True)
class Errand:
    """Requests to send. ``covers`` names, for others who would ask the same, what they will bring.

    ``finish`` makes knowledge of the answers; ``spare`` are rows beyond those that the client asked for; ``set_back``
    sees to it that so much is not asked for again at once, should it fail.
    """

    questions: Sequence[tuple[str, BoundQuery]]
    covers: Mapping[object, Tree]
    spare: int = 0
    widened: str | None = None
    finish: Callable[[Fetched], None] | None = None
    set_back: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class _UnderWay:
    began: float
    tree: Tree
    work: SharedTask[Fetched | None]


@dataclass(frozen=True, slots=True)
class UnderWay:
    """Others' errands that will bring what a read lacks, and for how many seconds yet it may wait for them."""

    works: Collection[SharedTask[Fetched | None]]
    patience: float

    async def ended(self) -> bool:
        """Wait until they have ended, however they did; false if that takes too long."""
        waiting = [work.outcome(self.patience) for work in self.works]
        outcomes = await asyncio.gather(*waiting, return_exceptions=True)
        return not any(isinstance(outcome, TimeoutError) for outcome in outcomes)


@dataclass(slots=True)
class Errands:
    """Plans errands, carries them out, and lets others wait for them."""

    fetcher: Fetcher
    recall: Recall
    binder: Binder
    usual: DefaultAttributes
    budget: PrefetchBudgets
    counters: Counters
    _under_way: dict[Subject, _UnderWay] = field(default_factory=dict)
    _prefetching: Counter[Principal] = field(default_factory=Counter)

    def under_way(self, call: ApiCall, bound: Bound, lacking: MissingRows | None, now: float) -> UnderWay | None:
        """What to wait for, if everything that is lacking has been asked for already, and not long ago."""
        space = call.entity_space
        if not isinstance(bound, BoundQuery) or bound.tree is None or space is None:
            return None
        tree = bound.tree
        subjects: list[object] = [bound.list_name]
        if bound.row_keys is not None:
            subjects = [(bound.query.entity_type, key) for key in lacking.keys] if lacking else []
        found = [self._under_way.get((space, subject)) for subject in subjects]
        fitting = [
            entry
            for entry in found
            if entry and entry.work.is_open and covers(entry.tree, tree) and now < entry.began + JOINABLE_AGE
        ]
        if not fitting or len(fitting) < len(found):
            return None
        return UnderWay({entry.work for entry in fitting}, min(e.began for e in fitting) + JOINABLE_AGE - now)

    def plan(self, call: ApiCall, bound: Bound, lacking: MissingRows | None, start: Moment) -> Errand | None:
        """Decide what to ask; ``None`` if the client's own question is the best."""
        try:
            return self._plan(call, bound, lacking, start)
        except Exception as error:
            note_fault(self.counters, "planning", error)
            return None

    def _plan(self, call: ApiCall, bound: Bound, lacking: MissingRows | None, start: Moment) -> Errand | None:
        entity_store = self.recall.entity_store(call)
        if entity_store is None or not isinstance(bound, BoundQuery) or bound.tree is None:
            return None
        if entity_store.habits.vary or (bound.is_long and bound.row_keys is None):
            return None  # What came might not be put together again; or there is too much to go through.
        if bound.row_keys is None:
            return self._for_lists(call, entity_store, bound, bound.tree, start)
        declared = bound.catalogue.types[bound.query.entity_type]
        if lacking is None or len(declared.primary_key) != 1:
            return None
        if len(bound.row_keys) > 1:
            return self._for_rows(bound, bound.tree, [key[0] for key in lacking.keys], declared.primary_key[0])
        ref = EntityRef(bound.shape.key_space, bound.row_keys[0])
        return self._for_one(call, entity_store, bound, bound.tree, ref, declared.primary_key[0], start)

    async def carry_out(self, call: ApiCall, errand: Errand, now: float) -> Fetched | None:
        """Ask, and take in the answers; returns the last of them, an error if there was one.

        Raises:
            NotSent, AnswerLost: ftrack could not be asked.
        """
        space, principal = call.entity_space, call.principal
        assert space is not None
        assert principal is not None
        work = SharedTask(self._carry_out(call, errand), "errand")
        for subject, tree in errand.covers.items():
            self._under_way[space, subject] = _UnderWay(now, tree, work)
        self._prefetching[principal] += errand.spare > 0
        work.task.add_done_callback(lambda _: self._done(space, principal, errand, work))
        return await work.outcome()

    async def _carry_out(self, call: ApiCall, errand: Errand) -> Fetched | None:
        if errand.spare:
            self.counters.prefetches += 1
            self.counters.prefetched += errand.spare
        turns = asyncio.Semaphore(_AT_ONCE)
        tasks = [asyncio.create_task(self._ask(call, *question, errand, turns)) for question in errand.questions]
        try:
            fetched = await asyncio.gather(*tasks)
        except AnswerLost:
            _set_back(errand)
            raise
        finally:
            for task in tasks:
                task.cancel()
        failed = next((one for one in fetched if one.result is None), None)
        if failed is not None:
            _set_back(errand)
            if errand.widened is not None and failed.failure is Failure.REFUSAL:
                self.usual.refuse(errand.widened)
            return failed
        return fetched[-1] if fetched else None

    async def _ask(
        self, call: ApiCall, expression: str, bound: BoundQuery, errand: Errand, turns: asyncio.Semaphore
    ) -> Fetched:
        async with turns:
            fetched = await self.fetcher.ask(call, expression, bound, prefetched=bool(errand.spare))
        if errand.finish is not None and fetched.result is not None:
            try:
                errand.finish(fetched)
            except Exception as error:
                note_fault(self.counters, "splitting", error)
        return fetched

    def _done(self, space: EntitySpace, principal: Principal, errand: Errand, work: SharedTask[Fetched | None]) -> None:
        for subject in errand.covers:
            entry = self._under_way.get((space, subject))
            if entry is not None and entry.work is work:
                del self._under_way[space, subject]
        self._prefetching[principal] -= errand.spare > 0
        if not self._prefetching[principal]:
            del self._prefetching[principal]

    def _may_prefetch(self, call: ApiCall, wanted: int, now: float) -> int:
        """How many rows this client may have fetched beyond what it asks for: limits are for these alone."""
        if call.principal is None or self._prefetching[call.principal] >= _PREFETCHES:
            return 0
        return self.budget.take(call.principal, wanted, now)

    # -- rows by id

    def _for_rows(self, bound: BoundQuery, tree: Tree, identities: Sequence[str], key: str) -> Errand | None:
        """Ask for those rows alone of which too little is known."""
        type_name, questions = bound.query.entity_type, []
        for begin in range(0, len(identities), _CHUNK):
            question = self._question(type_name, key, identities[begin : begin + _CHUNK], tree)
            if question is None:
                return None
            questions.append(question)
        return Errand(questions, {(type_name, (identity,)): tree for identity in identities})

    def _for_one(
        self,
        call: ApiCall,
        entity_store: EntityStore,
        bound: BoundQuery,
        shown: Tree,
        ref: EntityRef,
        key: str,
        start: Moment,
    ) -> Errand | None:
        """Ask for one row and its usual attributes; once a list is seen to be walked, for more of its rows."""
        type_name, catalogue = bound.query.entity_type, bound.catalogue
        self.usual.note(type_name, shown, catalogue)
        walk = (type_name, *paths_of(shown))
        group, siblings = self._siblings(call, entity_store, bound, ref, walk, start)
        identities = [ref.key[0], *siblings]
        usual = self.usual.of(type_name, catalogue) if call.representation.form is EntityForm.NORMALISED else {}
        for tree in (united((shown, usual)), shown):
            question = self._question(type_name, key, identities, tree)
            if question is not None:
                return Errand(
                    [question],
                    {(type_name, (identity,)): tree for identity in identities},
                    spare=len(siblings),
                    widened=type_name if tree is not shown else None,
                    set_back=None if group is None else partial(group.walked.__setitem__, walk, -_SETBACK),
                )
        return None

    def _siblings(
        self,
        call: ApiCall,
        entity_store: EntityStore,
        bound: BoundQuery,
        ref: EntityRef,
        walk: object,
        start: Moment,
    ) -> tuple[SiblingGroup | None, list[str]]:
        """The list that the client walks along, if any, and the ids of the rows that it is about to come to."""
        known = entity_store.known(ref)
        walked = known.walk(walk) if known is not None else ()
        attempt = self.recall.begin(call, bound, start)
        if not walked or attempt is None:
            return None, []
        group = max(walked, key=lambda group: len(group.members))
        found: list[str] = []
        for other in _onwards(group, ref):
            if len(found) == _CHUNK - 1:
                break
            told = entity_store.known(other)
            type_name = told.observations[0].type_name if told is not None and told.observations else None
            if other.family == ref.family and type_name in bound.shape.types and not attempt.knows(other):
                found.append(other.key[0])
        return group, found[: self._may_prefetch(call, len(found), start.at)]

    def _question(
        self, type_name: str, key: str, identities: Sequence[str], tree: Tree
    ) -> tuple[str, BoundQuery] | None:
        expression = canonical(query_for_rows(type_name, key, identities, tree))
        bound = self.binder.bind_expression(expression)
        return None if bound is None or bound.tree is None else (expression, bound)

    # -- lists

    def _for_lists(
        self, call: ApiCall, entity_store: EntityStore, bound: BoundQuery, tree: Tree, start: Moment
    ) -> Errand | None:
        """Once the id in a query is seen to walk along a list, ask the query for more of that list's ids."""
        for walk in walks_of(bound.query, bound.catalogue):
            for ref in walk.refs:
                known = entity_store.known(ref)
                walked = known.walk(walk.shape) if known is not None else ()
                if not walked:
                    continue
                group = max(walked, key=lambda group: len(group.members))
                errand = self._for_siblings(call, entity_store, bound, tree, walk, group, ref, start)
                if errand is not None:
                    return errand
        return None

    def _for_siblings(
        self,
        call: ApiCall,
        entity_store: EntityStore,
        asked: BoundQuery,
        tree: Tree,
        walk: NPlusOnePattern,
        group: SiblingGroup,
        ref: EntityRef,
        start: Moment,
    ) -> Errand | None:
        identities = [ref.key[0]]
        for other in _onwards(group, ref):
            if len(identities) == _LISTS:
                break
            if other.family == ref.family and not self._has_list(
                entity_store, asked, list_name(walk, other.key[0]), start
            ):
                identities.append(other.key[0])
        granted = self._may_prefetch(call, (len(identities) - 1) * _ROWS_A_LIST, start.at) // _ROWS_A_LIST
        identities = identities[: 1 + granted]
        if len(identities) < 2:
            return None
        expression = canonical(walk.for_all(identities, projections_of(tree), _MOST_ROWS))
        bound = self.binder.bind_expression(expression)
        if bound is None or bound.tree is None:
            return None

        def finish(fetched: Fetched) -> None:
            if not _split(entity_store, walk, identities, fetched):
                group.walked[walk.shape] = _NEVER

        names: dict[object, Tree] = {list_name(walk, identity): tree for identity in identities}
        return Errand(
            [(expression, bound)],
            names,
            spare=len(identities) - 1,
            finish=finish,
            set_back=partial(group.walked.__setitem__, walk.shape, -_SETBACK),
        )

    def _has_list(self, entity_store: EntityStore, asked: BoundQuery, name: str, start: Moment) -> bool:
        return any(
            listing.covers(asked.query) and not self.recall.is_doubtful(listing.validity, asked, start)
            for listing in entity_store.listings(name)
        )


def _set_back(errand: Errand) -> None:
    if errand.set_back is not None and errand.spare:
        errand.set_back()


def _split(entity_store: EntityStore, walk: NPlusOnePattern, identities: Sequence[str], fetched: Fetched) -> bool:
    """Make lists of the answer to a question for many; false if that cannot be done."""
    result, taken = fetched.result, fetched.taken
    if result is None or taken is None or len(taken.rows) >= _MOST_ROWS:
        return False
    try:
        parts = walk.split(taken, identities)
    except NotSplittable:
        return False
    fitting = {identity: rows for identity, rows in parts.items() if walk.fits(rows)}
    for identity, rows in fitting.items():
        entity_store.list(list_name(walk, identity), ListSegment(0, rows, True, result.validity, prefetched=True))
    return len(fitting) == len(parts)


def _onwards(group: SiblingGroup, ref: EntityRef) -> Sequence[EntityRef]:
    """The other members, from where the client is, and then from the start."""
    at = group.members.index(ref)
    return (*group.members[at + 1 :], *group.members[:at])
