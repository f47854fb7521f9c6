"""What an observation says of an entity's own row, as criteria look at it."""

from __future__ import annotations

from typing import Any

from ftrack_proxy.entities.entity_store import EntityRef, Observation
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.names import foreign_key_of


def known_values(row: Observation, catalogue: Catalogue) -> dict[str, Any]:
    """The plain values by attribute; whom a relation leads to tells its foreign key.

    Not so where it leads to nobody: somebody may be there whom the asker does not see.
    """
    declared = catalogue.types[row.type_name]
    found: dict[str, Any] = {}
    for name, place in row.layout.places.items():
        value = row.values[place]
        if value is None or isinstance(value, (str, int, float)):
            found[name] = value
        elif isinstance(value, EntityRef) and len(value.key) == 1:
            key = foreign_key_of(declared, name)
            if key is not None:
                found.setdefault(key, value.key[0])
    return found
