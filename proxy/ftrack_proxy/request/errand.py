"""On a miss: what to ask of ftrack, so that it answers this read and those that are about to follow."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from ftrack_proxy.answers.budget import Budget
from ftrack_proxy.answers.knowledge import Group, Knowledge, Listing, Ref, Source
from ftrack_proxy.answers.reading import Reading, by_id, listing_covers
from ftrack_proxy.answers.siblings import NotSplit, Walk, list_name, walks_of
from ftrack_proxy.answers.tree import Tree, covers, paths_of, projections_of, united
from ftrack_proxy.answers.usual import Usual
from ftrack_proxy.freshness.result import Start
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import AnswerLost
from ftrack_proxy.protocol.options import Manner
from ftrack_proxy.protocol.responses import is_refusal
from ftrack_proxy.request.call import ApiCall
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.flights import JOINABLE_AGE, Fetched
from ftrack_proxy.request.recall import Lacking, Recall
from ftrack_proxy.request.understand import Understanding, Understood

# Rows that one request asks for by id: 20 kB of text.
_CHUNK = 500
# Lists that one request asks for together, and the rows that it may bring.
_LISTS = 200
_MOST_ROWS = 5_000
# Rows that a list is reckoned to have until it is known.
_ROWS_A_LIST = 5
_AT_ONCE = 4
# Members that a client may come to by itself after ftrack did not answer for many at once.
_SETBACK = 20
_NEVER = -(10**9)

Subject = tuple[bytes, object]


@dataclass(slots=True)
class Errand:
    """Requests to send. ``covers`` names, for others who would ask the same, what they will bring.

    ``finish`` makes knowledge of the answers; ``spare`` are rows beyond those that the client asked for; ``set_back``
    sees to it that so much is not asked for again at once, should it fail.
    """

    questions: Sequence[tuple[str, Understood]]
    covers: Mapping[object, Tree]
    spare: int = 0
    widened: str | None = None
    finish: Callable[[Fetched], None] | None = None
    set_back: Callable[[], None] | None = None


@dataclass(frozen=True, slots=True)
class _UnderWay:
    began: float
    tree: Tree
    task: asyncio.Task[Fetched | None]


@dataclass(slots=True)
class Errands:
    """Plans errands, carries them out, and lets others wait for them."""

    fetcher: Fetcher
    recall: Recall
    understanding: Understanding
    usual: Usual
    budget: Budget
    counters: Counters
    _under_way: dict[Subject, _UnderWay] = field(default_factory=dict)
    _limit: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(_AT_ONCE))

    def under_way(
        self, call: ApiCall, understood: Understood, lacking: Lacking | None, start: Start
    ) -> Awaitable[object] | None:
        """What to wait for, if everything that is lacking has been asked for already."""
        reading, knowledge_of = understood.reading, call.identity
        if reading is None or knowledge_of is None:
            return None
        subjects: list[object] = [reading.name]
        if reading.keys is not None:
            subjects = [(reading.query.entity_type, key) for key in lacking.keys] if lacking else []
        found = [self._under_way.get((_space(call), subject)) for subject in subjects]
        tasks = {
            entry.task
            for entry in found
            if entry and covers(entry.tree, reading.tree) and start.at - entry.began <= JOINABLE_AGE
        }
        if not found or any(entry is None or entry.task not in tasks for entry in found):
            return None
        return asyncio.wait(tasks)

    def plan(self, call: ApiCall, understood: Understood, lacking: Lacking | None, start: Start) -> Errand | None:
        """Decide what to ask; ``None`` if the client's own question is the best."""
        try:
            return self._plan(call, understood, lacking, start)
        except Exception as error:
            note_fault(self.counters, "planning", error)
            return None

    def _plan(self, call: ApiCall, understood: Understood, lacking: Lacking | None, start: Start) -> Errand | None:
        reading, knowledge = understood.reading, self.recall.knowledge(call)
        catalogue = understood.meaning.catalogue
        if reading is None or knowledge is None or catalogue is None:
            return None
        if reading.keys is None:
            return self._for_lists(knowledge, understood, reading, start)
        declared = catalogue.types[reading.query.entity_type]
        if lacking is None or len(declared.primary_key) != 1:
            return None
        if len(reading.keys) > 1:
            return self._for_rows(reading, [key[0] for key in lacking.keys], declared.primary_key[0])
        return self._for_one(call, knowledge, understood, reading, declared.primary_key[0], start)

    async def carry_out(self, call: ApiCall, errand: Errand, start: Start) -> Fetched | None:
        """Ask, and take in the answers; returns the last of them, an error if there was one.

        Raises:
            NotSent, AnswerLost: ftrack could not be asked.
        """
        task = asyncio.get_running_loop().create_task(self._carry_out(call, errand), name="errand")
        space = _space(call)
        for subject, tree in errand.covers.items():
            self._under_way[space, subject] = _UnderWay(start.at, tree, task)
        task.add_done_callback(lambda done: self._done(space, errand, done))
        return await asyncio.shield(task)

    async def _carry_out(self, call: ApiCall, errand: Errand) -> Fetched | None:
        if errand.spare:
            self.counters.prefetches += 1
            self.counters.prefetched += errand.spare
        asked = (self._ask(call, expression, u, errand) for expression, u in errand.questions)
        try:
            fetched = await asyncio.gather(*asked)
        except AnswerLost:
            _set_back(errand)
            raise
        failed = next((one for one in fetched if one.result is None), None)
        if failed is not None:
            _set_back(errand)
            if errand.widened is not None and is_refusal(failed.plain):
                self.usual.refuse(errand.widened)
            return failed
        return fetched[-1] if fetched else None

    async def _ask(self, call: ApiCall, expression: str, understood: Understood, errand: Errand) -> Fetched:
        async with self._limit:
            fetched = await self.fetcher.ask(call, expression, understood, prefetched=bool(errand.spare))
        if errand.finish is not None and fetched.result is not None:
            try:
                errand.finish(fetched)
            except Exception as error:
                note_fault(self.counters, "splitting", error)
        return fetched

    def _done(self, space: bytes, errand: Errand, task: asyncio.Task[Fetched | None]) -> None:
        for subject in errand.covers:
            entry = self._under_way.get((space, subject))
            if entry is not None and entry.task is task:
                del self._under_way[space, subject]
        if not task.cancelled():
            task.exception()  # seen: whoever waits gets it, and nobody may be waiting

    # -- rows by id

    def _for_rows(self, reading: Reading, identities: Sequence[str], key: str) -> Errand | None:
        """Ask for those rows alone of which too little is known."""
        type_name, questions = reading.query.entity_type, []
        for begin in range(0, len(identities), _CHUNK):
            question = self._question(type_name, key, identities[begin : begin + _CHUNK], reading.tree)
            if question is None:
                return None
            questions.append(question)
        return Errand(questions, {(type_name, (identity,)): reading.tree for identity in identities})

    def _for_one(
        self, call: ApiCall, knowledge: Knowledge, understood: Understood, reading: Reading, key: str, start: Start
    ) -> Errand | None:
        """Ask for one row and its usual attributes; once a list is seen to be walked, for more of its rows."""
        type_name, catalogue = reading.query.entity_type, understood.meaning.catalogue
        assert catalogue is not None
        self.usual.note(type_name, reading.tree, catalogue)
        ref = reading.refs()[0]
        walk = (type_name, *paths_of(reading.tree))
        group, siblings = self._siblings(call, knowledge, understood, ref, walk, start)
        identities = [ref.key[0], *siblings]
        usual = self.usual.of(type_name, catalogue) if call.manner is Manner.NORMALISED else {}
        for tree in (united((reading.tree, usual)), reading.tree):
            question = self._question(type_name, key, identities, tree)
            if question is not None:
                return Errand(
                    [question],
                    {(type_name, (identity,)): tree for identity in identities},
                    spare=len(siblings),
                    widened=type_name if tree is not reading.tree else None,
                    set_back=None if group is None else partial(group.walked.__setitem__, walk, -_SETBACK),
                )
        return None

    def _siblings(
        self, call: ApiCall, knowledge: Knowledge, understood: Understood, ref: Ref, walk: object, start: Start
    ) -> tuple[Group | None, list[str]]:
        """The list that the client walks along, if any, and the ids of the rows that it is about to come to."""
        known = knowledge.known(ref)
        walked = known.walk(walk) if known is not None else ()
        attempt = self.recall.begin(call, understood, start)
        question = understood.meaning.question
        if not walked or attempt is None or question is None:
            return None, []
        group = max(walked, key=lambda group: len(group.members))
        found: list[str] = []
        for other in _onwards(group, ref):
            if len(found) == _CHUNK - 1:
                break
            told = knowledge.known(other)
            type_name = told.observations[0].type_name if told is not None and told.observations else None
            if other.family == ref.family and type_name in question.types and not attempt.knows(other):
                found.append(other.key[0])
        return group, found[: self.budget.take(len(found), start.at)]

    def _question(
        self, type_name: str, key: str, identities: Sequence[str], tree: Tree
    ) -> tuple[str, Understood] | None:
        expression = canonical(by_id(type_name, key, identities, tree))
        understood = self.understanding.of_expression(expression)
        return None if understood is None or understood.reading is None else (expression, understood)

    # -- lists

    def _for_lists(self, knowledge: Knowledge, understood: Understood, reading: Reading, start: Start) -> Errand | None:
        """Once the id in a query is seen to walk along a list, ask the query for more of that list's ids."""
        catalogue = understood.meaning.catalogue
        assert catalogue is not None
        for walk in walks_of(reading.query, catalogue):
            for ref in walk.refs:
                known = knowledge.known(ref)
                walked = known.walk(walk.shape) if known is not None else ()
                if not walked:
                    continue
                group = max(walked, key=lambda group: len(group.members))
                errand = self._for_siblings(knowledge, understood, walk, group, ref, start)
                if errand is not None:
                    return errand
        return None

    def _for_siblings(
        self, knowledge: Knowledge, asked: Understood, walk: Walk, group: Group, ref: Ref, start: Start
    ) -> Errand | None:
        reading = asked.reading
        assert reading is not None
        identities = [ref.key[0]]
        for other in _onwards(group, ref):
            if len(identities) == _LISTS:
                break
            if other.family == ref.family and not self._has_list(
                knowledge, asked, list_name(walk, other.key[0]), start
            ):
                identities.append(other.key[0])
        granted = self.budget.take((len(identities) - 1) * _ROWS_A_LIST, start.at) // _ROWS_A_LIST
        identities = identities[: 1 + granted]
        if len(identities) < 2:
            return None
        expression = canonical(walk.for_all(identities, projections_of(reading.tree), _MOST_ROWS))
        understood = self.understanding.of_expression(expression)
        if understood is None or understood.reading is None:
            return None

        def finish(fetched: Fetched) -> None:
            if not _split(knowledge, walk, identities, fetched):
                group.walked[walk.shape] = _NEVER

        names: dict[object, Tree] = {list_name(walk, identity): reading.tree for identity in identities}
        return Errand(
            [(expression, understood)],
            names,
            spare=len(identities) - 1,
            finish=finish,
            set_back=partial(group.walked.__setitem__, walk.shape, -_SETBACK),
        )

    def _has_list(self, knowledge: Knowledge, asked: Understood, name: str, start: Start) -> bool:
        reading = asked.reading
        assert reading is not None
        return any(
            listing_covers(reading, listing) and not self.recall.is_doubtful(listing.source, asked, start)
            for listing in knowledge.listings(name)
        )


def _set_back(errand: Errand) -> None:
    if errand.set_back is not None and errand.spare:
        errand.set_back()


def _split(knowledge: Knowledge, walk: Walk, identities: Sequence[str], fetched: Fetched) -> bool:
    """Make lists of the answer to a question for many; false if that cannot be done."""
    result, taken = fetched.result, fetched.taken
    if result is None or taken is None or len(taken.rows) >= _MOST_ROWS or not isinstance(result.taken, Source):
        return False
    try:
        parts = walk.split(taken, identities)
    except NotSplit:
        return False
    fitting = {identity: rows for identity, rows in parts.items() if walk.fits(rows)}
    for identity, rows in fitting.items():
        knowledge.list(list_name(walk, identity), Listing(0, rows, True, result.taken))
    return len(fitting) == len(parts)


def _onwards(group: Group, ref: Ref) -> Sequence[Ref]:
    """The other members, from where the client is, and then from the start."""
    at = group.members.index(ref)
    return (*group.members[at + 1 :], *group.members[:at])


def _space(call: ApiCall) -> bytes:
    assert call.identity is not None
    return call.identity + (call.manner.value if call.manner else b"")
