"""Why a query is answered as it is: canonical form, what it reads, how it may be kept, and what has become of what
was kept. Values in, a document out; it shows no entity's data and nobody's name."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ftrack_proxy.cache_policy.policy import Policy, PolicyKind
from ftrack_proxy.changes.change import Change, ChangeKind, ChangeSource
from ftrack_proxy.explaining.invalidation import invalidated_by, rule_in_words
from ftrack_proxy.judging.verdict import Reason, Verdict
from ftrack_proxy.language.canonical import canonical
from ftrack_proxy.language.parser import NotUnderstood, parse
from ftrack_proxy.language.syntax import Query
from ftrack_proxy.queries.bound_query import BoundQuery, bind_query
from ftrack_proxy.queries.bound_shape import BoundShape, bind_shape
from ftrack_proxy.queries.read_set import ReadSet
from ftrack_proxy.queries.resolve import Unresolvable
from ftrack_proxy.schema.catalogue import Catalogue

_KEYWORDS: Final = frozenset(
    {"select", "from", "where", "and", "or", "not", "in", "not_in", "is", "is_not", "like", "not_like", "has", "any"}
    | {"after", "before", "greater_than", "less_than", "order", "group", "by", "ascending", "descending"}
    | {"offset", "limit"}
)
_WORD: Final = re.compile(r"\s*(\w+)")
# The worst first: what several people's answers are summed up to.
_WORST: Final = (
    Reason.AFFECTED,
    Reason.LOG_OVERRUN,
    Reason.UNVERIFIED,
    Reason.UNSETTLED,
    Reason.AGED,
    Reason.CREDENTIALS,
    Reason.CURRENT,
)
_IN_WORDS: Final = {
    Reason.CURRENT: "no change since it was fetched affects it",
    Reason.AFFECTED: "a change since it was fetched affects it",
    Reason.UNVERIFIED: "the change feed was interrupted since it was fetched, or is not connected",
    Reason.AGED: "it is older than the policy allows",
    Reason.LOG_OVERRUN: "too much has changed since it was fetched",
    Reason.CREDENTIALS: "ftrack has not accepted its owner's credentials lately",
    Reason.UNSETTLED: "it was fetched right after a change that affects it: ftrack may not have known that one yet",
}
_SOURCES: Final = {
    ChangeSource.OWN_WRITE: "a write through this proxy",
    ChangeSource.HUB_EVENT: "an event of ftrack's hub",
    ChangeSource.LOCATION_EVENT: "a location event of ftrack's hub",
    ChangeSource.PURGE: "a purge",
    ChangeSource.SCHEMA: "another schema",
    ChangeSource.UNKNOWN: "an unknown source",
}


@dataclass(frozen=True, slots=True)
class QueryExplanation:
    """What can be told of an expression without looking at what is stored.

    ``query`` is missing if it was not understood, as ``problem`` at ``position`` says, and ``nearest`` are names that
    may have been meant; ``shape`` also as long as the schema is not known; ``bound`` also if its answer is not kept.
    """

    expression: str
    query: Query | None
    shape: BoundShape | None
    bound: BoundQuery | None
    position: int | None = None
    problem: str | None = None
    nearest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one stored result, the change that decided it if one did and is still known, and the offset and
    limit that it was asked with."""

    verdict: Verdict
    change: Change | None = None
    window: tuple[int, int | None] = (0, None)


def explained(expression: str, catalogue: Catalogue | None, policy: Policy) -> QueryExplanation:
    """Take an expression apart in the same way as a read does, and keep what went wrong."""
    try:
        query = parse(expression)
    except NotUnderstood as reason:
        nearest = _nearest_keywords(expression, reason.position)
        return QueryExplanation(expression, None, None, None, reason.position, reason.problem, nearest)
    if catalogue is None:
        return QueryExplanation(expression, query, None, None)
    try:
        shape = bind_shape(query, catalogue)
    except Unresolvable as reason:
        nearest = _nearest(reason.name, reason.among)
        return QueryExplanation(expression, query, None, None, reason.position, reason.problem, nearest)
    terms = None if query.volatile else policy.terms_of(shape.reads, catalogue.family_of)
    return QueryExplanation(expression, query, shape, None if terms is None else bind_query(query, shape, terms))


def _nearest_keywords(expression: str, position: int) -> tuple[str, ...]:
    """Keywords that may have been meant by the word that is not understood, or by the very first one."""
    word, first = _WORD.match(expression, position), _WORD.match(expression)
    found = _nearest(word[1], _KEYWORDS) if word is not None else ()
    return (*found, *(_nearest(first[1], {"select"}) if first is not None else ()))


def _nearest(name: str, among: Collection[str]) -> tuple[str, ...]:
    """The names most like ``name``, which are spelled otherwise; the likest first."""
    spelled = {other.lower(): other for other in sorted(among) if other != name}
    return tuple(spelled[near] for near in difflib.get_close_matches(name.lower(), spelled, n=3, cutoff=0.7))


def document(
    it: QueryExplanation,
    policy: Policy,
    judged: Sequence[Judgement],
    known: str | None,
    *,
    schema_known: bool,
    live: bool,
) -> dict[str, Any]:
    """Put together what is shown. ``judged``: all that is stored of the query, whoever asked it; ``known``: how it
    could be answered from known entities; ``live``: whether some change feed is connected."""
    worst = min(judged, key=lambda one: _WORST.index(one.verdict.reason), default=None)
    why_not = _why_not(it, policy, schema_known=schema_known, live=live)
    from_cache, why = _answered(judged, worst, known, why_not)
    return {
        "from_cache": from_cache,
        "why": why,
        "expression": it.expression,
        "understood": it.problem is None,
        "position": it.position,
        "problem": it.problem,
        "nearest": list(it.nearest),
        "schema_known": schema_known,
        "canonical": None if it.query is None else canonical(it.query),
        "reads": None if it.shape is None else _reads(it.shape.reads),
        "volatile": None if it.query is None else it.query.volatile,
        "policy": None if it.shape is None else _policy(it.bound, it.shape, policy),
        "cached": len(judged),
        "windows": [{"offset": offset, "limit": limit} for offset, limit in sorted(_windows(judged), key=str)],
        "known": known,
        "verdict": "none" if worst is None else "fresh" if worst.verdict.fresh else "stale",
        "reason": None if worst is None else _reason(worst),
        "invalidated_by": [] if it.bound is None else invalidated_by(it.bound),
        "why_not": why_not,
    }


def _windows(judged: Sequence[Judgement]) -> set[tuple[int, int | None]]:
    return {one.window for one in judged}


def _answered(
    judged: Sequence[Judgement], worst: Judgement | None, known: str | None, why_not: str | None
) -> tuple[bool, str]:
    """Say whether the query would be answered without ftrack now, and why."""
    fresh = sum(one.verdict.fresh for one in judged)
    if worst is not None and fresh == len(judged):
        return True, f"it is stored, and {_IN_WORDS[worst.verdict.reason]}"
    if worst is not None and fresh:
        return True, f"{fresh} of {len(judged)} stored answers to it are good; of the others, {_blame(worst)}"
    if known is not None:
        return True, "it can be put together from what other answers told"
    if why_not is not None:
        return False, why_not
    if worst is not None:
        return False, f"it is stored, but {_blame(worst)}"
    return False, "nobody has asked it since this proxy was started, or it was given up for others; it will be kept"


def _blame(worst: Judgement) -> str:
    words = _IN_WORDS[worst.verdict.reason]
    return words if worst.change is None else f"{words} ({_change(worst.change)['words']})"


def _reads(reads: ReadSet) -> dict[str, list[str]]:
    return {
        "filter": _pairs(reads.attributes),
        "projection": _pairs(reads.projections),
        "derived": _pairs(reads.derived),
        "families": sorted(reads.families),
    }


def _pairs(pairs: frozenset[tuple[str, str]]) -> list[str]:
    return sorted(f"{type_name}.{name}" for type_name, name in pairs)


def _policy(bound: BoundQuery | None, shape: BoundShape, policy: Policy) -> dict[str, Any]:
    terms = None if bound is None else bound.terms
    return {
        "kept": terms is not None,
        "max_age": terms.max_age if terms else None,
        "evented": terms.event_invalidated if terms else None,
        "durable": terms.durable if terms else None,
        "rules": [
            {"of": name, "kind": kind.value, "reason": reason}
            for name, kind, reason in policy.reasons(shape.reads, shape.catalogue.family_of)
        ],
    }


def _reason(worst: Judgement) -> dict[str, Any]:
    verdict = worst.verdict
    return {
        "value": verdict.reason.value,
        "words": _IN_WORDS[verdict.reason],
        "seq": verdict.seq,
        "rule": verdict.rule,
        "rule_words": None if verdict.rule is None else rule_in_words(verdict.rule),
        "change": None if worst.change is None else _change(worst.change),
    }


def _change(change: Change) -> dict[str, Any]:
    """One change without any value or id."""
    families = None if change.families is None else sorted(change.families)
    what = change.entity_type or (", ".join(families) if families is not None else "anything")
    names = sorted({name for reading in change.readings for name in reading.attributes})
    verb = "may have changed" if change.kind is ChangeKind.UNKNOWN else change.kind.value
    return {
        "kind": change.kind.value,
        "source": change.source.value,
        "entity_type": change.entity_type,
        "families": families,
        "attributes": names,
        "words": f"{_SOURCES[change.source]}: {what} {verb}" + (f" ({', '.join(names)})" if names else ""),
    }


def _why_not(it: QueryExplanation, policy: Policy, *, schema_known: bool, live: bool) -> str | None:
    """Why an answer would not be kept now, and the way out; ``None`` if it would be."""
    if it.problem is not None:
        return (
            f"not understood at position {it.position}: {it.problem}. ftrack answers it, and may understand it; "
            "correct it there, or write it in a plainer way"
        )
    if it.query is not None and it.query.volatile:
        return (
            "it depends on who asks or on the clock (an unquoted word in capitals, or such as today): write the "
            "value itself, in quotes"
        )
    if not schema_known or it.shape is None:
        return (
            "ftrack's schema is not known yet: it is asked for with the first query of a client; ask one and try again"
        )
    if it.bound is None:
        rules = policy.reasons(it.shape.reads, it.shape.catalogue.family_of)
        because = "; ".join(f"{name}: {reason}" for name, kind, reason in rules if kind is PolicyKind.UNCACHED)
        return (
            f"the policy keeps no answers that read {because}. Leave that out of the query, or see the setting policy"
        )
    if it.bound.terms.event_invalidated and not live:
        return (
            "no change feed is connected, and without one nobody tells when it changes: one is opened once ftrack "
            "has accepted a client; /-/status says under feed what is amiss"
        )
    return None
