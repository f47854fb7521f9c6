"""What a read depends on and how its answer may be kept: needs the schema, which is learned from ftrack."""

from __future__ import annotations

import hashlib
import logging
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from ftrack_proxy.cache_policy.policy import Policy, Terms
from ftrack_proxy.entities.reading import Reading, reading_of
from ftrack_proxy.judging.judge import NOT_A_QUERY, Meaning
from ftrack_proxy.language.parser import LONG, NotUnderstood, parse
from ftrack_proxy.language.shape import shape_of
from ftrack_proxy.language.syntax import Query
from ftrack_proxy.observe.exception_summary import exception_summary
from ftrack_proxy.protocol.operations import Operation, OperationKind
from ftrack_proxy.queries.bound_query import BoundQuery, bound_query
from ftrack_proxy.queries.projection_tree import Tree, tree_of
from ftrack_proxy.queries.read_set import Unresolvable, read_set
from ftrack_proxy.request.threads import in_thread
from ftrack_proxy.schema.catalogue import Catalogue

_log = logging.getLogger(__name__)

_OVERHEAD = 200
# Characters beyond which a query, of 5,000 ids and more, is understood only when it comes again; and how many such are
# recognised.
_VERY_LONG = 200_000
_MOST_MET = 1_000
# Shapes are as many as the places in tools' code that ask; texts are as many as entities.
_MOST_SHAPES = 4_000


@dataclass(frozen=True, slots=True)
class Understood:
    """A read that may be kept: the families it depends on (``None``: any), on which terms, and what it means.

    ``reading`` is ``None`` for what cannot be answered from known entities. ``is_long``: whatever goes through all of
    the query takes milliseconds.
    """

    families: frozenset[str] | None
    terms: Terms
    meaning: Meaning = NOT_A_QUERY
    reading: Reading | None = None
    is_long: bool = False


@dataclass(frozen=True, slots=True)
class _Shape:
    """What queries of one shape have in common; ``question`` is that of one of them."""

    terms: Terms
    question: BoundQuery
    tree: Tree | None


class Understanding:
    """The current schema, and what each expression means by it.

    ``on_change`` is called when ftrack is seen to have another schema than before: whatever was understood
    by the old one no longer counts. ``limit`` bounds the text of the expressions that are remembered, in characters.
    ``is_confirmed``: ftrack sent the schema to this process; otherwise it is what an earlier one knew, or none.
    """

    def __init__(self, policy: Policy, on_change: Callable[[], None], limit: int = 4 * 2**20) -> None:
        self.policy = policy
        self._on_change = on_change
        self._limit = limit
        self._known: OrderedDict[str, Understood | None] = OrderedDict()
        self._known_size = 0
        self._met: OrderedDict[bytes, None] = OrderedDict()
        self._shapes: dict[Query, _Shape | None] = {}
        self.schema_hash: str | None = None
        self.fingerprint: bytes | None = None
        self.catalogue: Catalogue | None = None
        self.is_confirmed = False
        self.not_understood: Counter[str] = Counter()

    def follow(self, policy: Policy) -> None:
        """Go by another policy from now on. What was kept by the old one is for the caller to deal with."""
        self.policy = policy
        self._forget_meanings()

    def learn_server_information(self, entry: Any) -> None:
        """Compare the schema's hash with the one known so far."""
        schema_hash = entry.get("schema_hash") if isinstance(entry, dict) else None
        if not isinstance(schema_hash, str):
            return
        if self.schema_hash not in (None, schema_hash):
            self._forget()
        self.schema_hash = schema_hash

    def learn_schemas(self, entry: Any) -> None:
        """Take a schema document as the current one."""
        fingerprint = _fingerprint(entry)
        if fingerprint == self.fingerprint and self.catalogue is not None:
            self.is_confirmed = True
            return
        try:
            catalogue = Catalogue.from_document(entry)
        except ValueError as error:
            _log.warning(
                "the schema that ftrack sent cannot be read, queries pass through uncached: %s",
                exception_summary(error),
            )
            return
        if self.fingerprint not in (None, fingerprint):
            self._forget()
        self.fingerprint = fingerprint
        self.catalogue = catalogue
        self.is_confirmed = True

    def restore(self, entry: Any, schema_hash: str | None) -> bytes:
        """Go by a document that an earlier process learned, until ftrack has sent one; returns its fingerprint.

        Raises:
            ValueError, TypeError: it is none.
        """
        self.catalogue = Catalogue.from_document(entry)
        self.fingerprint = _fingerprint(entry)
        self.schema_hash = schema_hash if isinstance(schema_hash, str) else None
        return self.fingerprint

    def look_again(self) -> None:
        """More is known of what this server answers: what was understood so far may have to be judged by more."""
        self._forget_meanings()

    def _forget(self) -> None:
        _log.info("ftrack's schema has changed")
        self.catalogue = None
        self.is_confirmed = False
        self._forget_meanings()
        self._on_change()

    def _forget_meanings(self) -> None:
        self._known.clear()
        self._known_size = 0
        self._shapes.clear()

    async def study(self, operations: Iterable[Operation]) -> None:
        """Understand long queries, in a thread, very long ones when they come again: `of` knows nothing of them until
        then."""
        catalogue = self.catalogue
        for operation in operations if catalogue is not None else ():
            if (
                _is_long(operation)
                and operation.expression not in self._known
                and self._is_worth_it(operation.expression)
            ):
                assert catalogue is not None
                understood = await in_thread(self._resolve, operation.expression, catalogue)
                if self.catalogue is catalogue:
                    self._remember(operation.expression, understood)

    def _is_worth_it(self, expression: str) -> bool:
        """False for a very long query that is asked for the first time: it may well be the last."""
        if len(expression) <= _VERY_LONG:
            return True
        digest = hashlib.blake2b(expression.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        if digest in self._met:
            return True
        self._met[digest] = None
        if len(self._met) > _MOST_MET:
            self._met.popitem(last=False)
        return False

    def of(self, operation: Operation) -> Understood | None:
        """Say what an operation depends on; ``None`` if its answer must not be kept, or if it has to be studied."""
        match operation.kind:
            case OperationKind.SERVER_INFORMATION:
                # What is known of the server itself changes with the schema, which is a change of everything.
                return Understood(frozenset({"Setting"}), self.policy.server_information)
            case OperationKind.SCHEMAS:
                return Understood(frozenset(), self.policy.schemas)
            case OperationKind.QUERY if self.catalogue is not None:
                if _is_long(operation) and operation.expression not in self._known:
                    return None
                return self._of_expression(operation.expression, self.catalogue)
            case _:
                return None

    def of_expression(self, expression: str) -> Understood | None:
        """Say the same of a query's text; ``None`` also while no schema is known."""
        return None if self.catalogue is None else self._of_expression(expression, self.catalogue)

    def _of_expression(self, expression: str, catalogue: Catalogue) -> Understood | None:
        if expression in self._known:
            self._known.move_to_end(expression)
            return self._known[expression]
        understood = self._resolve(expression, catalogue)
        self._remember(expression, understood)
        return understood

    def _remember(self, expression: str, understood: Understood | None) -> None:
        if expression in self._known:
            return
        self._known[expression] = understood
        # What an expression means takes some times the room of its text.
        self._known_size += len(expression) + _OVERHEAD
        while self._known_size > self._limit:
            oldest, _ = self._known.popitem(last=False)
            self._known_size -= len(oldest) + _OVERHEAD

    def _resolve(self, expression: str, catalogue: Catalogue) -> Understood | None:
        try:
            query = parse(expression)
            shape = self._shape(query, catalogue, keep=len(expression) <= LONG)
        except (NotUnderstood, Unresolvable) as reason:
            self.not_understood[type(reason).__name__] += 1
            return None
        if query.volatile:
            self.not_understood["CallerOrClock"] += 1
            return None
        if shape is None:
            return None
        meaning = Meaning(shape.question.asking(query, catalogue), catalogue)
        reading = None if shape.tree is None else reading_of(query, shape.tree, catalogue)
        return Understood(shape.question.reads.families, shape.terms, meaning, reading, is_long=len(expression) > LONG)

    def _shape(self, query: Query, catalogue: Catalogue, *, keep: bool) -> _Shape | None:
        """What does not depend on a query's values; ``None`` if answers must not be kept."""
        blanked = shape_of(query)
        if blanked in self._shapes:
            return self._shapes[blanked]
        reads = read_set(query, catalogue)
        terms = self.policy.terms_of(reads, catalogue.family_of)
        shape = None
        if terms is not None:
            shape = _Shape(terms, bound_query(query, reads, catalogue), tree_of(query, catalogue))
        if len(self._shapes) >= _MOST_SHAPES:
            self._shapes.clear()
        if keep:
            self._shapes[blanked] = shape
        return shape


def _fingerprint(document: Any) -> bytes:
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).digest()


def _is_long(operation: Operation) -> bool:
    return operation.kind is OperationKind.QUERY and len(operation.expression) > LONG
