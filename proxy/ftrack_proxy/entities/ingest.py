"""Stores what an answer of ftrack's says of entities and lists."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from ftrack_proxy.entities.entity_store import Absence, EntityRef, EntityStore, ListSegment
from ftrack_proxy.entities.implied_attributes import comes_along
from ftrack_proxy.entities.normalise import NormalisedAnswer
from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.language.syntax import Query
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.queries.projection_tree import EMPTY
from ftrack_proxy.schema.catalogue import Catalogue

# Entities that are noted at one go: some milliseconds.
_AT_ONCE: Final = 500
_PARTS_AT_ONCE: Final = 25

Part = tuple[BoundQuery, Mapping[str, Any], NormalisedAnswer]
"""A query, its entry in an answer, and that normalised."""


def ingest_in_steps(
    entity_store: EntityStore,
    parts: Sequence[Part],
    validity: Validity,
    catalogue: Catalogue,
    *,
    prefetched: bool = False,
) -> Iterator[None]:
    """Store what an answer to some queries, normalised together, says; between two steps others may have their turn.

    ``validity`` is that of all of it. ``prefetched``: nobody had asked for all of it.
    """
    for _, _, answer in parts[:1]:
        entity_store.habits.learn(answer.habits)
        yield from _observe(entity_store, answer, validity, catalogue, prefetched)
    for count, (bound, entry, answer) in enumerate(parts, start=1):
        for place in answer.places:
            entity_store.group(place)
        _learn_rows(entity_store, bound, entry, answer, validity, prefetched)
        if not count % _PARTS_AT_ONCE:
            yield


def _learn_rows(
    entity_store: EntityStore,
    bound: BoundQuery,
    entry: Mapping[str, Any],
    answer: NormalisedAnswer,
    validity: Validity,
    prefetched: bool,
) -> None:
    whole = len(set(answer.rows)) == len(answer.rows)
    offset = bound.query.offset or 0
    if bound.row_keys is None:
        if whole:
            segment = ListSegment(offset, answer.rows, has_ended(bound.query, entry), validity, prefetched)
            entity_store.list(bound.list_name, segment)
    elif whole and not offset and has_ended(bound.query, entry):
        _learn_absent(entity_store, bound, answer, Absence(validity, prefetched))


def has_ended(query: Query, entry: Mapping[str, Any]) -> bool:
    """True if no rows follow those in the answer."""
    metadata = entry.get("metadata")
    following = metadata.get("next") if isinstance(metadata, dict) else None
    if isinstance(following, dict) and following.get("offset") is not None:
        return False
    limit = query.limit
    # A full page whose answer says nothing may or may not be the last one; a page for no rows says nothing at all.
    return limit is None or len(entry["data"]) < limit or (limit > 0 and isinstance(following, dict))


def _observe(
    entity_store: EntityStore, answer: NormalisedAnswer, validity: Validity, catalogue: Catalogue, prefetched: bool
) -> Iterator[None]:
    asked: dict[frozenset[str], frozenset[str]] = {}
    for count, (ref, entity) in enumerate(answer.entities.items(), start=1):
        missing = entity.asked.difference(entity.values)
        if missing:
            # What a type does not have never comes; what it has may have been left out because the entity was short.
            entity.asked -= missing & catalogue.types[entity.type_name].attributes.keys()
        # Where what always comes along did not come, it would not the next time either.
        names = frozenset(entity.asked) | comes_along(entity.type_name, EMPTY, catalogue)
        beyond = entity.values.keys() - names
        if beyond:
            named = dict.fromkeys(entity.asked, EMPTY)
            along = comes_along(entity.type_name, named, catalogue)
            entity_store.note_unasked(entity.type_name, beyond - along)
        names = asked.setdefault(names, names)
        entity_store.observe(ref, validity, entity.type_name, entity.values, names, prefetched=prefetched)
        if not count % _AT_ONCE:
            yield


def _learn_absent(entity_store: EntityStore, bound: BoundQuery, answer: NormalisedAnswer, absence: Absence) -> None:
    """Rows that were named and did not come. Not if others came instead: then ids are compared in ways not known."""
    named = {EntityRef(bound.shape.key_space, key) for key in bound.row_keys or ()}
    came = set(answer.rows)
    if came <= named:
        for ref in named - came:
            entity_store.note_absent(bound.query.entity_type, ref.key, absence)
