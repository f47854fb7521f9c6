"""Rarely needed data: lists of versions, typed links, review sessions, recipients."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import TYPE_CHECKING

from .database import Database

if TYPE_CHECKING:
    from .production import Production

Put = Callable[..., str]


def add_sundries(database: Database, made: Production, put: Put, start: datetime.datetime) -> None:
    """Add them to the first project; made last, so that nothing else depends on how many there are."""
    _enumerator(database, made, put)
    if not made.projects:
        return
    project = made.projects[0]
    _boss(made, put)
    if len(made.versions) > 1:
        _versions(database, made, put, project, start)
    if made.notes:
        label = next(iter(database.tables["NoteCategory"].rows.values()))["id"]
        put("NoteLabelLink", note_id=made.notes[0], label_id=label)
        put("Recipient", note_id=made.notes[0], resource_id=made.users["ana"], text_mentioned="")


def _enumerator(database: Database, made: Production, put: Put) -> None:
    """An attribute with a menu: its values are lists (ftrack-protocol 3.5)."""
    types = database.tables["CustomAttributeType"].rows.values()
    kind = next(row["id"] for row in types if row["name"] == "enumerator")
    menu = '{"multiSelect": false, "data": "[{\\"menu\\": \\"Day\\", \\"value\\": \\"day\\"}]"}'
    made.configurations.append(
        put(
            "CustomAttributeConfiguration", key="light", label="Light", type_id=kind, default=["day"],
            entity_type="task", object_type_id=None, is_hierarchical=True, project_id=None, config=menu, core=False,
            sort=1, group_id=None,
        )
    )  # fmt: skip


def _boss(made: Production, put: Put) -> None:
    """A custom attribute that links tasks to a user (ftrack-protocol 4.5)."""
    configuration = put(
        "CustomAttributeLinkConfiguration", key="boss", label="Boss", entity_type="task", object_type_id=None,
        entity_type_to="user", object_type_id_to=None, one_to_one=True, project_id=None, config="{}", core=False,
        sort=0, group_id=None,
    )  # fmt: skip
    for task in made.tasks[:1]:
        put("UserCustomAttributeLink", configuration_id=configuration, from_id=task, to_id=made.users["ray"])


def _versions(database: Database, made: Production, put: Put, project: str, start: datetime.datetime) -> None:
    first, second = made.versions[:2]
    category = next(iter(database.tables["ListCategory"].rows.values()))["id"]
    shelf = put(
        "AssetVersionList", name="Selects", project_id=project, system_type="assetversion", is_open=True,
        category_id=category, date=start, user_id=made.users["ray"],
    )  # fmt: skip
    made.lists.append(shelf)
    put("ListObject", list_id=shelf, entity_id=first)
    put("AssetVersionLink", from_id=first, to_id=second)
    session = put(
        "ReviewSession", name="Friday", description="", project_id=project, start_date=start, created_at=start,
        end_date=start + datetime.timedelta(days=7), created_by_id=made.users["ray"],
    )  # fmt: skip
    put("ReviewSessionObject", name="first", description="", version="Version 1", version_id=first, sort_order=0.0,
        review_session_id=session, created_at=start)  # fmt: skip
