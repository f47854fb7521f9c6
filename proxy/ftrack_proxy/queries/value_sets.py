"""Long lists of compared values: membership is a look-up, not a comparison with each.

``x in (a, b, ...)``, ``x is a or x is b ...`` and ``x is_not a and x is_not b ...`` become one node of the criteria.
What it says of a value is what comparing it with each would, in three-valued logic.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ftrack_proxy.facts.hierarchy import ANCESTORS
from ftrack_proxy.facts.naming import ID
from ftrack_proxy.language.syntax import And, Comparison, Criteria, InClause, Not, Or, Path, Quantified, Text
from ftrack_proxy.values.collation import folded, is_plain
from ftrack_proxy.values.numbers import is_close, number_of
from ftrack_proxy.values.truth import Truth

_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})
# Numbers near another one that are looked at one by one.
_FEW = 20


@dataclass(frozen=True, slots=True)
class ListedValues:
    """A path that is compared with each of several values, of which none is null."""

    path: Path
    negated: bool
    values: ComparedValues


@dataclass(frozen=True, slots=True)
class AnyOfValues:
    """``And`` or ``Or`` of prepared criteria."""

    terms: tuple[PreparedCriteria, ...]
    is_or: bool


@dataclass(frozen=True, slots=True)
class Opposite:
    """``Not`` of prepared criteria."""

    term: PreparedCriteria


@dataclass(frozen=True, slots=True)
class Undecided:
    """What is never certain, whatever is known of an entity."""


PreparedCriteria = Criteria | ListedValues | AnyOfValues | Opposite | Undecided


class ComparedValues:
    """Values that something is compared with, sorted by how they compare."""

    __slots__ = (
        "_bare_number", "_classes", "_exact", "_folded", "_fractions", "_numbers", "_numeric", "_odd", "_sorted",
        "empty",
    )  # fmt: skip

    def __init__(self, values: Iterable[Text]) -> None:
        texts = [value.value for value in values]
        self.empty = "" in texts
        self._odd = any("\\" in text for text in texts) or not all(map(is_plain, texts))
        self._exact = frozenset(text for text in texts if "\\" not in text)
        self._folded = frozenset(map(folded, texts))
        numbers = [number_of(text) for text in texts]
        self._numeric = None not in numbers
        known = [number for number in numbers if number is not None]
        self._numbers = frozenset(number for number in known if number.is_integer())
        self._sorted = sorted(known)
        self._fractions = [number for number in self._sorted if not number.is_integer()]
        self._bare_number = any(
            not value.quoted and number is not None for value, number in zip(values, numbers, strict=True)
        )
        self._classes = frozenset(map(_class_of, texts))

    def same_id(self, identity: str) -> bool:
        """True if an id is one of them, as it is written."""
        return identity in self._exact

    def may_be_same(self, text: str) -> bool:
        """False only if a text is none of them under any collation."""
        return self._odd or not is_plain(text) or folded(text) in self._folded

    def text(self, known: str) -> Truth:
        """Whether a text is one of them."""
        if known in self._exact:
            return Truth.TRUE
        if self._bare_number and number_of(known[:1]) is not None:
            return Truth.UNKNOWN  # A bare number may be compared as one: 7 with the text "07".
        return Truth.UNKNOWN if self.may_be_same(known) else Truth.FALSE

    def number(self, known: float | None) -> Truth:
        """Whether a number is one of them."""
        if known is None:
            return Truth.UNKNOWN
        if known.is_integer() and known in self._numbers:
            return Truth.TRUE
        return Truth.FALSE if self._numeric and not self._is_close(known) else Truth.UNKNOWN

    def _is_close(self, known: float) -> bool:
        """True if one of them is nearly the same, and both are not whole: how many digits are kept is not known."""
        margin = 2e-5 * max(1.0, abs(known))
        others = self._fractions if known.is_integer() else self._sorted
        begin, end = bisect_left(others, known - margin), bisect_right(others, known + margin)
        return end - begin > _FEW or any(is_close(known, other) for other in others[begin:end])

    def boolean(self, known: str) -> Truth:
        """Whether a boolean is one of them."""
        mine = _class_of(known)
        if mine is None:
            return Truth.UNKNOWN
        if mine in self._classes:
            return Truth.TRUE
        return Truth.UNKNOWN if None in self._classes else Truth.FALSE


def _class_of(text: str) -> bool | None:
    lower = text.strip().lower()
    return True if lower in _TRUE else False if lower in _FALSE else None


def prepared(criteria: Criteria) -> PreparedCriteria:
    """The same criteria with lists that are looked up."""
    match criteria:
        case And(terms=terms) | Or(terms=terms):
            return _several(terms, is_or=isinstance(criteria, Or))
        case Not(term=term):
            return Opposite(prepared(term))
        case InClause(path=path, negated=negated, values=values, subquery=None):
            return Undecided() if _has_null(values) else ListedValues(path, negated, ComparedValues(values))
        case Quantified(path=path, inner=InClause(path=inner, negated=False, values=values, subquery=None)) if (
            str(path) == ANCESTORS and str(inner) == ID
        ):
            return (
                Undecided()
                if _has_null(values)
                else ListedValues(Path((*path.steps, *inner.steps)), False, ComparedValues(values))
            )
        case Comparison() | InClause() | Quantified():  # pragma: no branch - the last kinds
            return criteria


def _several(terms: Sequence[Criteria], *, is_or: bool) -> PreparedCriteria:
    """Join comparisons of one path that decide together: ``or`` of ``is``, ``and`` of ``is_not``."""
    operator = "is" if is_or else "is_not"
    chains: dict[str, list[Comparison]] = {}
    others: list[Criteria] = []
    for term in terms:
        if isinstance(term, Comparison) and term.operator == operator and not term.value.is_null:
            chains.setdefault(str(term.path), []).append(term)
        else:
            others.append(term)
    joined: list[PreparedCriteria] = list(map(prepared, others))
    for chain in chains.values():
        if len(chain) == 1:
            joined += chain
        else:
            joined.append(ListedValues(chain[0].path, not is_or, ComparedValues([term.value for term in chain])))
    return joined[0] if len(joined) == 1 else AnyOfValues(tuple(joined), is_or)


def _has_null(values: Sequence[Text]) -> bool:
    return any(value.is_null for value in values)
