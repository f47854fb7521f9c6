"""Rows and values that ftrack writes of its own accord along with a write (ftrack-protocol 2.3, 7.6).

Most of them have no event of their own, and the next read of whoever wrote looks for them. Not here, because answers
that read them are judged by where they come from: what is derived (`facts.derived_values`), what goes with a removed
row, a moved one, or one that goes to another owner. The activity log (``Event``, ``Feed``) grows with every write: the
policy keeps none of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from ftrack_proxy.facts.evidence import Source, assumed, inferred, seen
from ftrack_proxy.facts.type_names import (
    ASSET_VERSION,
    COMPONENT,
    COMPONENT_LOCATION,
    CONTEXT,
    NOTE,
    PROJECT,
    RESOURCE,
    REVIEW_SESSION,
    TIMELOG,
    TIMER,
)


class Occasion(Enum):
    """What is done to a row when something comes along with it."""

    CREATION = "creation"
    UPDATE = "update"
    REMOVAL = "removal"


_NEW: Final = frozenset({Occasion.CREATION})
_CHANGED: Final = frozenset({Occasion.UPDATE})
_NEW_OR_CHANGED: Final = _NEW | _CHANGED
_ANY: Final = frozenset(Occasion)

ALL_THAT_REFER: Final = "*"
"""In place of a family that is reached: whatever may refer to the written row."""

WORKFLOW: Final = (
    "ProjectSchema", "ProjectSchemaObjectType", "ProjectSchemaOverride", "Schema", "SchemaStatus", "SchemaType",
    "TaskTypeSchema", "TaskTypeSchemaType", "WorkflowSchema", "WorkflowSchemaStatus",
)  # fmt: skip
"""The types by which workflows are set up."""


@dataclass(frozen=True, slots=True)
class SideEffect:
    """What comes along when a row of ``family`` is written on one of the ``occasions``.

    A new row counts if it has one of ``attributes``, a changed one if it may have changed in one (none: always).
    ``reaches`` are families or types of which rows come, go or change; with ``values``, they change in these
    attributes alone. ``only``: rows of this type alone. ``own``: only for writes of our own clients; what others write
    comes with events for each row.
    """

    family: str
    occasions: frozenset[Occasion]
    reaches: tuple[str, ...]
    source: Source
    attributes: frozenset[str] = frozenset()
    values: tuple[str, ...] = ()
    only: str | None = None
    own: bool = False


SIDE_EFFECTS: Final = (
    SideEffect(
        CONTEXT, _NEW, (ALL_THAT_REFER,), own=True,
        source=seen(
            "ftrack-protocol 2.3", "templates and server actions create tasks, assignments and links below a new object"
        ),
    ),
    SideEffect(
        CONTEXT, _CHANGED, (CONTEXT,), attributes=frozenset({"project_schema_id", "project_schema"}), only=PROJECT,
        values=("status", "status_id", "type", "type_id", "priority", "priority_id"),
        source=assumed("ftrack-protocol 2.3", "what another workflow does not have is replaced"),
    ),
    SideEffect(
        NOTE, _NEW, ("Recipient",),
        source=seen("ftrack-protocol 2.3", "the author and those whom a note concerns become its recipients"),
    ),
    SideEffect(
        NOTE, _NEW_OR_CHANGED, ("NoteLabelLink",), attributes=frozenset({"category", "category_id"}),
        source=seen("ftrack-protocol 5.3", "labels have replaced the category, which clients may still write"),
    ),
    SideEffect(
        COMPONENT, _NEW, (COMPONENT_LOCATION,),
        source=assumed("ftrack-protocol 2.3", "ftrack's own location takes in what is uploaded"),
    ),
    SideEffect(
        COMPONENT, _NEW, (COMPONENT,), attributes=frozenset({"container", "container_id"}), values=("size",),
        source=assumed("ftrack-protocol 2.3", "a container is as large as its members"),
    ),
    SideEffect(
        COMPONENT, _CHANGED, (COMPONENT,), attributes=frozenset({"container", "container_id", "size"}),
        values=("size",), source=assumed("ftrack-protocol 2.3", "a container is as large as its members"),
    ),
    SideEffect(
        RESOURCE, _NEW, ("UserSecurityRole", "UserSecurityRoleProject", "Membership"),
        source=inferred("ftrack-protocol 8.1", "a new user has a role, without which nobody can log in"),
    ),
    SideEffect(
        TIMER, _NEW, (TIMER, TIMELOG), own=True,
        source=assumed("ftrack-protocol 2.3", "a user has one running timer; what another one counted is logged"),
    ),
    SideEffect(
        REVIEW_SESSION, _NEW, ("ReviewSessionInvitee", "EntitySetting"),
        source=assumed("ftrack-protocol 2.3", "whoever makes it takes part, with the settings of the workspace"),
    ),
    SideEffect(
        "ReviewSessionObject", _NEW, ("ReviewSessionObjectStatus",),
        source=assumed("ftrack-protocol 2.3", "a status for each invitee"),
    ),
    SideEffect(
        "CalendarEvent", _NEW_OR_CHANGED, ("CalendarEventResource",), attributes=frozenset({"everyone"}),
        source=assumed("ftrack-protocol 2.3", "`everyone` stands for rows of resources"),
    ),
    SideEffect(
        "ObjectType", _NEW, WORKFLOW,
        source=inferred("ftrack-protocol 5.3", "a schema for each object type and project schema"),
    ),
    *(
        SideEffect(
            name, _ANY, WORKFLOW,
            source=inferred("ftrack-protocol 5.3", "workflows are kept in two ways, by column and by schema"),
        )
        for name in WORKFLOW
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServerDecision:
    """Of these attributes a row of ``family`` need not get the value that a client sent."""

    family: str
    attributes: frozenset[str]
    source: Source


SERVER_DECISIONS: Final = (
    ServerDecision(
        ASSET_VERSION,
        frozenset({"version", "is_latest_version"}),
        seen("ftrack-protocol 5.5", "a number that is taken, or not given, becomes the next one"),
    ),
)


@dataclass(frozen=True, slots=True)
class ValueAlong:
    """Attributes of a row that the server may set when a client updates others of it: those that end in one of
    ``suffixes`` and do not begin with ``except_prefix``, or that are called one of ``names``.

    ``when``: only if this attribute is written (``None``: any).
    """

    source: Source
    suffixes: tuple[str, ...] = ()
    except_prefix: str = ""
    names: frozenset[str] = frozenset()
    when: str | None = None


VALUES_ALONG: Final = (
    ValueAlong(
        inferred("ftrack-protocol 2.3", "moments and people that go with a state, not who made the row and when"),
        suffixes=("_at", "_by", "_by_id"),
        except_prefix="created",
    ),
    ValueAlong(
        assumed("ftrack-protocol 2.3", "publishing a version dates it"), names=frozenset({"date"}), when="is_published"
    ),
)
