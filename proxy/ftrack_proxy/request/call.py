"""A request to the API as it came in, one read of it, and the reply as it goes out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ftrack_proxy.entities.entity_store import EntitySpace
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.partition import Partition
from ftrack_proxy.identity.principal import Principal
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.ports import Rest
from ftrack_proxy.protocol.headers import CacheControl
from ftrack_proxy.protocol.operations import Operation, OperationKind
from ftrack_proxy.protocol.representation import Representation
from ftrack_proxy.queries.bound_query import Bound, BoundQuery


@dataclass(slots=True)
class Progress:
    """What has become of a request, for whoever watches over it: whether something may have been written by it."""

    writing: bool = False


# Not frozen, though nobody changes it: one is made for each request, and to set the fields of a frozen one costs twice
# as much.
@dataclass(slots=True, eq=False)
class ApiCall:
    """One ``POST /api``.

    ``body`` is what the client sent, ``plain`` the same without content encoding (``None`` if unreadable).
    ``principal`` is whom ftrack must have accepted, ``partition`` whose stored answers may be read,
    ``representation`` how answers are written. The first two, like ``credentials``, are ``None`` for a client that
    did not say who it is. ``cookies`` are the values of its ``Cookie`` headers: by those, too, ftrack might know
    somebody. ``is_anonymous``: there is nothing at all by which ftrack, or a gateway in front, could know anybody.
    ``origin`` is that of the page whose request it is.
    """

    raw_path: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    plain: bytes | None
    credentials: Credentials | None
    principal: Principal | None
    partition: Partition | None
    representation: Representation
    directives: CacheControl
    progress: Progress = field(default_factory=Progress)
    cookies: tuple[str, ...] = ()
    origin: str | None = None
    is_anonymous: bool = False

    @property
    def secret(self) -> bytes:
        """The asker's key: an answer in which it occurs does not go to disk."""
        return b"" if self.credentials is None else self.credentials.key.encode("utf-8", "surrogateescape")

    @property
    def entity_space(self) -> EntitySpace | None:
        """Where what is known of entities is kept for this call, if anywhere."""
        form = self.representation.form
        return None if self.partition is None or form is None else (self.partition, form)


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer to a client: status, end-to-end headers, body, and what follows it, which whoever gets it has to close.

    ``speaks_for_ftrack``: the headers are ftrack's to this very request, also in what they do not say.
    """

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes
    speaks_for_ftrack: bool = False
    rest: Rest | None = None


class Read(NamedTuple):
    """One read of a batch: who asks, what, under which key, and the moment at which it began.

    ``spelling`` tells this text from others of the same key. ``trusted``: ftrack had accepted the asker recently when
    it began.
    """

    call: ApiCall
    operation: Operation
    key: bytes
    spelling: bytes
    bound: Bound
    start: Moment
    trusted: bool

    @property
    def is_of_entities(self) -> bool:
        """True if its answer can be put together from entity records."""
        return isinstance(self.bound, BoundQuery) and self.bound.tree is not None

    @property
    def is_readable(self) -> bool:
        """True if it is known what its answer may show of entities."""
        return self.is_of_entities or self.operation.kind is not OperationKind.QUERY
