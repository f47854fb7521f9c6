"""What an expression parses into: immutable values that compare by meaning, not by where they stood.

Every node carries ``position`` (index into the expression) for
messages; it does not take part in equality.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

Operator = Literal["is", "is_not", ">", "<", ">=", "<=", "like", "not_like"]
"""Comparison operators under one spelling each: ``=`` is ``is``, ``after`` and ``greater_than`` are ``>``
(ftrack-protocol 4.1)."""

Quantifier = Literal["has", "any"]
Function = Literal["count", "sum", "avg", "min", "max"]


@dataclass(frozen=True, slots=True)
class Step:
    """One name of a path, with the type it is narrowed to: ``parent[Shot]`` (ftrack-protocol 4.6)."""

    name: str
    cast: str | None = None


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted path through relations to an attribute."""

    steps: tuple[Step, ...]
    position: int = field(default=0, compare=False)

    def __str__(self) -> str:
        return ".".join(step.name if step.cast is None else f"{step.name}[{step.cast}]" for step in self.steps)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """``count(id)``: rows are then plain objects, not entities (ftrack-protocol 4.9)."""

    function: Function
    path: Path
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    """A value as written. ``none`` is null, and a text if it is quoted (ftrack-protocol 4.2): so ``quoted`` is kept."""

    value: str
    quoted: bool
    position: int = field(default=0, compare=False)

    @property
    def is_null(self) -> bool:
        return not self.quoted and self.value in ("none", "None")


@dataclass(frozen=True, slots=True)
class Comparison:
    path: Path
    operator: Operator
    value: Text
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class InClause:
    """``in`` and ``not_in``: a list of values, or a sub-query (then ``values`` is empty)."""

    path: Path
    negated: bool
    values: tuple[Text, ...] = ()
    subquery: Query | None = None
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Quantified:
    """``relation has (...)`` and ``relation any (...)``; without criteria: the relation is set, not empty
    (ftrack-protocol 4.4)."""

    path: Path
    quantifier: Quantifier
    inner: Criteria | None = None
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    term: Criteria
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class And:
    terms: tuple[Criteria, ...]
    position: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Or:
    terms: tuple[Criteria, ...]
    position: int = field(default=0, compare=False)


Criteria = And | Or | Not | Comparison | InClause | Quantified


@dataclass(frozen=True, slots=True)
class Order:
    """One sort key."""

    path: Path
    descending: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """A whole expression, or a sub-query.

    ``projections`` is empty when there was no select clause: the server then takes the type's default
    projections (ftrack-protocol 4.3). ``volatile``: the answer may depend on the caller or the clock (see
    ``parser.is_volatile``).
    """

    entity_type: str
    projections: tuple[Path | Aggregate, ...] = ()
    criteria: Criteria | None = None
    group_by: tuple[Path, ...] = ()
    order: tuple[Order, ...] = ()
    offset: int | None = None
    limit: int | None = None
    volatile: bool = False
    position: int = field(default=0, compare=False)
