"""Forwarding at the ports: whatever comes of a batch and whoever waits for it, it is sent at most once, and what it may
have changed is in the log before anybody hears of it (G1, G8)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from multidict import CIMultiDict

from ftrack_proxy.cache_policy.learned_coverage import DEADLINE, LearnedCoverage
from ftrack_proxy.changes.change import Change, ChangeKind, ChangeSource, anything
from ftrack_proxy.changes.in_memory_change_log import InMemoryChangeLog
from ftrack_proxy.entities.entity_store import EntityRef, EntityStores
from ftrack_proxy.identity.trust import Trust
from ftrack_proxy.observe.counters import Counters
from ftrack_proxy.ports import AnswerLost, Dispatch, NotSent, Rest
from ftrack_proxy.protocol.operations import parse_batch
from ftrack_proxy.request.bind import Binder
from ftrack_proxy.request.call import Reply
from ftrack_proxy.request.forward import Forwarder
from ftrack_proxy.request.identify import Identifier
from ftrack_proxy.request.ledger.acceptance import Acceptance
from ftrack_proxy.request.ledger.coverage_learning import CoverageLearner
from ftrack_proxy.request.ledger.known_schema import KnownSchema
from ftrack_proxy.settings import read_policy
from tests.test_hub.stage import ANA, AlwaysLive, journal_on, until
from tests.test_schema.documents import small_catalogue

UPDATE = {"action": "update", "entity_type": "Status", "entity_key": ["S"], "entity_data": {"name": "x"}}
BATCHES: dict[str, Any] = {
    "a write": [UPDATE],
    "a new row": [{**UPDATE, "action": "create"}],
    "a mail": [{"action": "send_user_invite", "user_id": "U"}],
    "a read": [{"action": "query", "expression": "Status"}],
    "no list": {"action": "create"},
}
CHANGING = {"a write", "a new row", "no list"}


@dataclass
class Said:
    """An answer of ftrack's."""

    body: bytes
    status: int = 200
    rest: Rest | None = None

    @property
    def headers(self) -> CIMultiDict[str]:
        return CIMultiDict({"Content-Type": "application/json"})


class Pieces:
    """What is still coming of an answer, until it is lost."""

    def __init__(self, *pieces: bytes, is_lost: bool = False) -> None:
        self._pieces = pieces
        self._is_lost = is_lost

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._is_lost:
            raise AnswerLost("the connection was lost")

    def close(self) -> None: ...


class Ftrack:
    """An upstream that does everything when it is told to."""

    def __init__(self) -> None:
        self.requests = 0
        self.connected = asyncio.Event()
        self._outcome: asyncio.Future[Said | Exception] = asyncio.get_running_loop().create_future()

    def say(self, outcome: Said | Exception) -> None:
        self.connected.set()
        self._outcome.set_result(outcome)

    async def ask(self, *_: Any, **__: Any) -> Said:
        return await self.write("", (), b"", Dispatch())

    async def write(self, _: str, __: Sequence[Any], ___: bytes, dispatch: Dispatch) -> Said:
        await self.connected.wait()
        if dispatch.withdrawn:
            raise NotSent("withdrawn")
        if self._outcome.done() and isinstance(self._outcome.result(), NotSent):
            raise self._outcome.result()  # type: ignore[misc]
        dispatch.begun = True
        self.requests += 1
        said = await asyncio.shield(self._outcome)
        if isinstance(said, Exception):
            raise said
        return said


class SlowLog(InMemoryChangeLog):
    """A log that takes its time until an entry is where a restart finds it."""

    def __init__(self) -> None:
        super().__init__()
        self.is_slow = False
        self.waiting = 0
        self.written = asyncio.Event()

    async def appended(self, seq: int) -> None:
        if self.is_slow:
            self.waiting += 1
            await self.written.wait()


class Forwarding:
    """A forwarder between a client and an upstream."""

    def __init__(self) -> None:
        self.ftrack = Ftrack()
        self.log = SlowLog()
        self.counters = Counters()
        self.journal = journal = journal_on(self.log)
        policy = read_policy()
        schema = KnownSchema(on_change=lambda: None)
        schema.catalogue = small_catalogue()
        self.entity_stores = EntityStores(10**6)
        self.learned = LearnedCoverage(policy)
        learning = CoverageLearner(self.learned, journal, Binder(schema, policy), live=set, save=lambda _: None)
        self.forwarder = Forwarder(
            journal,
            Acceptance(Trust(lifetime=1.0), AlwaysLive(), lambda: 0.0),
            self.counters,
            self.ftrack,
            learning,
            schema,
            self.entity_stores,
            origin="http://ftrack",
            body_limit=10**6,
        )

    def begin(self, name: str) -> asyncio.Task[Reply]:
        body = orjson.dumps(BATCHES[name])
        headers = [("ftrack-user", "ana"), ("ftrack-api-key", "key")]
        self.call = Identifier(b"salt").identify("/api", headers, body, body)
        return asyncio.create_task(self.forwarder.forward(self.call, parse_batch(body)))

    @property
    def recorded(self) -> int:
        return self.log.head


REFUSAL = Said(b'{"exception": "InvalidCredentialsError", "content": "x"}')
ERROR = Said(b'{"exception": "ServerError", "content": "x"}')
GATEWAY = Said(b"<html>", status=504)
SUCCESS = Said(b'[{"action": "x", "data": {"__entity_type__": "Status", "id": "S", "name": "x"}}]')

# What comes of a request, whether it was sent, the status of the reply, and whether changes have to be recorded.
OUTCOMES: dict[str, tuple[Said | Exception, bool, int, bool]] = {
    "not sent": (NotSent("no route"), False, 502, False),
    "lost": (AnswerLost("cut"), True, 504, True),
    "refused": (REFUSAL, True, 200, False),
    "failed": (ERROR, True, 200, True),
    "gateway": (GATEWAY, True, 504, True),
    "carried out": (SUCCESS, True, 200, True),
}


@pytest.mark.required("G8.1")
@pytest.mark.parametrize("outcome", OUTCOMES)
@pytest.mark.parametrize("name", BATCHES)
async def test_what_is_recorded_when_the_reply_leaves(name: str, outcome: str) -> None:
    stage = Forwarding()
    reply = stage.begin(name)
    said, is_sent, status, may_have_changed = OUTCOMES[outcome]
    stage.ftrack.say(said)
    assert (await reply).status == status
    assert stage.ftrack.requests == int(is_sent)
    assert bool(stage.recorded) == (may_have_changed and name in CHANGING)


@pytest.mark.required("G8.1")
@pytest.mark.parametrize("outcome", [name for name, (_, is_sent, _, _) in OUTCOMES.items() if is_sent])
@pytest.mark.parametrize("name", BATCHES)
async def test_a_batch_that_has_begun_is_finished_without_its_client(name: str, outcome: str) -> None:
    stage = Forwarding()
    client = stage.begin(name)
    said, _, _, may_have_changed = OUTCOMES[outcome]
    stage.ftrack.connected.set()
    await until(lambda: stage.ftrack.requests)
    client.cancel()
    with suppress(asyncio.CancelledError):
        await client
    stage.ftrack.say(said)
    await stage.forwarder.finish(10.0)
    assert stage.ftrack.requests == 1
    assert bool(stage.recorded) == (may_have_changed and name in CHANGING)


@pytest.mark.required("G8.1")
@pytest.mark.parametrize("name", BATCHES)
async def test_a_batch_that_has_not_begun_leaves_with_its_client(name: str) -> None:
    stage = Forwarding()
    client = stage.begin(name)
    await until(lambda: stage.forwarder._writes._tasks)
    client.cancel()
    with suppress(asyncio.CancelledError):
        await client
    stage.ftrack.say(SUCCESS)
    await stage.forwarder.finish(10.0)
    assert (stage.ftrack.requests, stage.recorded) == (0, 0)


@pytest.mark.required("G1.4")
@pytest.mark.parametrize("outcome", ["lost", "failed", "carried out"])
async def test_a_reply_waits_until_a_restart_would_find_the_changes(outcome: str) -> None:
    stage = Forwarding()
    stage.log.is_slow = True
    reply = stage.begin("a write")
    stage.ftrack.say(OUTCOMES[outcome][0])
    await until(lambda: stage.log.waiting)
    assert not reply.done()
    stage.log.written.set()
    assert (await reply).status == OUTCOMES[outcome][2]


@pytest.mark.required("G1.1")
@pytest.mark.parametrize("ending", ["whole", "lost", "closed"])
async def test_what_is_still_coming_is_recorded_once_more_at_its_end(ending: str) -> None:
    stage = Forwarding()
    reply = stage.begin("a write")
    stage.ftrack.say(Said(b"[", rest=Pieces(b"1", b"]", is_lost=ending == "lost")))
    rest = (await reply).rest
    assert rest is not None
    first = stage.recorded
    assert first
    received = b""
    if ending == "closed":
        rest.close()
    else:
        with suppress(AnswerLost):
            async for piece in rest:
                # Its last bytes come after the changes.
                received += piece
                assert stage.recorded == (2 * first if received == b"1]" else first)
        rest.close()
    assert stage.recorded == 2 * first


@pytest.mark.required("G1.3")
@pytest.mark.parametrize("outcome", OUTCOMES)
async def test_only_what_was_carried_out_teaches_anything(outcome: str) -> None:
    stage = Forwarding()
    reply = stage.begin("a new row")
    stage.ftrack.say(OUTCOMES[outcome][0])
    await reply
    stage.learned.expire(DEADLINE, {AlwaysLive().position(ANA)[0]})
    is_done = outcome == "carried out"
    assert (stage.entity_stores.of(stage.call.entity_space).known(EntityRef("Status", ("S",))) is not None) == is_done
    # No event of it has come.
    assert [(name, told["misses"]) for name, told in stage.learned.document().items()] == [("Status", 1)] * is_done


@pytest.mark.required("G3.1")
@pytest.mark.parametrize(
    ("meanwhile", "is_known"),
    [
        ((), True),
        ((Change(ChangeKind.UPDATED, frozenset({"Status"}), "other"),), True),
        ((Change(ChangeKind.UPDATED, frozenset({"Status"}), "S"),), False),
        ((Change(ChangeKind.UNKNOWN, frozenset({"Status"})),), False),
        ((anything(ChangeSource.HUB_EVENT),), False),
    ],
)
async def test_what_somebody_else_may_have_written_meanwhile_is_not_known(
    meanwhile: tuple[Change, ...], is_known: bool
) -> None:
    stage = Forwarding()
    reply = stage.begin("a new row")
    stage.ftrack.connected.set()
    await until(lambda: stage.ftrack.requests)
    stage.journal.record(meanwhile)
    stage.ftrack.say(SUCCESS)
    await reply
    assert (stage.entity_stores.of(stage.call.entity_space).known(EntityRef("Status", ("S",))) is not None) == is_known
