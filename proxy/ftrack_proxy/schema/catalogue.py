"""The types of one schema document, and what a name means among them (ftrack-protocol 4.4, 5.1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ftrack_proxy.schema.declared_types import Attribute, EntityType

Found = tuple[tuple[str, Attribute], ...]
"""What a name means: (type, attribute) pairs."""


@dataclass(frozen=True, slots=True, eq=False)
class Catalogue:
    """All types of one schema document. Compared and hashed by identity.

    ``subtypes`` maps a type to those whose rows a query on it can return; ``event_names`` maps names in events to
    types. ``unasked`` is, by type, what the server was seen to answer of it though nobody asks. ``tables`` belongs to
    `per_catalogue`.
    """

    types: Mapping[str, EntityType]
    family_of: dict[str, str]
    subtypes: Mapping[str, frozenset[str]]
    event_names: Mapping[str, tuple[str, ...]]
    unasked: dict[str, frozenset[str]] = field(default_factory=dict, repr=False)
    tables: defaultdict[object, dict[Any, Any]] = field(default_factory=lambda: defaultdict(dict), repr=False)
    _meanings: dict[str, Mapping[str, Found]] = field(default_factory=dict, repr=False)

    def note_unasked(self, names: Mapping[str, frozenset[str]]) -> bool:
        """Note what the server answers, by type, though nobody asks; true if that is news."""
        news = {name: found for name, found in names.items() if not found <= self.unasked.get(name, frozenset())}
        for name, found in news.items():
            self.unasked[name] = found | self.unasked.get(name, frozenset())
        return bool(news)

    def members(self, family: str) -> frozenset[str]:
        """The types of a family; empty if there is no such family."""
        return frozenset(name for name, other in self.family_of.items() if other == family)

    def lookup(self, type_name: str, attribute: str) -> Found:
        """What an attribute's name means on a type: its own attribute, else those of its subtypes.

        Attributes that only subtypes have can be used on the base (``select user from CustomAttributeLink``,
        ftrack-protocol 4.4).

        Raises:
            KeyError: there is no such type.
        """
        meanings = self._meanings.get(type_name)
        if meanings is None:
            meanings = self._meanings[type_name] = self._meanings_on(type_name)
        return meanings.get(attribute, ())

    def _meanings_on(self, type_name: str) -> Mapping[str, Found]:
        own = self.types[type_name].attributes
        below: dict[str, list[tuple[str, Attribute]]] = {}
        for subtype in sorted(self.subtypes[type_name]):
            for name, attribute in self.types[subtype].attributes.items():
                below.setdefault(name, []).append((subtype, attribute))
        meanings = {name: tuple(found) for name, found in below.items()}
        return {**meanings, **{name: ((type_name, attribute),) for name, attribute in own.items()}}
