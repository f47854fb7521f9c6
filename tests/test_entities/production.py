"""A small production whose entities refer to each other at random, and answers about it as ftrack writes them.

Written from the protocol (3) alone, so that what the proxy makes of answers has something to be compared with.
Every text tells the moment at which it was true.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import strategies as st

from ftrack_proxy.entities.entity_store import EntityStore
from ftrack_proxy.entities.ingest import ingest_in_steps
from ftrack_proxy.entities.normalise import NormalisedAnswer
from ftrack_proxy.judging.validity import Validity
from ftrack_proxy.queries.bound_query import BoundQuery
from ftrack_proxy.queries.projection_tree import Tree
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.schema.catalogue import Catalogue
from tests.test_judging.cases import TERMS, bind, catalogue, moment

Identity = tuple[str, ...]
CATALOGUE = catalogue()

PROJECTS, SHOTS, TASKS, STATUSES, NOTES = ["p1"], ["s1", "s2"], ["t1", "t2", "t3"], ["d1", "d2"], ["k1", "k2"]
CONTEXTS = [*PROJECTS, *SHOTS, *TASKS]
_TYPES = {"p": "Project", "s": "Shot", "t": "Task", "d": "Status", "k": "Metadata"}
_TEXTS = {"Project": ["name", "status"], "Shot": ["name", "description"], "Task": ["name", "description"],
          "Status": ["name", "color"], "Metadata": ["value", "parent_type"]}  # fmt: skip


@dataclass(frozen=True)
class Entity:
    """One entity at one moment: plain values, and others by name."""

    type_name: str
    key: Identity
    values: Mapping[str, Any]
    one: Mapping[str, str | None]
    many: Mapping[str, Sequence[str]]


Production = Mapping[str, Entity]


def _entity(name: str, moment: int, one: Mapping[str, Any], many: Mapping[str, Any]) -> Entity:
    type_name = _TYPES[name[0]]
    values: dict[str, Any] = {attribute: f"{attribute} at {moment}" for attribute in _TEXTS[type_name]}
    if type_name == "Metadata":
        return Entity(type_name, (f"owner of {name}", name), values, {}, {})
    if type_name == "Status":
        return Entity(type_name, (name,), {**values, "sort": moment + 0.5}, {}, {})
    values["link"] = values["_link"] = [{"type": type_name, "id": name, "name": f"name at {moment}"}]
    values |= {"context_type": type_name.lower(), "end_date": {"__type__": "datetime", "value": f"at {moment}"}}
    values["thumbnail_url"] = {"url": f"at {moment}"} if moment % 2 else None
    if type_name == "Project":
        one = {}
    else:
        values |= {"bid": moment, "project_id": "p1", "object_type_id": f"{type_name}-type"}
    return Entity(type_name, (name,), values, one, many)


@st.composite
def productions(draw: st.DrawFn, moment: int = 1) -> Production:
    made: dict[str, Entity] = {}
    for name in [*CONTEXTS, *STATUSES, *NOTES]:
        one = {
            "status": draw(st.sampled_from([None, *STATUSES])),
            "parent": draw(st.sampled_from([None, *CONTEXTS])),
        }
        many = {
            "children": draw(st.lists(st.sampled_from(CONTEXTS), max_size=3, unique=True)),
            "metadata": draw(st.lists(st.sampled_from(NOTES), max_size=2, unique=True)),
        }
        made[name] = _entity(name, moment, one, many)
    return made


_STATUS_TREES = st.dictionaries(st.sampled_from(["name", "color", "sort"]), st.just({}), max_size=2)


def trees(depth: int = 2) -> st.SearchStrategy[Tree]:
    """What a query may show of contexts."""
    plain = ["name", "bid", "description", "link", "end_date", "thumbnail_url", "metadata", "project_id"]
    shown: st.SearchStrategy[dict[str, Any]] = st.dictionaries(st.sampled_from(plain), st.just({}), max_size=2)
    if not depth:
        return shown
    behind = st.fixed_dictionaries(
        {}, optional={"status": _STATUS_TREES, "parent": trees(depth - 1), "children": trees(depth - 1)}
    )
    return st.builds(lambda first, second: {**first, **second}, shown, behind)


def narrower(tree: Tree) -> st.SearchStrategy[Tree]:
    """Trees that show a part of what another one does."""
    return st.fixed_dictionaries({}, optional={name: narrower(below) for name, below in tree.items()})


def showing(tree: Tree, rest: str = "Task", terms: Terms = TERMS) -> BoundQuery:
    """A query that shows a tree."""
    return bind(f"select {', '.join(_paths(tree)) or 'id'} from {rest}", CATALOGUE, terms)


def _paths(tree: Tree) -> Iterable[str]:
    for name, below in tree.items():
        yield name
        yield from (f"{name}.{path}" for path in _paths(below))


def validity(seq: int) -> Validity:
    """That of an answer whose request was sent when the log's head was there."""
    return Validity(moment(seq, float(seq)), seq)


def entry(rows: Sequence[Any], following: int | None = None) -> dict[str, Any]:
    return {"action": "query", "data": rows, "metadata": {"next": {"offset": following}}}


def answer(production: Production, names: Sequence[str], tree: Tree, *, normalised: bool) -> list[dict[str, Any]]:
    """The rows of an answer. Normalised: an entity is in full, with all that is asked of it, where it occurs first."""
    writer = _Writer(production, normalised)
    for name in names:
        writer.load(name, tree)
    rows: list[dict[str, Any]] = orjson.loads(orjson.dumps([writer.write(name, tree, ()) for name in names]))
    return rows


class _Writer:
    def __init__(self, production: Production, normalised: bool) -> None:
        self._production = production
        self._normalised = normalised
        self._loaded: dict[str, set[str]] = {}
        self._written: set[str] = set()

    def load(self, name: str, tree: Tree) -> None:
        entity = self._production[name]
        self._loaded.setdefault(name, set()).update(tree)
        for attribute, below in tree.items():
            for other in self._behind(entity, attribute):
                self.load(other, below)

    def write(self, name: str, tree: Tree, above: tuple[str, ...]) -> dict[str, Any]:
        entity = self._production[name]
        declared = CATALOGUE.types[entity.type_name]
        written: dict[str, Any] = {"__entity_type__": entity.type_name}
        written |= dict(zip(declared.primary_key, entity.key, strict=True))
        if name in (self._written if self._normalised else above):
            return written
        self._written.add(name)
        shown = self._loaded[name] if self._normalised else set(tree)
        if "link" in shown and self._normalised:
            shown = shown | {"_link"}
        for attribute in sorted((shown | set(declared.system_projections)) & declared.attributes.keys()):
            others = [
                self.write(other, tree.get(attribute, {}), (*above, name)) for other in self._behind(entity, attribute)
            ]
            if attribute in entity.one:
                written[attribute] = others[0] if others else None
            elif attribute in entity.many:
                written[attribute] = others
            else:
                written.setdefault(attribute, entity.values.get(attribute))
        return written

    @staticmethod
    def _behind(entity: Entity, attribute: str) -> Sequence[str]:
        found = entity.one.get(attribute)
        return [found] if found else entity.many.get(attribute, ())


def decoded(rows: Sequence[Any]) -> tuple[list[Any], dict[Any, dict[str, Any]]]:
    """What a client reads: the rows' identities, and of each entity what all its occurrences say."""
    entities: dict[Any, dict[str, Any]] = {}

    def read(value: Any) -> Any:
        if isinstance(value, list):
            return [read(item) for item in value]
        if not isinstance(value, dict) or "__entity_type__" not in value:
            return value
        type_name = value["__entity_type__"]
        identity = (type_name, *(value[name] for name in CATALOGUE.types[type_name].primary_key))
        found = entities.setdefault(identity, {})
        for name, inner in value.items():
            found[name] = read(inner)
        return identity

    return [read(row) for row in rows], entities


def encoded(rows: Sequence[Any]) -> list[Any]:
    """Rows as they go over the wire."""
    decoded_rows: list[Any] = orjson.loads(orjson.dumps(rows))
    return decoded_rows


def ingest(
    entity_store: EntityStore,
    bound: BoundQuery,
    entry: Mapping[str, Any],
    answer: NormalisedAnswer,
    validity: Validity,
    catalogue: Catalogue,
) -> None:
    """Store what the answer to one query says."""
    for _ in ingest_in_steps(entity_store, [(bound, entry, answer)], validity, catalogue):
        pass
