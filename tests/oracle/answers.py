"""Answers as clients understand them: bare references resolved, collections without order, rows in theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson

from tests.ftrack_server.schemas import build_schemas

Identity = tuple[str, ...]
_LINKS = ("CustomAttributeLink", "CustomAttributeLinkFrom")


class Torn(Exception):
    """One response tells two different values of one entity's attribute."""


@dataclass
class Decoded:
    """A batch's answer: the rows of every query by identity, and what the response tells of each entity."""

    rows: list[Any] = field(default_factory=list)
    offsets: list[Any] = field(default_factory=list)
    entities: dict[Identity, dict[str, Any]] = field(default_factory=dict)

    def add(self, value: Any) -> Any:
        """Take a value in; an entity is replaced by its identity."""
        if isinstance(value, list):
            members = [self.add(member) for member in value]
            is_collection = bool(value) and all(isinstance(v, dict) and "__entity_type__" in v for v in value)
            return sorted(members, key=repr) if is_collection else members
        if not isinstance(value, dict):
            return value
        if "__entity_type__" not in value:
            return {name: self.add(member) for name, member in value.items()}
        identity = identity_of(value)
        known = self.entities.setdefault(identity, {})
        _take_in(known, {name: self.add(member) for name, member in value.items()}, identity)
        return identity

    def rows_told_of(self) -> dict[Identity, dict[str, Any]]:
        """What is told of each row. Some have another type by the way they are reached, and whatever shows them first
        carries what was asked of them (ftrack-protocol 3.4): which type that is depends on the rest of the batch."""
        found: dict[Identity, dict[str, Any]] = {}
        for identity, told in self.entities.items():
            row = _row_of(identity)
            values = told if row == identity else {n: v for n, v in told.items() if n != "__entity_type__"}
            _take_in(found.setdefault(row, {}), values, row)
        return found


def _take_in(known: dict[str, Any], values: dict[str, Any], identity: Identity) -> None:
    for name, told in values.items():
        if name in known and known[name] != told:
            raise Torn(f"{identity}: {name} is {known[name]!r} and {told!r}")
        known[name] = told


def identity_of(entity: dict[str, Any]) -> Identity:
    """Type and key, as the clients tell entities apart."""
    kind = str(entity["__entity_type__"])
    return (kind, *(str(entity.get(name)) for name in key_names(kind)))


def _row_of(identity: Identity) -> Identity:
    """The row behind an identity, by one of the types that it can have."""
    kind, *key = identity
    if kind.endswith(_LINKS):
        return (_LINKS[0], *key)
    return ("NoteCategory", *key) if kind == "NoteLabel" else identity


def key_names(kind: str) -> list[str]:
    """The attributes of a type's primary key."""
    return _keys().get(kind, ["id"])


@cache
def _keys() -> dict[str, list[str]]:
    return {schema["id"]: schema["primary_key"] for schema in build_schemas()}


def decoded(entries: Any, ordered: Sequence[bool]) -> Any:
    """An answer in a form that can be compared; an error stands for itself."""
    if not isinstance(entries, list):
        return ("error", entries.get("exception") if isinstance(entries, dict) else entries)
    answer = Decoded()
    for entry, in_order in zip(entries, ordered, strict=True):
        rows = [answer.add(row) for row in entry["data"]]
        answer.rows.append(rows if in_order else sorted(rows, key=repr))
        answer.offsets.append((entry.get("metadata") or {}).get("next"))
    return (answer.rows, answer.offsets, answer.rows_told_of())


def answer_of(body: bytes) -> Decoded:
    """A whole body; empty if it is an error."""
    entries, answer = orjson.loads(body), Decoded()
    for entry in entries if isinstance(entries, list) else ():
        answer.rows.append([answer.add(row) for row in entry["data"]])
    return answer


def difference(proxied: bytes, direct: bytes, ordered: Sequence[bool], *, whole: bool = False) -> str | None:
    """What a client would see differently; ``None`` if nothing. ``whole``: every occurrence of an entity counts."""
    if proxied == direct:
        return None
    if whole:
        seen_whole, truth_whole = (_written_out(orjson.loads(body), ordered) for body in (proxied, direct))
        if seen_whole != truth_whole:
            return f"proxied {str(seen_whole)[:3000]}, direct {str(truth_whole)[:3000]}"
    truth = decoded(orjson.loads(direct), ordered)
    try:
        seen = decoded(orjson.loads(proxied), ordered)
    except Torn as torn:
        return f"torn: {torn}"
    except ValueError as error:
        return f"no JSON: {error}: {proxied[:200]!r}"
    return None if seen == truth else _told_apart(seen, truth)


def _written_out(entries: Any, ordered: Sequence[bool]) -> Any:
    """An answer in which nothing is shortened, in a form that can be compared."""
    if not isinstance(entries, list):
        return ("error", entries.get("exception") if isinstance(entries, dict) else entries)
    written = []
    for entry, in_order in zip(entries, ordered, strict=True):
        rows = [_sorted_within(row) for row in entry["data"]]
        written.append((rows if in_order else sorted(rows, key=repr), entry.get("metadata")))
    return written


def _sorted_within(value: Any) -> Any:
    """A value with its members and collections sorted."""
    if isinstance(value, dict):
        return {name: _sorted_within(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        members = [_sorted_within(member) for member in value]
        is_collection = bool(value) and all(isinstance(v, dict) and "__entity_type__" in v for v in value)
        return sorted(members, key=repr) if is_collection else members
    return value


def _told_apart(seen: Any, truth: Any) -> str:
    if seen[0] == "error" or truth[0] == "error":
        return f"proxied {str(seen)[:500]}, direct {str(truth)[:500]}"
    found: list[str] = []
    for number, (mine, theirs) in enumerate(zip(seen[0], truth[0], strict=True)):
        if mine != theirs:
            missing, excess = ([r for r in a if r not in b] for a, b in ((theirs, mine), (mine, theirs)))
            found.append(f"query {number}: missing {missing[:5]}, too much {excess[:5]}, or other order")
    if seen[1] != truth[1]:
        found.append(f"next offsets {seen[1]} instead of {truth[1]}")
    for identity in sorted({*seen[2], *truth[2]}):
        mine, theirs = seen[2].get(identity, {}), truth[2].get(identity, {})
        found.extend(
            f"{identity} {name}: {mine.get(name, 'absent')!r} instead of {theirs.get(name, 'absent')!r}"
            for name in sorted({*mine, *theirs})
            if mine.get(name, "absent") != theirs.get(name, "absent")
        )
    return "; ".join(found[:12])
