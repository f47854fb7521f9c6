"""Many misses of one batch in one request, and its answer told apart.

ftrack writes an entity in full only once in a response, so what it says to one operation of several is not the answer
to that operation alone (ftrack-protocol 3.2): for this client it is, in this batch; for anybody else it is put
together anew out of what the whole response tells of each entity, if that is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from ftrack_proxy.entities.ingest import Part, ingesting_all
from ftrack_proxy.entities.normalise import NotNormalisable, normalise_all
from ftrack_proxy.judging.result import Result
from ftrack_proxy.judging.validity import Moment, weakest
from ftrack_proxy.observe.faults import note_fault
from ftrack_proxy.ports import Answer
from ftrack_proxy.protocol.headers import Forwarded, Handling
from ftrack_proxy.protocol.json_text import elements
from ftrack_proxy.protocol.representation import EntityForm
from ftrack_proxy.protocol.responses import failure_of, is_complete, is_success
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.queries.projection_tree import Tree
from ftrack_proxy.request.call import ApiCall, Read
from ftrack_proxy.request.fetch import Fetcher
from ftrack_proxy.request.flights import Fetched
from ftrack_proxy.request.journal import Journal
from ftrack_proxy.request.look_up import LookUp, Served
from ftrack_proxy.request.recall import MissingRows, Recall
from ftrack_proxy.request.threads import in_thread
from ftrack_proxy.request.unpack import Unpacked

# Parts that are put together anew while everybody else waits.
_AT_ONCE = 5
# Answers with more than this are told apart in a thread: their rows, and their bytes.
_MANY_ROWS = 200
_LONG = 2**18
_ENTITY = b'"__entity_type__"'


@dataclass(frozen=True, slots=True)
class Missed:
    """A read that could not be answered from what is at hand, and why."""

    read: Read
    lacking: MissingRows | None
    forwarded: Forwarded
    detail: str | None


def is_readable(missed: Missed) -> bool:
    """True if it is known what the answer may show of entities: then it can be told from others'.

    Other queries (with casts, say) might make ftrack show attributes of entities in their neighbours' answers that
    those did not ask for.
    """
    bound = missed.read.bound
    return not isinstance(bound, BoundQuery) or bound.tree is not None


@dataclass(frozen=True, slots=True)
class _Entry:
    """One operation's part of the answer."""

    missed: Missed
    raw: bytes
    content: object
    result: Result


@dataclass(frozen=True, slots=True)
class _Answered:
    """The same for a query that shows ``tree`` of its rows."""

    entry: _Entry
    bound: BoundQuery
    tree: Tree


class Together:
    """Asks for many reads of one client at once, in its own words."""

    def __init__(self, journal: Journal, fetcher: Fetcher, recall: Recall, look_up: LookUp) -> None:
        self._journal = journal
        self._fetcher = fetcher
        self._recall = recall
        self._look_up = look_up

    async def ask(self, call: ApiCall, missed: Sequence[Missed]) -> list[Served]:
        """Send one request, and keep what can be kept of its answer. In the order of ``missed``, if ftrack answered.

        Otherwise what came instead, as the only part; then it may not be an error, but is of no use for a batch.

        Raises:
            NotSent, AnswerLost: no answer.
        """
        assert call.credentials is not None
        began = self._journal.start(call.credentials)
        kinds = [one.read.operation.kind for one in missed]
        body = b"[" + b", ".join(one.read.operation.raw for one in missed) + b"]"
        answer = await self._fetcher.send(call, body)
        unpacked = await self._fetcher.unpacked(answer)
        self._fetcher.note(call, answer, unpacked.value, kinds, began)
        plain = unpacked.plain
        if plain is None or not unpacked.exact or not is_success(unpacked.value, len(missed)):
            failure = failure_of(answer.status, unpacked.value)
            fetched = Fetched(began, answer, plain, None, None, False, failure=failure)
            return [Served(Handling(missed[0].forwarded, missed[0].detail), None, fetched)]
        entries = await self._entries(call, answer, missed, unpacked, plain, began)
        kept = await self._keep(call, entries)
        # The head of the answer comes with the first part: one is enough.
        whole = Fetched(began, answer, plain, None, None, False)
        return [
            Served(
                Handling(entry.missed.forwarded, entry.missed.detail, stored=entry.missed.read.key in kept),
                entry.result,
                whole if entry is entries[0] else None,
                whole,
            )
            for entry in entries
        ]

    async def _entries(
        self, call: ApiCall, answer: Answer, missed: Sequence[Missed], unpacked: Unpacked, plain: bytes, began: Moment
    ) -> list[_Entry]:
        raws = await in_thread(_cut, plain) if len(plain) > _LONG else _cut(plain)
        entries = []
        for count, (one, raw, content) in enumerate(zip(missed, raws, unpacked.value, strict=True), start=1):
            is_query = isinstance(content, dict) and isinstance(content.get("data"), list)
            shown = content if is_query else {"data": []}
            result = self._fetcher.result(call, answer, raw, shown, one.read.bound, began)
            entries.append(_Entry(one, raw, content, result))
            if not count % _AT_ONCE:
                await asyncio.sleep(0)
        return entries

    async def _keep(self, call: ApiCall, entries: Sequence[_Entry]) -> set[bytes]:
        """Keep what stands by itself; returns its keys."""
        kept: set[bytes] = set()
        parts: list[_Answered] = []
        for entry in entries:
            read = entry.missed.read
            if not is_complete(read.operation.kind, entry.content):
                continue
            if isinstance(read.bound, BoundQuery) and read.bound.tree is not None:
                parts.append(_Answered(entry, read.bound, read.bound.tree))
            elif _ENTITY not in entry.raw:
                # No entity in it: nothing can be short, or longer than asked.
                self._fetcher.learn_entry(read.operation.kind, entry.content)
                entry.result.spelling = read.spelling
                if self._fetcher.keep(read.key, entry.result):
                    kept.add(read.key)
        if parts and await self._learn(call, parts):
            for count, part in enumerate(parts, start=1):
                missed = part.entry.missed
                read, handling = missed.read, Handling(missed.forwarded, missed.detail, stored=True)
                if isinstance(await self._look_up.recalled(read, handling), Served):
                    kept.add(read.key)
                if not count % _AT_ONCE:
                    await asyncio.sleep(0)
        return kept

    async def _learn(self, call: ApiCall, parts: Sequence[_Answered]) -> bool:
        """Take in what the answer tells of entities; false if it cannot be told, or shows what nobody asked for."""
        entity_store = self._recall.entity_store(call)
        catalogue = self._fetcher.binder.catalogue
        if entity_store is None or catalogue is None:
            return False
        if any(part.bound.catalogue is not catalogue for part in parts):
            return False
        contents = [(part.entry.content["data"], part.tree) for part in parts]  # type: ignore[index]
        normalised = call.representation.form is EntityForm.NORMALISED
        validity = weakest([part.entry.result.validity for part in parts])
        try:
            if sum(len(rows) for rows, _ in contents) > _MANY_ROWS:
                taken = await in_thread(normalise_all, contents, catalogue, normalised=normalised)
            else:
                taken = normalise_all(contents, catalogue, normalised=normalised)
            told: list[Part] = [
                (part.bound, part.entry.content, one)  # type: ignore[misc]
                for part, one in zip(parts, taken, strict=True)
            ]
            for _ in ingesting_all(entity_store, told, validity, catalogue):
                await asyncio.sleep(0)
        except NotNormalisable:
            return False
        except Exception as error:
            note_fault(self._journal.counters, "taking apart", error)
            return False
        if catalogue.note_unasked(entity_store.all_unasked):
            self._fetcher.binder.forget()
            return False
        return True


def _cut(plain: bytes) -> list[bytes]:
    """The entries of an answer, byte for byte."""
    return [raw.encode() for _, raw in elements(plain.decode())]
