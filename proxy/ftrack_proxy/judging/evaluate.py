"""Criteria on a partly known entity: certainly met, certainly not, or not known.

How ftrack compares is not known in every respect (case, collation, trailing blanks, ``_`` in ``like``, dates and
time zones), so a comparison is certain only where every reading of it agrees.
"""

from __future__ import annotations

from typing import Any

from ftrack_proxy.changes.change import UNKNOWN
from ftrack_proxy.facts.hierarchy import ANCESTORS
from ftrack_proxy.facts.naming import ID, KEY_SUFFIX, TYPE_NAME_SUFFIX
from ftrack_proxy.judging.row_facts import RowFacts
from ftrack_proxy.language.syntax import And, Comparison, Criteria, InClause, Not, Or, Path, Quantified, Text
from ftrack_proxy.queries.value_sets import AnyOfValues, ComparedValues, ListedValues, Opposite, PreparedCriteria
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.declared_types import Kind
from ftrack_proxy.schema.per_catalogue import per_catalogue
from ftrack_proxy.values.collation import may_be_same as _may_be_same
from ftrack_proxy.values.numbers import is_close, number_of
from ftrack_proxy.values.truth import Truth, conjunction, disjunction, negated, truth
from ftrack_proxy.values.work import Work

_TRUE = frozenset({"true", "1"})
_FALSE = frozenset({"false", "0"})


def evaluate(
    criteria: PreparedCriteria | None,
    facts: RowFacts,
    types: frozenset[str],
    catalogue: Catalogue,
    *,
    inverted: bool = False,
    work: Work | None = None,
) -> Truth:
    """Say whether an entity of one of ``types`` meets ``criteria``.

    ``inverted``: below a ``not``. What compares null with a value is not met, but whether its opposite then is met
    is open: databases say no, people yes.

    Raises:
        OutOfBudget: that would be more ``work`` than is left.
    """
    if work is not None:
        work.spend()
    match criteria:
        case None:
            return Truth.TRUE
        case And(terms=terms) | AnyOfValues(terms=terms, is_or=False):
            return conjunction(evaluate(term, facts, types, catalogue, inverted=inverted, work=work) for term in terms)
        case Or(terms=terms) | AnyOfValues(terms=terms):
            return disjunction(evaluate(term, facts, types, catalogue, inverted=inverted, work=work) for term in terms)
        case Not(term=term) | Opposite(term=term):
            return negated(evaluate(term, facts, types, catalogue, inverted=True, work=work))
        case Comparison(path=path, operator=operator, value=value):
            if not value.is_null and inverted and _leaf(path, facts) is None:
                return Truth.UNKNOWN
            return _comparison(path, operator, value, facts, types, catalogue)
        case InClause(path=path, negated=inverse, values=values, subquery=None):
            if any(value.is_null for value in values):
                return Truth.UNKNOWN
            return _membership(
                ListedValues(path, inverse, ComparedValues(values)), facts, types, catalogue, inverted=inverted
            )
        case ListedValues():
            return _membership(criteria, facts, types, catalogue, inverted=inverted)
        case Quantified(path=path, inner=inner):
            return _quantified(path, inner, facts)
        case _:
            return Truth.UNKNOWN


def _membership(
    listed: ListedValues, facts: RowFacts, types: frozenset[str], catalogue: Catalogue, *, inverted: bool
) -> Truth:
    path = listed.path
    if _is_ancestor_id(path):
        if listed.negated:
            return Truth.UNKNOWN  # Some ancestor is not in the list: not the opposite of one that is.
        return _any_ancestor(facts, listed.values)
    known = _leaf(path, facts)
    if known is UNKNOWN:
        return Truth.UNKNOWN
    if known is None:
        return Truth.UNKNOWN if listed.negated or inverted or listed.values.empty else Truth.FALSE
    found = _same_as_any(known, listed.values, _value_type(path, types, catalogue))
    return negated(found) if listed.negated else found


def _same_as_any(known: Any, values: ComparedValues, kind: str) -> Truth:
    if kind == "boolean":
        return values.boolean(str(known))
    if kind in ("number", "integer"):
        return values.number(number_of(known))
    return values.text(known) if kind == "string" and isinstance(known, str) else Truth.UNKNOWN


def _comparison(
    path: Path, operator: str, value: Text, facts: RowFacts, types: frozenset[str], catalogue: Catalogue
) -> Truth:
    if _is_ancestor_id(path):
        return _among_ancestors(facts, value) if operator == "is" else Truth.UNKNOWN
    known = _leaf(path, facts)
    if known is UNKNOWN:
        return Truth.UNKNOWN
    if operator == "is":
        return _same(known, value, path, types, catalogue)
    if operator == "is_not":
        if value.is_null:
            return Truth.UNKNOWN if known == "" else truth(known is not None)
        return Truth.UNKNOWN if known is None else negated(_same(known, value, path, types, catalogue))
    return Truth.UNKNOWN


def _quantified(path: Path, inner: Criteria | None, facts: RowFacts) -> Truth:
    """``ancestors any (id is x)``: the one collection whose members a change tells in full."""
    if len(path.steps) != 1 or path.steps[0].name != ANCESTORS or path.steps[0].cast is not None:
        return Truth.UNKNOWN
    match inner:
        case Comparison(path=inner_path, operator="is", value=value) if str(inner_path) == ID:
            return _among_ancestors(facts, value)
        case InClause(path=inner_path, negated=False, values=values, subquery=None) if str(inner_path) == ID:
            return Truth.UNKNOWN if any(v.is_null for v in values) else _any_ancestor(facts, ComparedValues(values))
        case _:
            return Truth.UNKNOWN


def _is_ancestor_id(path: Path) -> bool:
    return [step.name for step in path.steps] == [ANCESTORS, ID]


def _among_ancestors(facts: RowFacts, value: Text) -> Truth:
    return Truth.UNKNOWN if value.is_null else _any_ancestor(facts, ComparedValues([value]))


def _any_ancestor(facts: RowFacts, values: ComparedValues) -> Truth:
    above = facts.ancestors
    if above is None:
        return Truth.UNKNOWN
    # The project is above, but no typed context: whether it counts as an ancestor is open.
    if any(values.same_id(identity) for identity in above if identity != facts.above[-1][0]):
        return Truth.TRUE
    return Truth.UNKNOWN if any(map(values.may_be_same, above)) else Truth.FALSE


def _leaf(path: Path, facts: RowFacts) -> Any:
    """The value at the end of a path that starts at the entity and leads upwards; ``UNKNOWN`` otherwise."""
    current: RowFacts | None = facts
    steps = path.steps
    for index, step in enumerate(steps):
        if current is None or step.cast is not None:
            return UNKNOWN
        last = index == len(steps) - 1
        if last:
            return current.value(step.name)
        following = steps[index + 1]
        if following.name == ID and index == len(steps) - 2:
            told = current.value(step.name + KEY_SUFFIX)
            if told is not UNKNOWN:
                return told
        current = current.upwards(step.name)
    return UNKNOWN


def _same(known: Any, value: Text, path: Path, types: frozenset[str], catalogue: Catalogue) -> Truth:
    if (known == "" and value.is_null) or (known is None and not value.value):
        return Truth.UNKNOWN  # An empty text may be kept as null.
    if known is None or value.is_null:
        return truth(known is None and value.is_null)
    kind = _value_type(path, types, catalogue)
    if kind == "boolean":
        return _same_boolean(str(known), value.value)
    if kind in ("number", "integer"):
        return _same_number(known, value.value)
    if kind != "string" or not isinstance(known, str) or "\\" in value.value:
        return Truth.UNKNOWN
    if known == value.value:
        return Truth.TRUE
    if not value.quoted and number_of(value.value) is not None and number_of(known[:1]) is not None:
        return Truth.UNKNOWN  # A bare number may be compared as one: 7 with the text "07".
    return Truth.UNKNOWN if _may_be_same(known, value.value) else Truth.FALSE


def _value_type(path: Path, types: frozenset[str], catalogue: Catalogue) -> str:
    """The type that a compared attribute has wherever it can stand: string for ids; empty if it is open."""
    name = path.steps[-1].name
    if name.endswith(TYPE_NAME_SUFFIX):
        return ""
    if len(path.steps) > 1:
        return "string" if name == ID or name.endswith(KEY_SUFFIX) else ""
    return _type_of_values(catalogue, name, types)


@per_catalogue
def _type_of_values(catalogue: Catalogue, name: str, types: frozenset[str]) -> str:
    kinds = set()
    for type_name in types:
        for _, attribute in catalogue.lookup(type_name, name):
            dated = attribute.value_format == "date-time"
            plain = attribute.kind is Kind.SCALAR and not dated and not attribute.is_opaque
            kinds.add(attribute.value_type if plain else "")
    return (kinds.pop() or "") if len(kinds) == 1 else ""


def _same_boolean(known: str, text: str) -> Truth:
    mine, theirs = known.strip().lower(), text.strip().lower()
    for same, other in ((_TRUE, _FALSE), (_FALSE, _TRUE)):
        if mine in same and theirs in same:
            return Truth.TRUE
        if mine in same and theirs in other:
            return Truth.FALSE
    return Truth.UNKNOWN


def _same_number(known: Any, text: str) -> Truth:
    mine, theirs = number_of(known), number_of(text)
    if mine is None or theirs is None:
        return Truth.UNKNOWN
    if mine.is_integer() and theirs.is_integer():
        return truth(mine == theirs)
    return Truth.UNKNOWN if is_close(mine, theirs) else Truth.FALSE
