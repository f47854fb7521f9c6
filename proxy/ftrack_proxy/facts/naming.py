"""What the names of attributes tell (ftrack-protocol 5.2, 5.6, 5.8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ftrack_proxy.facts.evidence import Source, inferred, seen


@dataclass(frozen=True, slots=True)
class SuffixMeaning:
    """What an attribute holds whose name ends so; ``consequence`` is what the proxy makes of it."""

    suffix: str
    meaning: str
    consequence: str
    source: Source


ID: Final = "id"
"""The primary key of all types but those with a composite one (ftrack-protocol 5.6)."""

KEY_SUFFIX: Final = "_id"
TYPE_NAME_SUFFIX: Final = "_type"

SUFFIX_MEANINGS: Final = (
    SuffixMeaning(
        KEY_SUFFIX,
        "the id of a row; `<relation>_id` is the foreign key behind `<relation>`",
        "where no schema says what it refers to, it may be any row; ids are compared as texts",
        seen("ftrack-protocol 5.8", "203 of 238 scalar relations"),
    ),
    SuffixMeaning(
        TYPE_NAME_SUFFIX,
        "a type's name: the table's in events, the API's in expressions",
        "a comparison with it is never certain",
        inferred("ftrack-protocol 5.2", "`transform` of `parent_type` and others"),
    ),
)
