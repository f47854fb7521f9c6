"""What kinds of change would make an answer stale, in words: the rules of `affects`, told of one query."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from ftrack_proxy.judging.affects import EVERYTHING, RULES
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.queries.crossings import Names

# Names that are listed before "and N more": a list that nobody reads explains nothing.
_MOST_NAMES: Final = 12
_OF_EVERYTHING: Final = "the change may have touched anything, or the answer may have read anything"


def rule_in_words(rule: str) -> str:
    """What a rule protects: the first sentence of its own description."""
    if rule == EVERYTHING:
        return _OF_EVERYTHING
    function = RULES.get(rule)
    # Descriptions are stripped from optimised bytecode (python -OO); the id is left then.
    first, _, _ = ((function.__doc__ if function else None) or "").strip().partition("\n")
    return first.removeprefix(f"{rule}:").strip().rstrip(".") or rule


def invalidated_by(bound: BoundQuery) -> list[dict[str, Any]]:
    """List what would make an answer stale, by rule; ``rule`` is null for what is not a change.

    A rule that cannot fire for this query is left out. One that has no words of its own here is listed all the
    same, so that nothing is kept from who asks.
    """
    listed: list[dict[str, Any]] = []
    for rule in RULES:
        told = _WORDS.get(rule)
        changes = told(bound) if told is not None else ["see the rule"]
        if changes:
            listed.append({"rule": rule, "about": rule_in_words(rule), "changes": changes})
    unknown = "a change of which nothing is known: an unreadable write, another schema"
    listed.append({"rule": EVERYTHING, "about": _OF_EVERYTHING, "changes": [unknown]})
    if bound.terms.event_invalidated:
        gap = "an interruption of the change feed, a restart of the proxy"
        listed.append({"rule": None, "about": "what others change must be heard of", "changes": [gap]})
    age = f"{bound.terms.max_age:g} seconds since it was fetched"
    listed.append({"rule": None, "about": "the policy's age", "changes": [age]})
    return listed


def _anywhere(bound: BoundQuery) -> list[str]:
    families = ", ".join(sorted(bound.shape.reads.families))
    return [f"a change that does not say which rows of {families} it is of"] if families else []


def _content(bound: BoundQuery) -> list[str]:
    return [
        f"an update of {_names(names)} of {_one_shown(bound, family)} in the answer, or its removal"
        for family, names in sorted(bound.shape.shown.items())
    ]


def _entered(bound: BoundQuery) -> list[str]:
    row = _row(bound)
    return [f"a new {row}" if bound.query.criteria is None else f"a new {row} that may meet the criteria"]


def _moved(bound: BoundQuery) -> list[str]:
    if not bound.shape.own_filter:
        return []
    names = _names(bound.shape.own_filter)
    return [f"an update of {names} of {_one(_row(bound))}, unless the criteria hold, or fail, before and after"]


def _reordered(bound: BoundQuery) -> list[str]:
    if not bound.shape.own_order:
        return []
    return [f"an update of {_names(bound.shape.own_order)} of {_one(_row(bound))} that is or may come into the answer"]


def _made_room(bound: BoundQuery) -> list[str]:
    if bound.query.limit is None and not bound.query.offset:
        return []
    return [f"the removal of {_one(_row(bound))} outside the window (offset, limit)"]


def _crossing(bound: BoundQuery) -> list[str]:
    words = []
    for family, crossed in sorted(bound.shape.crossings.items()):
        one = _one(family)
        if crossed.names:
            words.append(f"an update of {_names(crossed.names)} of {one} that the criteria look at")
        comes_and_goes = "that comes, goes or changes its owner" if crossed.many else "that is removed"
        words.append(f"{one} {comes_and_goes}")
    return words


def _collection(bound: BoundQuery) -> list[str]:
    return [
        f"{_one(item)} that comes into a collection of {' or '.join(map(_one, sorted(owners)))} in the answer"
        for item, owners in sorted(bound.shape.listed.items())
    ]


def _derived_shown(bound: BoundQuery) -> list[str]:
    return _derived(bound, bound.shape.derived_shown, "that a shown value derives from")


def _derived_filter(bound: BoundQuery) -> list[str]:
    return _derived(bound, bound.shape.derived_filter, "that a compared value derives from")


def _derived(bound: BoundQuery, sources: Mapping[str, Names], how: str) -> list[str]:
    return [
        f"any change of {_one(family)} {how}"
        if "*" in names
        else f"a change of {_names(names)} of {_one(family)} {how}"
        for family, names in sorted(sources.items())
    ]


def _aggregated(bound: BoundQuery) -> list[str]:
    return [f"any change of {_one(_row(bound))} that may be counted"] if bound.shape.aggregated else []


_WORDS: Final[dict[str, Callable[[BoundQuery], list[str]]]] = {
    "A0": _anywhere,
    "A1": _content,
    "A2": _entered,
    "A3": _moved,
    "A4": _reordered,
    "A5": _made_room,
    "A6": _crossing,
    "A7": _collection,
    "A8": _derived_shown,
    "A9": _derived_filter,
    "A10": _aggregated,
}


def _row(bound: BoundQuery) -> str:
    return bound.query.entity_type


def _one_shown(bound: BoundQuery, family: str) -> str:
    """One of the rows that are shown: by the query's own type, where no relation leads to others of its family."""
    # A type that is called like another family is of that one; of any other type this is not known here.
    beside = {name for name, _ in bound.shape.reads.projections} - {_row(bound)}
    alone = family == bound.shape.family and beside <= bound.shape.reads.families - {family}
    return _one(_row(bound) if alone else family)


def _one(name: str) -> str:
    return f"an {name}" if name[:1] in "AEIO" else f"a {name}"


def _names(names: Iterable[str]) -> str:
    ordered = sorted(names)
    shown = ", ".join(ordered[:_MOST_NAMES])
    more = len(ordered) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown
