"""Custom attributes that are called like attributes, relations and columns, as studios do (ftrack-protocol 7.5)."""

from __future__ import annotations

from collections.abc import Callable

from .model import Model

Put = Callable[..., str]

# Key, type, entity type, object type, hierarchical, default.
_OF_ANY_CONTEXT = (
    ("status", "text", ""), ("sort", "number", 0.0), ("link", "text", "none"), ("name", "text", ""),
    ("statusid", "text", ""), ("description", "text", "as it is"),
)  # fmt: skip
_OF_TASKS = (("type", "text", ""), ("priority", "number", 1.0), ("notes", "text", ""), ("metadata", "text", ""))
_OF_OTHERS = (
    ("assetversion", "task", "text", ""), ("assetversion", "comment", "text", ""), ("assetversion", "date", "text", ""),
    ("assetversion", "Status", "text", ""), ("show", "color", "text", ""), ("show", "disk", "text", "d1"),
    ("user", "email", "text", ""), ("user", "assignments", "text", ""), ("list", "name", "text", ""),
)  # fmt: skip


def add_namesakes(model: Model, put: Put, kinds: dict[str, str]) -> list[str]:
    """Add the configurations; returns their ids."""
    task = model.object_types.get("Task")
    rows = [(key, kind, "task", None, True, default) for key, kind, default in _OF_ANY_CONTEXT]
    rows += [(key, kind, "task", task, False, default) for key, kind, default in _OF_TASKS]
    rows += [(key, kind, entity, None, False, default) for entity, key, kind, default in _OF_OTHERS]
    return [
        put(
            "CustomAttributeConfiguration", key=key, label=key.title(), type_id=kinds[kind], default=default,
            entity_type=entity_type, object_type_id=object_type, is_hierarchical=hierarchical, project_id=None,
            config="{}", core=False, sort=0, group_id=None,
        )
        for key, kind, entity_type, object_type, hierarchical, default in rows
    ]  # fmt: skip
