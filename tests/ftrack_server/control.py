"""FtrackServer: the simulated server in a thread of its own, and the handle by which tests drive it."""

from __future__ import annotations

import asyncio
import datetime
import threading
import uuid
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Literal, TypeVar

from aiohttp import web

from .counters import Board, Counters, Ledger, Record
from .engine import Caller, Engine, Outcome
from .faults import Fault, Hold, Kind
from .hub import Hub
from .hub_control import HubControl
from .production import Production, ProductionPlan, small
from .remote_control import RemoteControl
from .site import Site
from .web import Face

T = TypeVar("T")
_PATIENCE = 60


class FtrackServer:
    """One simulated ftrack server. Every public method is synchronous and may be called from any thread."""

    def __init__(
        self,
        plan: ProductionPlan | None = None,
        *,
        engine: Engine | None = None,
        port: int = 0,
        latency: float = 0.0,
        event_delay: float = 0.0,
        heartbeat: float = 5.0,
        host: str = "127.0.0.1",
    ) -> None:
        self.engine = engine if engine is not None else Engine(plan if plan is not None else small())
        self._host = host
        self._port = port
        board = Board()
        ledger = Ledger(board)
        hub = Hub(board, ledger, self.engine.authenticate, self.engine.can_see_project, heartbeat, event_delay)
        self._site = Site(engine=self.engine, board=board, ledger=ledger, hub=hub, latency=latency)
        self._face = Face(self._site)
        self._face.control = RemoteControl(self).answer
        self.hub = HubControl(hub, self._on_loop, self._user_id)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._runner: web.AppRunner | None = None
        self._listener: web.TCPSite | None = None

    # -- life ----------------------------------------------------------------------------------------

    def start(self) -> FtrackServer:
        """Start to listen; returns when the server answers."""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="ftrack-server", daemon=True)
        self._thread.start()
        self._run(self._open())
        return self

    def stop(self) -> None:
        """Close everything; what is held or hanging is let go."""
        if self._loop is None or self._thread is None:
            return
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()
        self._loop = self._thread = None

    def __enter__(self) -> FtrackServer:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        if error is None and self.crashes:
            raise AssertionError(f"the simulated server broke: {self.crashes!r}") from self.crashes[0]

    @property
    def url(self) -> str:
        """Where the server listens, without a trailing slash."""
        return self._site.base_url

    @property
    def production(self) -> Production:
        """The ids of what the production is made of."""
        return self.engine.production

    @property
    def crashes(self) -> list[BaseException]:
        """Faults of the simulation itself, found while it answered."""
        return self._site.crashes

    async def _open(self) -> None:
        self._runner = web.AppRunner(
            self._face.application, auto_decompress=False, access_log=None, shutdown_timeout=0.2
        )
        await self._runner.setup()
        await self._listen()
        self._site.base_url = f"http://{self._host}:{self._port}"
        self.engine.base_url = self._site.base_url
        self.engine.upload_url = lambda component_id: (
            f"{self._site.base_url}/upload/{component_id}?signature={uuid.uuid4().hex}"
        )

    async def _listen(self) -> None:
        assert self._runner is not None
        self._listener = web.TCPSite(self._runner, self._host, self._port, reuse_address=True)
        await self._listener.start()
        self._port = self._runner.addresses[0][1]

    async def _close(self) -> None:
        self._site.faults.clear()
        self._site.hub.close()
        assert self._runner is not None
        await self._runner.cleanup()
        current = asyncio.current_task()
        others = [task for task in asyncio.all_tasks() if task is not current]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)

    def _run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        assert self._loop is not None, "the server is not running"
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(_PATIENCE)

    def _on_loop(self, call: Callable[[], T]) -> T:
        """Run *call* on the server's loop: the engine is used by one thread only."""
        if threading.current_thread() is self._thread or self._loop is None:
            return call()

        async def called() -> T:
            return call()

        return self._run(called())

    # -- data ----------------------------------------------------------------------------------------

    def credentials(self, username: str = "ana") -> tuple[str, str]:
        """(user name, API key)."""
        return self.engine.credentials(username)

    def call(
        self,
        operations: list[dict[str, Any]],
        username: str = "service",
        *,
        silent: bool = False,
        denormalize: bool = True,
    ) -> list[Any]:
        """Run a batch in the engine as *username*, not through HTTP; its events go out unless *silent*."""
        wire = encoded(operations)

        def run() -> Outcome:
            # Somebody whose key was revoked can still work elsewhere, in a browser for instance.
            caller = Caller(self.engine.production.users[username], username, api_key="")
            outcome = self.engine.run_batch(caller, wire, denormalize=denormalize)
            if not silent:
                for published in outcome.events:
                    self._face.api.publish(published)
            return outcome

        return self._on_loop(run).responses

    def create(self, entity_type: str, /, *, user: str = "ray", silent: bool = False, **data: Any) -> Any:
        """Somebody else creates an entity; returns it."""
        values = {"__entity_type__": entity_type, **data}
        operation = {"action": "create", "entity_type": entity_type, "entity_data": values}
        return self.call([operation], user, silent=silent)[0]["data"]

    def update(
        self,
        entity_type: str,
        entity_id_or_key: str | Sequence[str],
        /,
        *,
        user: str = "ray",
        silent: bool = False,
        **data: Any,
    ) -> Any:
        """Somebody else changes an entity; returns it."""
        operation = {
            "action": "update",
            "entity_type": entity_type,
            "entity_key": _key(entity_id_or_key),
            "entity_data": {"__entity_type__": entity_type, **data},
        }
        return self.call([operation], user, silent=silent)[0]["data"]

    def delete(self, entity_type: str, key: str | Sequence[str], *, user: str = "ray", silent: bool = False) -> None:
        """Somebody else deletes an entity."""
        operation = {"action": "delete", "entity_type": entity_type, "entity_key": _key(key)}
        self.call([operation], user, silent=silent)

    def query(self, expression: str, username: str | None = None, as_of: int | None = None) -> list[dict[str, Any]]:
        """Evaluate an expression directly; None as user sees everything."""
        return self._on_loop(lambda: self.engine.query(expression, username, as_of))

    @property
    def commits(self) -> int:
        """The number of commits so far."""
        return self.engine.commits

    def put_component(self, component_id: str, data: bytes) -> None:
        """Store (or overwrite) the bytes of a component."""
        self._on_loop(lambda: self._site.files.put(component_id, data))

    def component_bytes(self, component_id: str) -> bytes | None:
        """What a download of the component gives."""
        content = self._on_loop(lambda: self._face.components.content(component_id))
        return content.data if content is not None else None

    def _user_id(self, username: str) -> str | None:
        return self.engine.production.users.get(username)

    # -- what was asked --------------------------------------------------------------------------------

    @property
    def counters(self) -> Counters:
        """What was asked since the last reset, as a snapshot."""
        return self._site.ledger.snapshot()

    def reset_counters(self) -> None:
        """Start to count (and to log) anew."""
        self._site.ledger.reset()

    @property
    def requests_log(self) -> list[Record]:
        """The requests that were finished, oldest first."""
        return self._site.ledger.records()

    def wait_for(self, predicate: Callable[[], Any], timeout: float = 10, what: str = "the condition") -> Any:
        """Wait until *predicate* is true; it is looked at whenever something happens on the server."""
        return self._site.board.wait_for(predicate, timeout, what)

    # -- latency and faults ----------------------------------------------------------------------------

    @property
    def latency(self) -> float:
        """Seconds that an API request or a download takes, half of it before and half after the work."""
        return self._site.latency

    @latency.setter
    def latency(self, seconds: float) -> None:
        self._site.latency = seconds

    def hold(
        self,
        *,
        action: str | None = "query",
        contains: str | None = None,
        when: Literal["before", "after"] = "after",
        path: str = "/api",
    ) -> Hold:
        """Keep the next matching request; *after*: its answer is computed and kept back."""
        fault = Fault("hold", when, action=_for(path, action), contains=contains, path=path)
        return self._site.faults.add(fault).gate

    def fail_next(
        self,
        *,
        count: int = 1,
        status: int = 500,
        body: bytes = b"<html>gateway</html>",
        content_type: str = "text/html",
        after_commit: bool = False,
        action: str | None = None,
        contains: str | None = None,
        path: str = "/api",
    ) -> None:
        """Answer the next requests with a gateway's error page, without or after executing them."""
        self._site.faults.add(
            Fault(
                "fail",
                "after" if after_commit else "before",
                count=count,
                action=action,
                contains=contains,
                path=path,
                status=status,
                body=body,
                content_type=content_type,
            )
        )

    def drop_next(
        self,
        *,
        count: int = 1,
        after_commit: bool = False,
        action: str | None = None,
        contains: str | None = None,
        path: str = "/api",
    ) -> None:
        """Close the connection of the next requests without an answer, before or after executing them."""
        self._fault("drop", count, after_commit, action, contains, path)

    def hang_next(
        self,
        *,
        count: int = 1,
        after_commit: bool = False,
        action: str | None = None,
        contains: str | None = None,
        path: str = "/api",
    ) -> Hold:
        """Never answer the next requests; a release closes their connections."""
        return self._fault("hang", count, after_commit, action, contains, path).gate

    def hold_streams(self) -> Hold:
        """Pause /files/generated/... and /files/sink after their first block, until the release."""
        self._site.stream_hold = self._site.faults.gate(Hold())
        return self._site.stream_hold

    def clear_faults(self) -> None:
        """Take all faults back and release everything that is held or hangs."""
        self._site.faults.clear()
        self._site.stream_hold = None

    def _fault(
        self, kind: Kind, count: int, after_commit: bool, action: str | None, contains: str | None, path: str
    ) -> Fault:
        stage: Literal["before", "after"] = "after" if after_commit else "before"
        return self._site.faults.add(Fault(kind, stage, count=count, action=action, contains=contains, path=path))

    def refuse(self) -> None:
        """The server is away: nobody listens, all connections are cut."""
        self._run(self._refuse())
        self._site.board.wait_for(lambda: not self._site.hub.connections, _PATIENCE, "the end of all sockets")

    async def _refuse(self) -> None:
        if self._listener is not None:
            await self._listener.stop()
            self._listener = None
        assert self._runner is not None
        assert self._runner.server is not None
        for connection in self._runner.server.connections:
            if connection.transport is not None:
                connection.transport.abort()
        await asyncio.sleep(0)

    def accept(self) -> None:
        """The server is back, on the same port."""
        if self._listener is None:
            self._run(self._listen())

    def redirect_components(self, enabled: bool) -> None:
        """Whether downloads are redirected to a separate file server."""
        self._site.redirect_components = enabled

    @property
    def site(self) -> Site:
        """The settings of the server, to be changed between requests."""
        return self._site


def encoded(value: Any) -> Any:
    """Values as they stand on the wire."""
    if isinstance(value, datetime.datetime):
        return {"__type__": "datetime", "value": value.isoformat()}
    if isinstance(value, dict):
        return {key: encoded(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(entry) for entry in value]
    return value


def _key(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _for(path: str, action: str | None) -> str | None:
    """Only API requests have actions."""
    return action if path == "/api" else None
