"""The tree of projects, objects, assets and versions: what leads upwards, and what moves (ftrack-protocol 7.6)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.evidence import Source, seen
from ftrack_proxy.facts.type_names import ASSET, ASSET_VERSION, COMPONENT, CONTEXT

ANCESTORS: Final = "ancestors"
"""The collection of everything above an object; nothing that is new is an ancestor yet (ftrack-protocol 4.4)."""


@dataclass(frozen=True, slots=True)
class StepUpwards:
    """From a row of ``family``, ``relation`` and the ``key`` behind it lead to a row of ``above``: the nearest one on
    the path upwards, or, if ``to_project``, the project at its end."""

    family: str
    relation: str
    key: str
    above: str
    source: Source
    to_project: bool = False


STEPS_UPWARDS: Final = (
    StepUpwards(CONTEXT, "parent", "parent_id", CONTEXT, seen("ftrack-protocol 5.8, 7.1")),
    StepUpwards(CONTEXT, "project", "project_id", CONTEXT, seen("ftrack-protocol 5.8, 7.1"), to_project=True),
    StepUpwards(ASSET, "parent", "context_id", CONTEXT, seen("ftrack-protocol 5.8, 7.1")),
    StepUpwards(ASSET_VERSION, "asset", "asset_id", ASSET, seen("ftrack-protocol 5.8, 7.1")),
    StepUpwards(COMPONENT, "version", "version_id", ASSET_VERSION, seen("ftrack-protocol 5.8")),
)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of ``attribute`` carries all that is below a row of ``family`` along, without an event for any of it.

    ``of_others``: written in the row itself, it moves other rows.
    """

    family: str
    attribute: str
    source: Source
    of_others: bool = False


MOVES: Final = (
    *(
        Move(CONTEXT, name, seen("ftrack-protocol 7.1, 7.6", "one event for the row that moved"))
        for name in ("parent_id", "project_id", "parent", "project")
    ),
    *(
        Move(CONTEXT, name, seen("ftrack-protocol 2.3, 5.8", "collections can be written, too"), of_others=True)
        for name in ("children", "descendants")
    ),
)


@dataclass(frozen=True, slots=True)
class ContextName:
    """An attribute that links show as the name of a context."""

    attribute: str
    source: Source


CONTEXT_NAMES: Final = (
    ContextName("name", seen("ftrack-protocol 5.5, 7.6")),
    ContextName("full_name", seen("ftrack-protocol 5.5", "of projects")),
)
