"""What decides who sees which rows (ftrack-protocol 8.1): a change of it is a change of everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.evidence import Source, seen
from ftrack_proxy.facts.type_names import CONTEXT


@dataclass(frozen=True, slots=True)
class RightsChange:
    """A write to a row of ``family`` may make rows of any type appear and disappear for somebody.

    ``attribute``: an update does so only if it may change this one (``None``: any).
    """

    family: str
    source: Source
    attribute: str | None = None


RIGHTS_CHANGES: Final = (
    RightsChange("UserSecurityRole", seen("ftrack-protocol 8.1", "which roles a user has")),
    RightsChange("UserSecurityRoleProject", seen("ftrack-protocol 8.1", "for which projects")),
    RightsChange("SecurityRole", seen("ftrack-protocol 8.1", "what a role permits")),
    RightsChange("ApiKey", seen("ftrack-protocol 8.1", "which roles a key has")),
    RightsChange(CONTEXT, seen("ftrack-protocol 8.1", "a private project is hidden from others"), "is_private"),
)
