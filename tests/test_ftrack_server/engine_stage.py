"""An engine without network, with a clock that stands still, and short ways to write and read."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from tests.ftrack_server import ApiError, Caller, Engine, Outcome, ProductionPlan

NOW = datetime.datetime.fromisoformat("2031-05-04T10:12:09")


class Stage:
    """One engine, and Ana at work on it unless another name is given."""

    def __init__(self, plan: ProductionPlan | None = None) -> None:
        self.engine = Engine(plan, clock=lambda: NOW)
        self.made = self.engine.production

    def caller(self, username: str = "ana") -> Caller:
        return self.engine.authenticate(*self.engine.credentials(username))

    def run(self, *operations: dict[str, Any], username: str = "ana", **options: Any) -> Outcome:
        return self.engine.run_batch(self.caller(username), list(operations), **options)

    def ask(self, expression: str, username: str = "ana", **options: Any) -> list[dict[str, Any]]:
        """The rows of a query as they go over the wire."""
        outcome = self.run({"action": "query", "expression": expression}, username=username, **options)
        rows: list[dict[str, Any]] = outcome.responses[0]["data"]
        return rows

    def names(self, expression: str, username: str = "ana") -> list[Any]:
        return [row["name"] for row in self.ask(expression, username)]

    def ids(self, expression: str, username: str = "ana") -> list[str]:
        return [row["id"] for row in self.ask(expression, username)]

    def count(self, expression: str, username: str = "ana") -> int:
        return len(self.ask(expression, username))

    def refused(self, *operations: dict[str, Any], username: str = "ana") -> ApiError:
        """The error that the batch ends in."""
        with pytest.raises(ApiError) as caught:
            self.run(*operations, username=username)
        return caught.value

    def refused_query(self, expression: str) -> ApiError:
        return self.refused({"action": "query", "expression": expression})

    def create(self, type_name: str, username: str = "ana", **values: Any) -> dict[str, Any]:
        outcome = self.run(create(type_name, **values), username=username)
        entity: dict[str, Any] = outcome.responses[0]["data"]
        return entity

    def update(self, type_name: str, key: str | list[str], username: str = "ana", **values: Any) -> Outcome:
        return self.run(update(type_name, key, **values), username=username)

    def delete(self, type_name: str, key: str | list[str], username: str = "ana") -> Outcome:
        return self.run(delete(type_name, key), username=username)


def create(type_name: str, **values: Any) -> dict[str, Any]:
    data = {"__entity_type__": type_name, **values}
    return {"action": "create", "entity_type": type_name, "entity_data": data}


def update(type_name: str, key: str | list[str], **values: Any) -> dict[str, Any]:
    data = {"__entity_type__": type_name, **values}
    keys = [key] if isinstance(key, str) else key
    return {"action": "update", "entity_type": type_name, "entity_key": keys, "entity_data": data}


def delete(type_name: str, key: str | list[str]) -> dict[str, Any]:
    return {"action": "delete", "entity_type": type_name, "entity_key": [key] if isinstance(key, str) else key}


def query(expression: str) -> dict[str, Any]:
    return {"action": "query", "expression": expression}


def dangling(engine: Engine) -> list[str]:
    """Every key of every row that leads to no row."""
    model, world = engine._model, engine._world
    found = []
    for table in list(engine._database.tables.values()):
        for row in table.rows.values():
            type_name = row["__type__"]
            for name in model.schemas[type_name]["properties"]:
                target = model.target(type_name, name)
                if target is None or model.is_collection(type_name, name):
                    continue
                key = model.key_of(type_name, name)
                value = row.get(key) if key else None
                if value is not None and len(model.primary_key(target)) == 1 and not world.by_key(target, (value,)):
                    found.append(f"{type_name}.{name} -> {target} {value}")
            for key in ("entity_id", "from_id", "to_id"):
                polymorphic = not model.has(type_name, key.removesuffix("_id"))
                if polymorphic and row.get(key) is not None and world.find(row[key]) is None:
                    found.append(f"{type_name}.{key} -> {row[key]}")
    return found
