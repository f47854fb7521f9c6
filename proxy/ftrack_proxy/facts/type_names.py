"""Entity types that rules name, and attributes that stand for more than a value."""

from __future__ import annotations

from typing import Final

# Bases of families, and their names.
CONTEXT: Final = "Context"
COMPONENT: Final = "Component"
RESOURCE: Final = "Resource"
LIST: Final = "List"
STATUS_CHANGE: Final = "StatusChange"
CONFIGURATION: Final = "CustomAttributeConfiguration"
VALUE: Final = "CustomAttributeValue"
LINK: Final = "CustomAttributeLink"
LINK_FROM: Final = "CustomAttributeLinkFrom"
NOTE_CATEGORY: Final = "NoteCategory"

# Members of families.
PROJECT: Final = "Project"
TYPED_CONTEXT: Final = "TypedContext"
FILE_COMPONENT: Final = "FileComponent"

# Families of one type.
ASSET: Final = "Asset"
ASSET_VERSION: Final = "AssetVersion"
COMPONENT_LOCATION: Final = "ComponentLocation"
NOTE: Final = "Note"
REVIEW_SESSION: Final = "ReviewSession"
SETTING: Final = "Setting"
TIMELOG: Final = "Timelog"
TIMER: Final = "Timer"

ANY: Final = "*"
"""In place of a type or an attribute: any."""
