"""Questions that name their rows by id, in all spellings that clients use."""

from __future__ import annotations

import random
from collections.abc import Sequence

from tests.oracle.answers import Identity, key_names
from tests.oracle.forms import PARTS
from tests.oracle.population import Population

_BASES = {
    "Task": ("TypedContext", "Context"), "Shot": ("TypedContext", "Context"), "Sequence": ("TypedContext", "Context"),
    "Folder": ("TypedContext", "Context"), "Project": ("Context",), "FileComponent": ("Component",),
    "User": ("Resource",), "Group": ("Resource",), "TypedContextList": ("List",), "AssetVersionList": ("List",),
    "ContextCustomAttributeValue": ("CustomAttributeValue",),
}  # fmt: skip
_OTHERS = {
    "Task": ("Shot", "Sequence", "Project"), "Shot": ("Task", "Sequence"), "Sequence": ("Shot", "Task"),
    "Project": ("TypedContext", "Task"), "FileComponent": ("SequenceComponent", "ContainerComponent"),
    "User": ("Group",), "AssetVersion": ("Asset",), "Asset": ("AssetVersion",), "Status": ("Type",), "Note": ("Task",),
}  # fmt: skip
# What every type in a base's PARTS entry has, too.
_PARTS_OF = {"Folder": "TypedContext", "FileComponent": "Component"}
_NEVER_THERE = "00000000-0000-4000-8000-000000000000"


class Named:
    """Makes expressions that ask for rows by their keys."""

    def __init__(self, population: Population, chance: random.Random) -> None:
        self._there = population
        self._chance = chance

    def of(self, rows: Sequence[Identity], projections: Sequence[str]) -> str:
        """Ask for one of the rows or, where others have the same type, for several, and for some that are not there.

        ``projections`` are what is asked of them, none for the type's own.
        """
        first = self._chance.choice(rows)
        kind = self._asked_as(first[0])
        shown = f"select {', '.join(projections)} from {kind}" if projections else kind
        names = key_names(first[0])
        if names != ["id"]:
            keys = [row[1:] for row in rows if row[0] == first[0]]
            chosen = self._chance.sample(keys, min(len(keys), self._chance.choice((1, 1, 3))))
            return f"{shown} where {' or '.join(self._whole(names, key) for key in chosen)}"
        keys_of_kind = [row[1] for row in rows if row[0] == first[0] and row != first]
        several = self._chance.sample(keys_of_kind, min(len(keys_of_kind), self._chance.choice((0, 0, 2, 5))))
        return f"{shown} where {self._criteria([first[1], *several], first[0])}"

    def one(self, kind: str, identity: str, projections: Sequence[str]) -> str:
        """Ask for one row as a client does that looks for an attribute."""
        shown = f"select {', '.join(projections)} from {kind}" if projections else kind
        return f"{shown} where {self._single(identity)}"

    def _asked_as(self, kind: str) -> str:
        chosen = self._chance.random()
        if chosen < 0.25:
            return self._chance.choice(_BASES.get(kind, (kind,)))
        if chosen < 0.32:
            return self._chance.choice(_OTHERS.get(kind, (kind,)))
        return kind

    def _criteria(self, identities: list[str], kind: str) -> str:
        chosen = self._chance.random()
        if chosen < 0.15:
            gone = self._there.gone(kind)
            identities.append(self._chance.choice(gone) if gone else _NEVER_THERE)
        elif chosen < 0.25:
            identities.append(self._chance.choice((_NEVER_THERE, *self._there.to_come)))
        elif chosen < 0.3 and self._there.to_come:
            identities[:] = [self._chance.choice(self._there.to_come)]
        if len(identities) == 1 and self._chance.random() < 0.7:
            return self._single(identities[0])
        self._chance.shuffle(identities)
        if self._chance.random() < 0.15:
            return " or ".join(f"id is {identity}" for identity in identities)
        quote = self._chance.choice(('"', '"', ""))
        listed = self._chance.choice((", ", ",")).join(f"{quote}{identity}{quote}" for identity in identities)
        return f"id in ({listed})" + self._chance.choice(("", "", " offset 0 limit 500"))

    def _single(self, identity: str) -> str:
        written = self._chance.choice((f'id is "{identity}"', f"id is {identity}", f"id={identity}"))
        return written + self._chance.choice(("", "", " limit 1", " limit 2", " offset 0 limit 500"))

    def _whole(self, names: list[str], key: Sequence[str]) -> str:
        parts = [f'{name} is "{value}"' for name, value in zip(names, key, strict=True)]
        self._chance.shuffle(parts)
        return f"({' and '.join(parts)})"


def attributes_of(kind: str) -> Sequence[str]:
    """What can be asked of a type, whatever was asked of it so far."""
    parts = PARTS.get(_PARTS_OF.get(kind, kind))
    return parts.projections if parts is not None else ()
