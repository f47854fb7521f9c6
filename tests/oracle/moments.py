"""While events are held back an answer may be of the past, but each entity in it is of one moment (G7).

That is: of one commit of the server's, not older than the last one that was heard of, nor than the asker's proxy's own
writes to what is shown. What one operation's answer tells of an entity is looked at; entities may be of different
moments.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tests.oracle.answers import Decoded, Identity, Torn, answer_of
from tests.oracle.questions import Question
from tests.oracle.stage import Mismatch, Stage
from tests.oracle.wire import Heard
from tests.oracle.wording import Wording, wording_of
from tests.oracle.writing import Deed

# They carry the asker's key.
_SIGNED = frozenset({"thumbnail_url", "url"})
Moment = tuple[frozenset[Identity], Mapping[Identity, Mapping[str, Any]]]


class Past:
    """The time from the present commit on, of which nothing is heard until the events are released."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self.since = stage.server.commits
        self._own: dict[str, dict[str, int]] = {}
        self._moments: dict[tuple[int, str, str], Moment] = {}

    def wrote(self, deed: Deed) -> None:
        """A write went through the proxy: what it wrote is not read as it was before (G1)."""
        for operation in deed.operations:
            key = operation.get("entity_key") or [operation["entity_data"].get("id", "")]
            names = [name for name in operation.get("entity_data", ("*",)) if name != "__entity_type__"]
            floors = self._own.setdefault(str(key[-1]), {})
            floors.update(dict.fromkeys(names, self._stage.server.commits))

    def check(self, questions: Sequence[Question]) -> None:
        """Ask; what comes may be of the past."""
        stage = self._stage
        heard = stage.board.ask([stage.bytes_of(question) for question in questions])
        for question, answer in zip(questions, heard, strict=True):
            self.compare(question, answer)

    def compare(self, question: Question, heard: Heard) -> None:
        """Every entity has to be as it was at one admissible moment, and a row at one at which it was a row."""
        self._stage.tally.count(heard)
        entries = orjson.loads(heard.body)
        if not isinstance(entries, list):
            self._stage.compare(question, heard, self._stage.truths([question]))
            return
        try:
            answer_of(heard.body)
        except Torn as torn:
            raise Mismatch(self._stage.report(question, heard, b"", f"torn: {torn}")) from None
        for expression, entry in zip(question.expressions, entries, strict=True):
            what = self._wrong(question, expression, entry)
            if what is not None:
                raise Mismatch(self._stage.report(question, heard, self._stage.truths([question])[0], what))

    def _wrong(self, question: Question, expression: str, entry: Any) -> str | None:
        answer = Decoded()
        rows = [answer.add(row) for row in entry["data"]]
        wording = wording_of(expression)
        if wording is None:
            return None
        if not _in_order([answer.entities[row] for row in rows], wording.order):
            return f"the rows show that their order is of another moment: {entry['data']}"
        uncut = f"{wording.kind} where {wording.criteria}" if wording.criteria else wording.kind
        for identity, told in answer.entities.items():
            known = [(c, self._told(c, question, identity)) for c in self._commits(identity, told)]
            moments = [c for c, there in known if _agrees(told, there)]
            if not moments:
                return f"{identity} is {told}, which it was at no moment: {known}"
            if identity in rows and not any(identity in self._moment(c, question.user, uncut)[0] for c in moments):
                return f"{identity} is {told}, but when it was, at {moments}, it was not among the rows"
        return None

    def _commits(self, identity: Identity, told: Mapping[str, Any]) -> range:
        own = self._own.get(identity[-1], {})
        floors = [commit for name, commit in own.items() if name in told or name == "*"]
        return range(max([self.since, *floors]), self._stage.server.commits + 1)

    def _told(self, commit: int, question: Question, identity: Identity) -> dict[str, Any]:
        """What a batch's queries show of an entity, if it is reached at all; any of them may tell it for all."""
        told: dict[str, Any] = {}
        for expression in question.expressions:
            wording = wording_of(expression)
            if wording is not None:
                everything = str(Wording(wording.kind, wording.projections))
                told.update(self._moment(commit, question.user, everything)[1].get(identity, {}))
        return told

    def _moment(self, commit: int, user: str, expression: str) -> Moment:
        """The rows of a query and all entities in its answer, right after a commit."""
        key = (commit, user, expression)
        if key not in self._moments:
            rows = self._stage.server.engine.query(expression, user, as_of=commit, normalised=True)
            answer = Decoded()
            told = frozenset(answer.add(row) for row in orjson.loads(orjson.dumps(rows)))
            self._moments[key] = (told, answer.entities)
        return self._moments[key]


def _in_order(rows: Sequence[Mapping[str, Any]], order: str) -> bool:
    """False if rows that are ordered by one text of theirs, and show it, are not in that order."""
    name, _, direction = order.partition(" ")
    values = [row.get(name) for row in rows]
    if "," in order or not all(isinstance(value, str) for value in values):
        return True
    return values == sorted(values, key=str, reverse=direction == "desc")


def _agrees(told: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
    return all(name in there and there[name] == value for name, value in told.items() if name not in _SIGNED)
