"""Expressions on the world: which rows, in which order, cut to which window (ftrack-protocol 4)."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .compare import Wanted, compare
from .database import Row
from .language import Both, Either, Literal, Negation, Path, Select, Some, Step, Test
from .world import World

Visible = Callable[[Row], bool]


class QueryError(ValueError):
    """The expression names what the schema does not have."""


class Evaluator:
    """Evaluates expressions for one caller: rows that the caller may not see are absent."""

    def __init__(self, world: World, visible: Visible) -> None:
        self._world = world
        self._model = world.model
        self._visible = visible
        # A list or sub-select is read once, not once per row. The trees are kept alive by the caller.
        self._wanted: dict[int, Wanted] = {}

    def rows(self, select: Select) -> list[Row]:
        """All rows that meet the criteria, in order, without the window."""
        self._demand_type(select.entity_type)
        self._check_paths(select)
        found = [
            row
            for row in self._candidates(select)
            if self._visible(row) and (select.where is None or self._holds(select.where, row, select.entity_type))
        ]
        for path, descending in reversed(select.order):
            found.sort(key=lambda row, p=path: self._sort_key(row, select.entity_type, p), reverse=descending)  # type: ignore[misc]
        return found

    @staticmethod
    def window(rows: list[Row], select: Select) -> tuple[list[Row], int | None]:
        """Cut the window out; the second value is the next page's offset (ftrack-protocol 3.7)."""
        if select.limit is None:
            return rows[select.offset :], None
        page = rows[select.offset : select.offset + select.limit]
        end = select.offset + select.limit
        return page, end if select.limit and end < len(rows) else None

    def groups(self, select: Select) -> list[dict[str, Any]]:
        """The answer of an aggregation: plain objects (ftrack-protocol 4.9)."""
        grouped: dict[tuple[Any, ...], list[Row]] = {}
        for row in self.rows(select):
            key = tuple(self._first(row, select.entity_type, path) for path in select.group)
            grouped.setdefault(key, []).append(row)
        if not select.group:
            grouped.setdefault((), [])
        return [self._aggregated(select, key, rows) for key, rows in grouped.items()]

    def _aggregated(self, select: Select, key: tuple[Any, ...], rows: list[Row]) -> dict[str, Any]:
        answer = {_written(path): value for path, value in zip(select.group, key, strict=True)}
        for projection in select.projections or ():
            if isinstance(projection[0], str):
                function, path = projection
                values = [v for row in rows for v in self._leaves([row], select.entity_type, path) if v is not None]
                answer[f"{function}_{_written(path)}"] = _AGGREGATES[function](values)
        return answer

    # -- which rows come into question -----------------------------------------------------------------

    def _candidates(self, select: Select) -> Iterable[Row]:
        found = self._narrowed(select.where, select.entity_type)
        return self._world.rows(select.entity_type) if found is None else found

    def _narrowed(self, criteria: Any, type_name: str) -> list[Row] | None:
        """Rows among which all that meet the criteria are; ``None`` if no index helps."""
        if isinstance(criteria, Both):
            parts = (self._narrowed(part, type_name) for part in criteria.parts)
            return next((found for found in parts if found is not None), None)
        if isinstance(criteria, Either):
            # Clients ask for composite keys so: (a is 1 and b is 2) or (a is 1 and b is 3).
            together: dict[tuple[Any, ...], Row] = {}
            for part in criteria.parts:
                found = self._narrowed(part, type_name)
                if found is None:
                    return None
                keys = self._model.primary_key(type_name)
                together.update({tuple(row.get(key) for key in keys): row for row in found})
            return self._in_table_order(list(together.values()), type_name)
        return self._looked_up(criteria, type_name)

    def _looked_up(self, part: Any, type_name: str) -> list[Row] | None:
        """Rows by an index, for ``id is x``, ``parent.id is x`` and ``x in (...)`` on keys."""
        if not isinstance(part, Test) or part.operator not in ("is", "in"):
            return None
        values = part.value if isinstance(part.value, tuple) else (part.value,)
        if not all(isinstance(value, Literal) and not value.is_null for value in values):
            return None
        attribute = self._key_attribute(part.path, type_name)
        if attribute is None or self._definition(type_name, attribute).get("type") != "string":
            return None
        found: list[Row] = []
        for value in dict.fromkeys(literal.text for literal in values):
            rows = self._world.rows_having(type_name, attribute, value)
            if rows is None:
                return None
            found.extend(rows)
        # An index gives rows in another order than the table; a query without order gives the table's.
        return found if len(found) < 2 else self._in_table_order(found, type_name)

    def _in_table_order(self, rows: list[Row], type_name: str) -> list[Row]:
        keys = self._model.primary_key(type_name)
        table = self._world.database.tables[self._model.table(type_name)]
        return sorted(rows, key=lambda row: table.place(tuple(row.get(key) for key in keys)))

    def _key_attribute(self, path: Path, type_name: str) -> str | None:
        names = [step.name for step in path]
        if len(names) == 1:
            return names[0] if self._model.has(type_name, names[0]) else None
        if len(names) != 2 or names[1] != "id" or not self._model.has(type_name, names[0]):
            return None
        if self._model.target(type_name, names[0]) is None or self._model.is_collection(type_name, names[0]):
            return None
        return self._model.key_of(type_name, names[0])

    def _definition(self, type_name: str, attribute: str) -> dict[str, Any]:
        return self._model.definition(type_name, attribute) if self._model.has(type_name, attribute) else {}

    # -- criteria --------------------------------------------------------------------------------------

    def _holds(self, criteria: Any, row: Row, type_name: str) -> bool:
        match criteria:
            case Both(parts):
                return all(self._holds(part, row, type_name) for part in parts)
            case Either(parts):
                return any(self._holds(part, row, type_name) for part in parts)
            case Negation(inner):
                return not self._holds(inner, row, type_name)
            case Some(path, inner):
                return self._some(path, inner, row, type_name)
            case Test():
                return self._passes(criteria, row, type_name)
        raise AssertionError(criteria)

    def _some(self, path: Path, inner: Any, row: Row, type_name: str) -> bool:
        reached, reached_type = self._walk([row], type_name, path)
        if inner is None:
            return bool(reached)
        return any(self._holds(inner, found, reached_type) for found in reached)

    def _passes(self, test: Test, row: Row, type_name: str) -> bool:
        """True if some value at the end of the path satisfies the condition, negative ones too (4.4)."""
        leaves = self._leaves([row], type_name, test.path)
        operator, value = test.operator, test.value
        if operator in ("in", "not_in"):
            wanted = self._members(value)
            return any(wanted.has(leaf) == (operator == "in") for leaf in leaves)
        if operator in ("is_not", "not_like"):
            positive = "is" if operator == "is_not" else "like"
            return any(not compare(positive, leaf, value) for leaf in leaves)
        return any(compare(operator, leaf, value) for leaf in leaves)

    def _members(self, value: Any) -> Wanted:
        known = self._wanted.get(id(value))
        if known is None:
            literals = value if isinstance(value, tuple) else self._selected(value)
            known = self._wanted[id(value)] = Wanted(literals)
        return known

    def _selected(self, value: Select) -> list[Literal]:
        rows, _ = self.window(self.rows(value), value)
        path = value.projections[0] if value.projections else (Step("id"),)
        leaves = self._leaves(rows, value.entity_type, path)
        return [Literal(str(leaf), True) for leaf in leaves if leaf is not None]

    # -- paths -----------------------------------------------------------------------------------------

    def _walk(self, rows: list[Row], type_name: str, path: Path) -> tuple[list[Row], str]:
        """Follow relations; returns the rows reached and the type that they are reached as."""
        for step in path:
            holder = self._holder(type_name, step.name)
            target = self._model.target(holder, step.name)
            if target is None:
                if self._is_structured(holder, step.name):
                    return [], type_name
                raise QueryError(f"{step.name!r} of {type_name} is not a relation")
            rows = [r for row in rows for r in self._world.related(row, step.name, holder) if self._visible(r)]
            type_name = target
            if step.cast is not None:
                self._demand_type(step.cast)
                rows = [row for row in rows if self._model.is_a(row["__type__"], step.cast)]
                type_name = step.cast
        return rows, type_name

    def _leaves(self, rows: list[Row], type_name: str, path: Path) -> Iterator[Any]:
        """The values at the end of a path; a missing row on the way counts as null."""
        holder = type_name
        for index, step in enumerate(path):
            holder = self._holder(type_name, step.name)
            target = self._model.target(holder, step.name)
            if target is None:
                values = [self._world.value(row, step.name) for row in rows]
                yield from self._inside(values, path[index + 1 :])
                return
            reached: list[Row] = []
            missing = 0
            for row in rows:
                found = [r for r in self._world.related(row, step.name, holder) if self._visible(r)]
                reached.extend(found)
                missing += not found and not self._model.is_collection(holder, step.name)
            yield from [None] * missing
            rows, type_name = reached, step.cast or target
            if step.cast is not None:
                rows = [row for row in rows if self._model.is_a(row["__type__"], step.cast)]
        yield from (row.get("id", row) for row in rows)

    @staticmethod
    def _inside(values: list[Any], path: Path) -> Iterator[Any]:
        for value in values:
            for step in path:
                value = value.get(step.name) if isinstance(value, dict) else None
            yield value

    def _first(self, row: Row, type_name: str, path: Path) -> Any:
        return next(self._leaves([row], type_name, path), None)

    def _sort_key(self, row: Row, type_name: str, path: Path) -> tuple[int, Any]:
        """Null is the least; the values of custom attributes can be of several kinds."""
        value = self._first(row, type_name, path)
        if value is None:
            return 0, 0
        if isinstance(value, bool | int | float):
            return 1, value
        return (2, value) if isinstance(value, datetime.datetime) else (3, str(value))

    def _is_structured(self, type_name: str, attribute: str) -> bool:
        definition = self._model.definition(type_name, attribute)
        return definition.get("type") in ("object", "variable") or definition.get("format") == "json"

    def _holder(self, type_name: str, attribute: str) -> str:
        holder = self._model.holder(type_name, attribute)
        if holder is None:
            raise QueryError(f"No attribute {attribute!r} on {type_name}")
        return holder

    def _demand_type(self, type_name: str) -> None:
        if type_name not in self._model.schemas:
            raise QueryError(f"No entity type {type_name!r}")

    # -- what has to exist even if no row is looked at ---------------------------------------------------

    def _check_paths(self, select: Select) -> None:
        for projection in select.projections or ():
            path = projection[1] if isinstance(projection[0], str) else projection
            self._check(path, select.entity_type)
        for path in select.group:
            self._check(path, select.entity_type)
        for path, _ in select.order:
            self._check(path, select.entity_type)
        self._check_criteria(select.where, select.entity_type)

    def _check_criteria(self, criteria: Any, type_name: str) -> None:
        match criteria:
            case Both(parts) | Either(parts):
                for part in parts:
                    self._check_criteria(part, type_name)
            case Negation(inner):
                self._check_criteria(inner, type_name)
            case Some(path, inner):
                reached = self._check(path, type_name)
                if reached is None and not self._leads_into_object(path, type_name):
                    raise QueryError(f"{_written(path)!r} of {type_name} is not a relation")
                if inner is not None and reached is not None:
                    self._check_criteria(inner, reached)
            case Test():
                self._check(criteria.path, type_name)
                if isinstance(criteria.value, Select):
                    self._demand_type(criteria.value.entity_type)
                    self._check_paths(criteria.value)

    def _check(self, path: Path, type_name: str) -> str | None:
        for index, step in enumerate(path):
            holder = self._holder(type_name, step.name)
            target = self._model.target(holder, step.name)
            if target is None:
                if index + 1 < len(path) and not self._is_structured(holder, step.name):
                    raise QueryError(f"{step.name!r} of {type_name} is not a relation")
                return None
            if step.cast is not None:
                self._demand_type(step.cast)
            type_name = step.cast or target
        return type_name

    def _leads_into_object(self, path: Path, type_name: str) -> bool:
        """True if the path ends at, or inside, a value that has members of its own."""
        for step in path:
            holder = self._holder(type_name, step.name)
            target = self._model.target(holder, step.name)
            if target is None:
                return self._is_structured(holder, step.name)
            type_name = step.cast or target
        return False


def _written(path: Path) -> str:
    return ".".join(step.name for step in path)


_AGGREGATES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "sum": lambda values: sum(values) if values else None,
    "avg": lambda values: sum(values) / len(values) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
}
