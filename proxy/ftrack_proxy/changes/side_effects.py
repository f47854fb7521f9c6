"""Rows and values that ftrack writes of its own accord along with a write (ftrack-protocol 2.3, 7.6).

Most of them have no event of their own, and the next read of whoever wrote looks for them. One table: what is written,
what comes along, and how that is known. *Seen*: in the code of clients or in data of real servers. *Inferred*: from
attributes that no client writes. *Assumed*: nothing says so, and a fetch too many does less harm than an old answer.

Not here, because answers that read them are judged by where they come from: what is derived (`schema.derived`: links,
sums, status changes, the latest version, thread activity, a note's category, dense custom values), what goes with a
removed row, a moved one, or one that goes to another owner (`reach`). The activity log (``Event``, ``Feed``) grows with
every write: the policy keeps none of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from ftrack_proxy.changes.change import UNKNOWN, Change, ChangeKind
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.schema.dependants import referrers
from ftrack_proxy.schema.families import COMPONENT, CONTEXT, RESOURCE

_NEW: Final = frozenset({ChangeKind.ADDED})
_ANY: Final = frozenset({ChangeKind.ADDED, ChangeKind.UPDATED, ChangeKind.REMOVED})
_CHANGED: Final = frozenset({ChangeKind.UPDATED})
_NEW_OR_CHANGED: Final = frozenset({ChangeKind.ADDED, ChangeKind.UPDATED})
_ALL_THAT_REFER: Final = "*"

_WORKFLOW: Final = (
    "ProjectSchema", "ProjectSchemaObjectType", "ProjectSchemaOverride", "Schema", "SchemaStatus", "SchemaType",
    "TaskTypeSchema", "TaskTypeSchemaType", "WorkflowSchema", "WorkflowSchemaStatus",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SideEffect:
    """What comes along when a row of ``family`` is written in one of the ways ``kinds``.

    A new row counts if it has one of ``attributes``, a changed one if it may have changed in one (none: always).
    ``reaches`` are families or types of which rows come, go or change; with ``values``, they change in these
    attributes alone. ``only``: rows of this type alone. ``own``: only for writes of our own clients; what others write
    comes with events for each row.
    """

    family: str
    kinds: frozenset[ChangeKind]
    reaches: tuple[str, ...]
    source: str
    attributes: frozenset[str] = frozenset()
    values: tuple[str, ...] = ()
    only: str | None = None
    own: bool = False


SIDE_EFFECTS: Final[tuple[SideEffect, ...]] = (
    SideEffect(
        CONTEXT, _NEW, (_ALL_THAT_REFER,), own=True,
        source="seen: templates and server actions create tasks, assignments and links below a new object",
    ),
    SideEffect(
        CONTEXT, _CHANGED, (CONTEXT,), attributes=frozenset({"project_schema_id", "project_schema"}),
        only="Project", values=("status", "status_id", "type", "type_id", "priority", "priority_id"),
        source="assumed: what another workflow does not have is replaced",
    ),
    SideEffect(
        "Note", _NEW, ("Recipient",),
        source="seen: the author and those whom a note concerns become its recipients",
    ),
    SideEffect(
        "Note", _NEW_OR_CHANGED, ("NoteLabelLink",), attributes=frozenset({"category", "category_id"}),
        source="seen: labels have replaced the category, which clients may still write",
    ),
    SideEffect(
        COMPONENT, _NEW, ("ComponentLocation",),
        source="assumed: ftrack's own location takes in what is uploaded",
    ),
    SideEffect(
        COMPONENT, _NEW, (COMPONENT,), attributes=frozenset({"container", "container_id"}), values=("size",),
        source="assumed: a container is as large as its members",
    ),
    SideEffect(
        COMPONENT, _CHANGED, (COMPONENT,), attributes=frozenset({"container", "container_id", "size"}),
        values=("size",), source="assumed: the same",
    ),
    SideEffect(
        RESOURCE, _NEW, ("UserSecurityRole", "UserSecurityRoleProject", "Membership"),
        source="inferred: a new user has a role, without which he could not log in",
    ),
    SideEffect(
        "Timer", _NEW, ("Timer", "Timelog"), own=True,
        source="assumed: a user has one running timer; what another one counted is logged",
    ),
    SideEffect(
        "ReviewSession", _NEW, ("ReviewSessionInvitee", "EntitySetting"),
        source="assumed: who makes it takes part, with the settings of the workspace",
    ),
    SideEffect(
        "ReviewSessionObject", _NEW, ("ReviewSessionObjectStatus",),
        source="assumed: a status for each invitee",
    ),
    SideEffect(
        "CalendarEvent", _NEW_OR_CHANGED, ("CalendarEventResource",), attributes=frozenset({"everyone"}),
        source="assumed: `everyone` stands for rows of resources",
    ),
    SideEffect(
        "ObjectType", _NEW, _WORKFLOW,
        source="inferred: a schema for each object type and project schema",
    ),
    *(
        SideEffect(name, _ANY, _WORKFLOW, source="inferred: workflows are told in two ways, by column and by schema")
        for name in _WORKFLOW
    ),
)  # fmt: skip

_BY_FAMILY: Final[Mapping[str, tuple[SideEffect, ...]]] = {
    family: tuple(effect for effect in SIDE_EFFECTS if effect.family == family)
    for family in {effect.family for effect in SIDE_EFFECTS}
}

SERVER_DECIDES: Final[Mapping[str, frozenset[str]]] = {
    # A number that is taken, or not given, becomes the next one (seen: `version` is left to the server).
    "AssetVersion": frozenset({"version", "is_latest_version"}),
}
"""Family -> attributes whose value need not be the one that a client sent."""


def side_effects(changed: Change, catalogue: Catalogue, *, own: bool) -> list[Change]:
    """What may have changed along with a row, by family."""
    families: set[str] = set()
    found: list[Change] = []
    for effect in _of(changed.families or ()):
        if (effect.own and not own) or not _applies(effect, changed):
            continue
        if effect.values:
            unknown = dict.fromkeys(effect.values, (UNKNOWN, UNKNOWN))
            reached = _families((effect,), catalogue)
            found.append(
                Change(ChangeKind.UPDATED, reached, attributes=unknown, source=changed.source, attributes_complete=True)
            )
        else:
            families |= _families((effect,), catalogue)
    if families:
        found.append(Change(ChangeKind.UNKNOWN, frozenset(families), source=changed.source))
    return found


def families_along(families: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """The families of which rows may come along with whatever is done to rows of ``families``."""
    return _families((effect for effect in _of(families) if _ALL_THAT_REFER not in effect.reaches), catalogue)


def set_along(family: str, written: Iterable[str], catalogue: Catalogue) -> frozenset[str]:
    """The attributes of a row that the server may set when a client writes others of it.

    Moments and people that go with a state (``completed_at``, ``finished_at``, ``last_sent_at``), whatever they are
    called; not who made the row, and when.
    """
    if not frozenset(written):
        return frozenset()
    names = (name for member in catalogue.members(family) for name in catalogue.types[member].attributes)
    moments = {name for name in names if name.endswith(("_at", "_by", "_by_id")) and not name.startswith("created")}
    published = {"date"} if "is_published" in written else set()
    return frozenset(moments | published)


def _of(families: Iterable[str]) -> Iterator[SideEffect]:
    for family in families:
        yield from _BY_FAMILY.get(family, ())


def _applies(effect: SideEffect, changed: Change) -> bool:
    if changed.kind not in effect.kinds or (effect.only and changed.entity_type not in (None, effect.only)):
        return False
    if not effect.attributes or changed.kind is ChangeKind.REMOVED:
        return True
    told = effect.attributes & changed.attributes.keys()
    if changed.kind is ChangeKind.ADDED:
        return any(changed.attributes[name][1] is not None for name in told)
    return bool(told) or not changed.attributes_complete


def _families(effects: Iterable[SideEffect], catalogue: Catalogue) -> frozenset[str]:
    reached: set[str] = set()
    for effect in effects:
        for name in effect.reaches:
            if name == _ALL_THAT_REFER:
                reached |= referrers(effect.family, catalogue)
            elif name in catalogue.family_of:
                reached.add(catalogue.family_of[name])
    return frozenset(reached)
