"""Which events an own write should bring: one for each row that ftrack says it has written (ftrack-protocol 7.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, assert_never

from ftrack_proxy.changes.event_items import RowKey
from ftrack_proxy.changes.writes import (
    Create,
    Delete,
    EntityData,
    OtherAction,
    RowName,
    UnreadableOperation,
    Update,
    Write,
)
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.values.collation import is_certain_id


@dataclass(frozen=True, slots=True)
class ExpectedEvent:
    """What should be announced of a row. ``is_certain``: the write has changed something. ``values`` are hashes of the
    plain values that were written, by attribute."""

    family: str
    type_name: str
    entity_id: str
    values: Mapping[str, int]
    is_certain: bool

    @property
    def row(self) -> RowKey:
        return self.family, self.entity_id


def expected_events(writes: Sequence[Write], answer: Sequence[object], catalogue: Catalogue) -> list[ExpectedEvent]:
    """The events that a batch, which ftrack has carried out, should bring, by row.

    A row that came and went in one batch makes none. Not expected is what could not be recognised: a row with a
    composite key, or with an id that ftrack may write otherwise.
    """
    found: dict[RowKey, ExpectedEvent] = {}
    new: set[RowKey] = set()
    for write, entry in zip(writes, answer, strict=True):
        match write:
            case Create(row, data):
                event = _expected(row, _answered_id(row, entry, catalogue), data, is_certain=True)
                if event is not None:
                    new.add(event.row)
                    found[event.row] = event
            case Update(row, data):
                event = _expected(row, row.entity_id, data, is_certain=False) if data.scalars else None
                if event is not None:
                    earlier = found.get(event.row)
                    # Two writes of one row in a batch make one event.
                    found[event.row] = event if earlier is None else _together(earlier, event)
            case Delete(row):
                event = _expected(row, row.entity_id, None, is_certain=True)
                if event is not None and event.row in new:
                    found.pop(event.row, None)
                elif event is not None:
                    found[event.row] = event
            case OtherAction() | UnreadableOperation():
                pass
            case _:  # pragma: no cover - the type checker proves it
                assert_never(write)
    return list(found.values())


def _together(earlier: ExpectedEvent, later: ExpectedEvent) -> ExpectedEvent:
    return replace(earlier, values={**earlier.values, **later.values})


def _expected(
    row: RowName, entity_id: str | None, data: EntityData | None, *, is_certain: bool
) -> ExpectedEvent | None:
    if entity_id is None:
        return None
    values = {} if data is None else {name: hash(value) for name, value in data.scalars.items()}
    return ExpectedEvent(row.family, row.type_name, entity_id, values, is_certain)


def _answered_id(row: RowName, entry: object, catalogue: Catalogue) -> str | None:
    """The id of a new row, which ftrack may have given to it."""
    if row.key:
        return row.entity_id
    primary_key = catalogue.types[row.type_name].primary_key
    data = entry.get("data") if isinstance(entry, Mapping) else None
    found: Any = data.get(primary_key[0]) if isinstance(data, Mapping) and len(primary_key) == 1 else None
    return found if isinstance(found, str) and is_certain_id(found) else None
