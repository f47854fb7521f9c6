"""What belongs to one project, what to none, and which relations stay inside one (ftrack-protocol 5.4, 5.8, 8.1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.evidence import Source, inferred
from ftrack_proxy.facts.type_names import (
    ASSET,
    CONFIGURATION,
    CONTEXT,
    NOTE_CATEGORY,
    RESOURCE,
    TIMELOG,
)

PROJECT_ID: Final = "project_id"
"""The attribute that tells a row's project; it comes along with many rows, for the sake of rights (5.4)."""


@dataclass(frozen=True, slots=True)
class RelationWithinProject:
    """A relation that never leads from a row of one project to a row of another, wherever it occurs."""

    name: str
    source: Source


@dataclass(frozen=True, slots=True)
class FamilyOfNoProject:
    """Rows of this family belong to the workspace and not to a project; through them, a path can lead into any."""

    family: str
    source: Source


@dataclass(frozen=True, slots=True)
class SourceInProject:
    """What is derived from rows of this family stands in the same project as they do."""

    family: str
    source: Source


RELATIONS_WITHIN_PROJECT: Final = tuple(
    RelationWithinProject(name, inferred("ftrack-protocol 5.8", "both ends belong to one place of the tree"))
    for name in (
        "allocations", "ancestors", "appointments", "asset", "assets", "assignments", "children", "component",
        "component_locations", "components", "container", "context", "custom_attributes", "descendants", "in_reply_to",
        "latest_version", "members", "metadata", "notes", "parent", "project", "replies", "status_changes",
        "timelogs", "version", "versions",
    )
)  # fmt: skip

FAMILIES_OF_NO_PROJECT: Final = tuple(
    FamilyOfNoProject(family, inferred("ftrack-protocol 5.4, 5.8", "kept for the workspace, whose projects share it"))
    for family in (
        "AssetType", CONFIGURATION, "CustomAttributeType", "ListCategory", "Location", "Membership", NOTE_CATEGORY,
        "ObjectType", "Priority", "ProjectSchema", RESOURCE, "State", "Status", "Type", "UserType",
    )
)  # fmt: skip

SOURCES_IN_PROJECT: Final = tuple(
    SourceInProject(family, inferred("ftrack-protocol 5.5, 7.6", because))
    for family, because in (
        (CONTEXT, "links, trees and sums look up and down the tree"),
        (TIMELOG, "time is logged on an object"),
        (ASSET, "an asset stands below an object; thumbnails and tasks of versions can be from elsewhere"),
    )
)
