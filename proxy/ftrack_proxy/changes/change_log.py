"""The change log as the rest of the proxy sees it: the ordered changes that it knows of, numbered within a named log.

Results and entity records remember a log's name and the number up to which they were judged, so numbers mean something
only together with the name. An implementation may keep its entries where a restart, or another process, finds them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, Protocol

from ftrack_proxy.changes.change import Change, ChangeKind

_PLACED = frozenset({ChangeKind.ADDED, ChangeKind.UPDATED, ChangeKind.REMOVED})


class Timestamp(NamedTuple):
    """When a change was recorded, in seconds by two clocks.

    ``boot``: the machine's clock since it was started, which goes on in sleep and never steps. Ages are reckoned by it.
    It means nothing to another machine, or after a restart of this one.
    ``wall``: Unix time, which means the same to every process, as far as their machines' clocks are right.

    An implementation that reads back what an earlier process recorded has ``wall`` alone to go by, and gives an entry
    the boot time ``now.boot - (now.wall - entry.wall)``. A wall clock that was set back in between makes entries look
    younger than they are, by as much: an entry younger than now shows it, and then no age that began before can be
    told. What was fetched that long ago is not to be served by its age (G5) then. One that was set forward makes
    entries look older: that costs misses and no more. Within one process the wall clock is never asked for an age.
    """

    boot: float
    wall: float


class ChangeLog(Protocol):
    """Changes by number (``seq``), which begin at 1 and never are used again, not by a later process either.

    ``name`` is the log's own: no other log has it, and a log that was lost and begun anew has another. ``head`` is the
    newest number. ``tail`` is the newest one dropped: nothing older can be judged. All but `appended` returns at once.
    """

    @property
    def name(self) -> str: ...
    @property
    def head(self) -> int: ...
    @property
    def tail(self) -> int: ...

    def append(self, change: Change, now: Timestamp) -> int:
        """Record a change, which counts from now on for whoever asks this log, and return its ``seq``."""
        ...

    async def appended(self, seq: int) -> None:
        """Return once all up to ``seq`` is where a restart of this process finds it.

        Awaited before the reply to a write leaves (G1), and before an event goes on to a client (G2).
        """
        ...

    def supersede(self, seq: int) -> None:
        """Note that the change ``seq``, which may have touched anything, is told in detail by changes after it.

        It counts from now on only for reads that began before it was: they are not judged by what came later.
        """
        ...

    def between(self, after: int, through: int, families: frozenset[str] | None) -> Iterator[tuple[int, Change]]:
        """Yield the changes in ``(after, through]`` that touch one of ``families`` (``None``: any change)."""
        ...

    def of_entity(self, identity: str, after: int, through: int) -> Iterator[tuple[int, Change]]:
        """Yield the changes in ``(after, through]`` of one entity that is named by its id."""
        ...

    def unplaced(self, after: int, through: int, families: frozenset[str]) -> Iterator[tuple[int, Change]]:
        """Yield the changes in ``(after, through]`` of ``families`` that ``of_entity`` does not find: of many rows at
        once, of rows without an id of their own, or of rows that are not named."""
        ...

    def since(self, boot: float, through: int, families: frozenset[str] | None) -> Iterator[tuple[float, Change]]:
        """Yield the changes recorded at ``boot`` (seconds of the boot clock) or later, up to ``through``, with their
        times, newest first."""
        ...


def is_placed(change: Change) -> bool:
    """True if a change is of one row alone, and names it."""
    one_family = change.families is not None and len(change.families) == 1
    return one_family and change.entity_id is not None and change.kind in _PLACED
