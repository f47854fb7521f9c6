"""docs/ftrack-facts.md, made from the rows of `ftrack_proxy.facts`: `python -m tests.facts_table` writes it anew."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftrack_proxy.facts import (
    actions,
    base_types,
    custom_attributes,
    derived_values,
    event_tables,
    hierarchy,
    naming,
    projects,
    references,
    rights,
    server_information,
    written_along,
)
from ftrack_proxy.facts.evidence import Certainty, Source
from ftrack_proxy.facts.type_names import ANY

PAGE = Path(__file__).parents[1] / "docs" / "ftrack-facts.md"

_HEAD = """# What we take to be true of ftrack

Made from the rows in `proxy/ftrack_proxy/facts/` by `make facts`; change these, not this page. The schema document of a
workspace says which types, attributes and relations there are; here stands what it does not say and the proxy goes by.

*Source* names sections of [the page on the protocol](ftrack-protocol.md). *How sure*: **seen** in the code of clients,
in data of real servers or in the vendor's documentation; **inferred** where several of these say so together, but none
by itself; **assumed** where nothing says so, and a fetch too many does less harm than an old answer. Which types have
events at all, and how long the others are kept, is no fact but a policy: `config/policy.toml`.
"""
_COLUMNS = ("fact", "applies to", "consequence", "source", "how sure")

Text = Callable[[Any], str]


@dataclass(frozen=True)
class Table:
    """``rows`` under one heading; what each of them says, of what, and what the proxy does about it."""

    heading: str
    rows: Sequence[Any]
    fact: Text
    applies_to: Text
    consequence: Text


def code(names: Sequence[str] | frozenset[str]) -> str:
    ordered = sorted(names) if isinstance(names, frozenset) else names
    return ", ".join(f"`{name}`" for name in ordered)


def made_from(sources: derived_values.Sources) -> str:
    return code(frozenset(type_name if name == ANY else f"{type_name}.{name}" for type_name, name in sources))


def _family(name: str) -> str:
    return "any type" if name == ANY else f"`{name}`"


def _of_action(action: actions.Action) -> str:
    return {
        actions.Effect.NONE: "changes nothing",
        actions.Effect.UNSEEN: "changes nothing that an entity shows",
        actions.Effect.ENTITY: "writes the row that it names",
        actions.Effect.FAMILIES: f"may change {code(action.families)}",
        actions.Effect.ANYTHING: "may change anything",
    }[action.effect]


def _consequence_of_action(action: actions.Action) -> str:
    parts = {
        actions.Effect.NONE: ["may be sent again"],
        actions.Effect.UNSEEN: ["makes no answer old, is not sent again"],
        actions.Effect.ENTITY: ["recorded as a change of that row, with all that comes along"],
        actions.Effect.FAMILIES: ["recorded as a change of all rows of these"],
        actions.Effect.ANYTHING: ["makes every answer old"],
    }[action.effect]
    if action.for_users:
        parts.append("its answer proves that ftrack knows the user")
    if action.in_transaction:
        parts.append("a batch of such that is refused has changed nothing")
    return "; ".join(parts)


def _occasions(effect: written_along.SideEffect) -> str:
    done = " or ".join(occasion.value for occasion in written_along.Occasion if occasion in effect.occasions)
    named = f" with {code(effect.attributes)}" if effect.attributes else ""
    return f"{done} of `{effect.only or effect.family}`{named}"


def _along(effect: written_along.SideEffect) -> str:
    reached = "whatever can refer to it" if written_along.ALL_THAT_REFER in effect.reaches else code(effect.reaches)
    return (
        f"{code(effect.values)} of rows of {reached} may change"
        if effect.values
        else f"rows of {reached} come, go or change"
    )


def _values_along(along: written_along.ValueAlong) -> str:
    named = code(along.names) or ", ".join(f"`...{suffix}`" for suffix in along.suffixes)
    return f"{named} but `{along.except_prefix}...`" if along.except_prefix else named


def _shared(shared: base_types.SharedRows) -> str:
    return ", ".join([*(f"`{name}`" for name in shared.names), *(f"`...{suffix}`" for suffix in shared.suffixes)])


def _key_of(key: references.IrregularKey) -> str:
    if key.suffix:
        return f"relations of `...{key.suffix}`"
    return f"`{key.owner}.{key.relation}`" if key.owner else f"`{key.relation}`"


def _volatile(value: derived_values.VolatileValue) -> str:
    if value.value_type:
        return f"values of type `{value.value_type}`"
    return f"`{value.type_name}`" if value.attribute == ANY else f"`{value.type_name}.{value.attribute}`"


TABLES = (
    Table(
        "Which types show the same rows: bases", base_types.BASE_TYPES,
        lambda row: f"a query on it also returns {code(row.members)}", lambda row: f"`{row.name}`",
        lambda _: "one family: a change of a row of one type is looked for in answers on all of them",
    ),
    Table(
        "Which types show the same rows: several names of a row", base_types.SHARED_ROWS,
        lambda row: "these show the same rows"
        + ("; the name ends in that of its base" if row.suffix_is_base else "")
        + ("; which type a row has depends on the way to it" if row.by_way else ""),
        _shared,
        lambda row: f"one family, `{row.family}`" + ("; no answer is put together from them" if row.by_way else ""),
    ),
    Table(
        "Which types show the same rows: one type per row", base_types.ONE_TYPE_PER_ROW,
        lambda _: "no row shows under two types of which neither is a base of the other",
        lambda row: f"`{row.family}`",
        lambda _: "a change of a row of another type of the family cannot make it enter an answer",
    ),
    Table(
        "Which types show the same rows: classifiers", (base_types.CLASSIFIER,),
        lambda row: f"`{row.attribute}` tells the types of the family apart, and comes along with every row",
        lambda row: f"`{row.family}`: types with `{row.told_by}`",
        lambda _: "an update of it may make a row enter or leave an answer on one type",
    ),
    Table(
        "Custom attributes: who has them", custom_attributes.CUSTOM_ATTRIBUTE_OWNERS,
        lambda row: (f"values are made from {made_from(row.values_from)}" if row.values_from else "no values")
        + ("; links" if row.links else "; no links"),
        lambda row: f"`{row.prefix}` (family `{row.family}`)",
        lambda row: "a change of any of these may change a value that is shown or compared"
        if row.values_from
        else "both ends of a link may be its id",
    ),
    Table(
        "Custom attributes: what of a value is fixed", custom_attributes.FIXED_VALUE_ATTRIBUTES,
        lambda _: "its owner and configuration decide it, not what is set", lambda row: f"`{row.name}`",
        lambda _: "a query that compares nothing else of values does not depend on them",
    ),
    Table(
        "References: suffixes of attributes",
        naming.SUFFIX_MEANINGS,
        lambda row: row.meaning,
        lambda row: f"`...{row.suffix}`",
        lambda row: str(row.consequence),
    ),
    Table(
        "References: keys with names of their own", references.IRREGULAR_KEYS,
        lambda row: f"the foreign key is `{row.key}`", _key_of,
        lambda _: "events and writes name the key, queries the relation: a change of one is one of the other",
    ),
    Table(
        "References: ids that can be of several families", references.OPEN_KEYS,
        lambda row: f"the id of {'any row' if ANY in row.targets else 'a row of ' + code(row.targets)}",
        lambda row: f"`{row.family}.{row.attribute}`",
        lambda row: "its rows may go with a row of these that is removed",
    ),
    Table(
        "References: what outlives the row that it points to", references.WEAK_REFERENCES,
        lambda _: "its owner loses the reference with the row that it points to, and stays",
        lambda row: f"`{row.attribute}`",
        lambda _: f"with a component no row goes along it, but {code(references.THUMBNAIL)} may change",
    ),
    Table(
        "References: what may lead into another project", references.FOREIGN_REFERENCES,
        lambda _: "it does not say to what the row belongs", lambda row: f"`{row.family}.{row.attribute}`",
        lambda _: "an update of it gives the row no other owner",
    ),
    Table(
        "References: what divides collections", references.COLLECTION_DIVIDERS,
        lambda _: "the server tells collections of one item type apart by it", lambda row: f"`{row.attribute}`",
        lambda _: "an update of it may move a row between collections of its owner",
    ),
    Table(
        "The tree: ways upwards", hierarchy.STEPS_UPWARDS,
        lambda row: f"`{row.relation}` and `{row.key}` lead to "
        + ("its project" if row.to_project else f"the `{row.above}` above"),
        lambda row: f"`{row.family}`",
        lambda _: "the path upwards in an event tells these values where the change itself does not",
    ),
    Table(
        "The tree: what moves", hierarchy.MOVES,
        lambda row: "an update of it moves " + ("other rows" if row.of_others else "the row") + ", with all below",
        lambda row: f"`{row.family}.{row.attribute}`",
        lambda _: "makes every answer old",
    ),
    Table(
        "The tree: names", hierarchy.CONTEXT_NAMES,
        lambda _: "links show it as the name of a context", lambda row: f"`{row.attribute}`",
        lambda _: "a change of it matters where the row's id occurs in the answer",
    ),
    Table(
        "Projects: relations within one", projects.RELATIONS_WITHIN_PROJECT,
        lambda _: "it never leads from one project into another", lambda row: f"`{row.name}`",
        lambda _: "a query that follows no others looks at one project, and changes in others leave it alone",
    ),
    Table(
        "Projects: families of none", projects.FAMILIES_OF_NO_PROJECT,
        lambda _: "its rows belong to the workspace", lambda row: f"`{row.family}`",
        lambda _: "a path may lead to them, but not on from them, without leaving the project; everybody sees them",
    ),
    Table(
        "Projects: where derived values stand", projects.SOURCES_IN_PROJECT,
        lambda _: "what is derived from its rows stands in their project", lambda row: f"`{row.family}`",
        lambda _: "a change in another project leaves derived values alone",
    ),
    Table(
        "Rights", rights.RIGHTS_CHANGES,
        lambda _: "a write of it may make rows of any type appear or disappear",
        lambda row: f"`{row.family}" + (f".{row.attribute}`" if row.attribute else "`"),
        lambda _: "makes every answer old",
    ),
    Table(
        "Derived values", derived_values.DERIVED_VALUES,
        lambda row: f"made from {made_from(row.made_from)}",
        lambda row: f"{code(row.attributes)} of {_family(row.family)}",
        lambda _: "a change of any of these may change it, without an event of its own",
    ),
    Table(
        "Derived rows", derived_values.DERIVED_ROWS,
        lambda row: f"made from {made_from(row.made_from)}", lambda row: f"`{row.family}`",
        lambda _: "a change of any of these may change its rows, without an event of their own",
    ),
    Table(
        "Second names", derived_values.SECOND_NAMES,
        lambda row: f"shows what `{row.attribute}` shows", lambda row: f"`{row.name}`",
        lambda row: f"derived as `{row.attribute}` is",
    ),
    Table(
        "Values that change by themselves", derived_values.VOLATILE_VALUES,
        lambda _: "it changes without a write", _volatile,
        lambda _: "kept for `ages.volatile`, and not on disk",
    ),
    Table(
        "What comes along with a write", written_along.SIDE_EFFECTS,
        _along, _occasions,
        lambda row: "a change of these, too"
        + ("; for own writes only, as other clients' come with events for each row" if row.own else ""),
    ),
    Table(
        "What the server decides", written_along.SERVER_DECISIONS,
        lambda row: f"{code(row.attributes)} need not be as they were sent", lambda row: f"`{row.family}`",
        lambda _: "their values count as unknown after a write",
    ),
    Table(
        "Values that are set along", written_along.VALUES_ALONG,
        lambda row: "the server may set it" + (f" with `{row.when}`" if row.when else " with any update of the row"),
        _values_along,
        lambda _: "counts as changed, to a value that is not known, after an own update",
    ),
    Table(
        "Actions", actions.ACTIONS, _of_action, lambda row: f"`{row.name}`", _consequence_of_action,
    ),
    Table(
        "Server information: what everybody is told", server_information.SHARED_SERVER_VALUES,
        lambda _: "the same for every caller", lambda row: f"`{row.name}`",
        lambda _: "may be answered from the cache for `ages.server_information`; other values may not",
    ),
    Table(
        "Server information: what it is made from", server_information.SERVER_INFORMATION_SOURCES,
        lambda _: "server information may change with its rows", lambda row: f"`{row.family}`",
        lambda _: "a change of one makes a kept answer old",
    ),
    Table(
        "Events: tables that no schema shows", event_tables.UNLISTED_TABLES,
        lambda row: f"its rows may be of {code(row.types)}", lambda row: f"`entityType` `{row.name}`",
        lambda _: "such an event is a change of these",
    ),
    Table(
        "Events: types by object type", event_tables.TYPES_BY_OBJECT_TYPE,
        lambda row: f"the row may be one of `{row.type_name}`", lambda row: f"`objectTypeId` `{row.object_type}`",
        lambda _: "such an event is a change of these, too",
    ),
    Table(
        "Events: what client libraries tell of locations",
        event_tables.LOCATION_TOPICS,
        lambda row: "a component has " + ("reached" if row.arrives else "left") + " a location",
        lambda row: f"topic `{row.name}`",
        lambda _: "a change of the pair, and of the component",
    ),
    Table(
        "Events: what encoding brings", event_tables.ENCODED_ALONG,
        lambda _: "rows come or change when media have been encoded", lambda row: f"`{row.family}`",
        lambda _: "an item with the action `encoded` is a change of all rows of it",
    ),
)  # fmt: skip


def page() -> str:
    """The page as it should be."""
    parts = [_HEAD]
    for table in TABLES:
        lines = [f"## {table.heading}\n", _line(_COLUMNS), _line(["---"] * len(_COLUMNS))]
        lines += [_line(cells) for cells in _rows(table)]
        parts.append("\n".join(lines) + "\n")
    return "\n".join(parts)


def _rows(table: Table) -> Iterator[tuple[str, ...]]:
    """One line for all rows that say the same of different things."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for row in table.rows:
        said = (table.fact(row), table.consequence(row), _where(row.source), _how_sure(row.source))
        found.setdefault(said, []).append(table.applies_to(row))
    for (fact, consequence, where, sure), applies in found.items():
        yield fact, _joined(applies), consequence, where, sure


def _joined(texts: Sequence[str]) -> str:
    return ("; " if any(", " in text or " " in text for text in texts) else ", ").join(texts)


def _where(source: Source) -> str:
    return source.where.partition(" ")[2]


def _how_sure(source: Source) -> str:
    certainty = source.certainty.value if source.certainty is not Certainty.ASSUMED else f"*{source.certainty.value}*"
    return f"{certainty}: {source.because}" if source.because else certainty


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
