"""What ``query_server_information`` answers (ftrack-protocol 2.3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.evidence import Source, inferred, seen
from ftrack_proxy.facts.type_names import SETTING


@dataclass(frozen=True, slots=True)
class SharedServerValue:
    """A value that is the same for every caller, and changes with the server's configuration only.

    All others (``user_information`` ...) are per caller, or not known.
    """

    name: str
    source: Source


SHARED_SERVER_VALUES: Final = (
    *(
        SharedServerValue(name, seen("ftrack-protocol 2.3", "answered without asking for it"))
        for name in ("version", "schema_hash", "is_timezone_support_enabled", "storage_scenario")
    ),
    *(
        SharedServerValue(name, inferred("ftrack-protocol 2.3", "it describes the server or the workspace"))
        for name in (
            "is_nested_subqueries_enabled", "week_startday", "workday_length", "default_colors", "product",
        )
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServerInformationSource:
    """The server information may change with rows of this family. What else it is made from changes with the schema."""

    family: str
    source: Source


SERVER_INFORMATION_SOURCES: Final = (
    ServerInformationSource(SETTING, inferred("ftrack-protocol 2.3", "the workspace's settings")),
)
