"""Custom attribute links: one row seen as several types, by both of its ends (ftrack-protocol 5.3)."""

from __future__ import annotations

from .database import Row
from .world import World

_FORWARD, _BACKWARD = "CustomAttributeLink", "CustomAttributeLinkFrom"
_PREFIXES = {"Context": "Context", "AssetVersion": "AssetVersion", "Asset": "Asset", "List": "List",
             "Component": "Component"}  # fmt: skip


def view_of(world: World, row: Row, type_name: str) -> str:
    """The typed view that a link is shown as when it is reached as ``type_name``, the base or a view."""
    if type_name not in (_FORWARD, _BACKWARD):
        return type_name
    return typed(world, row.get("to_id") if type_name == _FORWARD else row.get("from_id"), type_name)


def typed(world: World, end_id: object, base: str) -> str:
    """The view of ``base`` for links whose end is this entity; the base itself if there is none."""
    end = world.find(end_id)
    if end is None:
        return base
    table = world.model.table(end["__type__"])
    prefix = end["__type__"] if table == "Resource" else _PREFIXES.get(table)
    name = f"{prefix}{base}"
    return name if name in world.model.schemas else base
