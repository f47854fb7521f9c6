"""Bind reads: each expression to the schema that is known now and to the cache policy."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator

from ftrack_proxy.cache_policy.policy import Policy
from ftrack_proxy.facts.server_information import SERVER_INFORMATION_SOURCES
from ftrack_proxy.judging.validity import Moment
from ftrack_proxy.language.parser import LONG, NotUnderstood, parse
from ftrack_proxy.language.shape import shape_of
from ftrack_proxy.language.syntax import Query
from ftrack_proxy.protocol.operations import Operation, OperationKind
from ftrack_proxy.queries.bound_query import Bound, BoundOperation, BoundQuery, bind_query
from ftrack_proxy.queries.bound_shape import BoundShape, bind_shape
from ftrack_proxy.queries.resolve import Unresolvable
from ftrack_proxy.queries.terms import Terms
from ftrack_proxy.request.call import ApiCall, Read
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.request.running.threads import in_thread
from ftrack_proxy.request.split import Split
from ftrack_proxy.schema.catalogue import Catalogue
from ftrack_proxy.values.bounded_map import BoundedMap

_OVERHEAD = 200
# Characters beyond which a query, of 5,000 ids and more, is bound only when it comes again; and how many such are
# recognised.
_VERY_LONG = 200_000
_MOST_MET = 1_000
# Shapes are as many as the places in tools' code that ask; texts are as many as entities.
_MOST_SHAPES = 4_000
_SERVER_INFORMATION = frozenset(source.family for source in SERVER_INFORMATION_SOURCES)


class Binder:
    """Binds reads, and remembers those that it has bound as long as schema and policy stay the same.

    ``limit`` bounds the text of the expressions that are remembered, in characters. ``not_understood`` counts, by
    kind, the queries whose answers are not kept because of what they are.
    """

    def __init__(self, schema: KnownSchema, policy: Policy, limit: int = 4 * 2**20) -> None:
        self.schema = schema
        self.policy = policy
        self.not_understood: Counter[str] = Counter()
        # ``None`` where answers must not be kept.
        self._bound: BoundedMap[str, BoundQuery | None] = BoundedMap(limit, weigh=_weight)
        self._bound_to: Catalogue | None = None
        self._forgotten = 0
        self._met: BoundedMap[bytes, None] = BoundedMap(_MOST_MET)
        # With their terms: ``None`` where answers must not be kept.
        self._shapes: BoundedMap[Query, tuple[BoundShape, Terms | None]] = BoundedMap(_MOST_SHAPES)

    @property
    def catalogue(self) -> Catalogue | None:
        """The schema that queries are bound to now."""
        return self.schema.catalogue

    def follow(self, policy: Policy) -> None:
        """Go by another policy from now on. What was kept by the old one is for the caller to deal with."""
        self.policy = policy
        self.forget()

    def forget(self) -> None:
        """Bind anew from now on: more is known of what this server answers, and answers have to be judged by more."""
        self._forgotten += 1
        self._bound.clear()
        self._shapes.clear()

    def bind(self, operation: Operation) -> Bound | None:
        """Bind a read; ``None`` if its answer must not be kept, or if it is so long that `bind_long` has to do it."""
        match operation.kind:
            case OperationKind.QUERY:
                return self._query(operation.expression, wait_for_long=True)
            case OperationKind.SERVER_INFORMATION:
                # What is known of the server itself changes with the schema, which is a change of everything.
                return BoundOperation(_SERVER_INFORMATION, self.policy.server_information)
            case OperationKind.SCHEMAS:
                return BoundOperation(frozenset(), self.policy.schemas)
            case _:
                return None

    def bind_reads(self, call: ApiCall, split: Split, start: Moment, *, trusted: bool) -> Iterator[Read | None]:
        """Bind a batch of reads, one by one; ``None`` for one that cannot be bound (see `bind`)."""
        operations = () if split.batch is None else split.batch.operations
        for operation, key, spelling in zip(operations, split.keys, split.spellings, strict=True):
            bound = self.bind(operation)
            yield None if bound is None else Read(call, operation, key, spelling, bound, start, trusted)

    def bind_expression(self, expression: str) -> BoundQuery | None:
        """Bind a query's text, whatever its length; ``None`` also while no schema is known."""
        return self._query(expression, wait_for_long=False)

    async def bind_long(self, operations: Iterable[Operation]) -> None:
        """Bind long queries, in a thread, very long ones when they come again: `bind` says ``None`` until then."""
        catalogue = self._current()
        if catalogue is None:
            return
        for operation in operations:
            if operation.kind is not OperationKind.QUERY or len(operation.expression) <= LONG:
                continue
            expression = operation.expression
            if expression in self._bound or not self._is_worth_it(expression):
                continue
            forgotten = self._forgotten
            bound = await in_thread(self._bind, expression, catalogue)
            # Otherwise it goes by less than is known now, or by another policy.
            if self._current() is catalogue and self._forgotten == forgotten:
                self._remember(expression, bound)

    def _is_worth_it(self, expression: str) -> bool:
        """False for a very long query that is asked for the first time: it may well be the last."""
        if len(expression) <= _VERY_LONG:
            return True
        digest = hashlib.blake2b(expression.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._met:
            return True
        self._met.put(digest, None)
        return False

    def _current(self) -> Catalogue | None:
        """The schema to bind to; what was bound to an earlier one is forgotten."""
        catalogue = self.schema.catalogue
        if catalogue is not self._bound_to:
            self.forget()
            self._bound_to = catalogue
        return catalogue

    def _query(self, expression: str, *, wait_for_long: bool) -> BoundQuery | None:
        catalogue = self._current()
        if catalogue is None:
            return None
        bound = self._bound.get(expression)
        if bound is not None:
            return bound
        if expression in self._bound or (wait_for_long and len(expression) > LONG):
            return None
        bound = self._bind(expression, catalogue)
        self._remember(expression, bound)
        return bound

    def _remember(self, expression: str, bound: BoundQuery | None) -> None:
        if expression not in self._bound:
            self._bound.put(expression, bound)

    def _bind(self, expression: str, catalogue: Catalogue) -> BoundQuery | None:
        is_long = len(expression) > LONG
        try:
            query = parse(expression)
            shape, terms = self._shape(query, catalogue, keep=not is_long)
        except (NotUnderstood, Unresolvable) as reason:
            self.not_understood[type(reason).__name__] += 1
            return None
        if query.volatile:
            self.not_understood["CallerOrClock"] += 1
            return None
        return None if terms is None else bind_query(query, shape, terms, is_long=is_long)

    def _shape(self, query: Query, catalogue: Catalogue, *, keep: bool) -> tuple[BoundShape, Terms | None]:
        """What does not depend on a query's literals."""
        blanked = shape_of(query)
        known = self._shapes.peek(blanked)
        if known is not None:
            return known
        shape = bind_shape(query, catalogue)
        terms = self.policy.terms_of(shape.reads, catalogue.family_of)
        if keep:
            self._shapes.put(blanked, (shape, terms))
        return shape, terms


def _weight(expression: str, _: BoundQuery | None) -> int:
    # What an expression is bound to takes some times the room of its text.
    return len(expression) + _OVERHEAD
