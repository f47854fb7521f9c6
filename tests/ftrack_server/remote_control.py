"""The controls over HTTP, below /_sim/, for tests and demonstrations in other processes."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web

if TYPE_CHECKING:
    from .control import FtrackServer

SERVER_METHODS = frozenset(
    {
        "credentials",
        "call",
        "create",
        "update",
        "delete",
        "query",
        "reset_counters",
        "fail_next",
        "drop_next",
        "clear_faults",
        "redirect_components",
    }
)
ENGINE_METHODS = frozenset({"set_project_access", "revoke_key", "new_key", "add_object_type"})
HUB_METHODS = frozenset(
    {
        "cut",
        "resume",
        "disconnect_all",
        "go_silent",
        "speak",
        "hold_events",
        "release_events",
        "drop_next",
        "duplicate_next",
        "ack_subscriptions",
        "subscriptions",
        "sockets",
        "publish",
        "wait_delivered",
        "wait_read",
        "wait_for_subscription",
    }
)


class RemoteControl:
    """POST /_sim/<method> or /_sim/hub/<method> with a JSON object of keyword arguments.

    A member `args` holds positional arguments (entity type and key are positional). GET /_sim/counters,
    /_sim/events and /_sim/state read; POST /_sim/settings with `latency`, `event_delay` or `heartbeat` sets;
    POST /_sim/hold and /_sim/release keep and let go; POST /_sim/away refuses everybody for `seconds`.
    """

    def __init__(self, server: FtrackServer) -> None:
        self._server = server
        self._holds: list[Any] = []
        self._returning: set[asyncio.Task[None]] = set()

    async def answer(self, request: web.Request, name: str) -> web.StreamResponse:
        """One control request."""
        try:
            arguments = orjson.loads(await request.read() or b"{}")
            result = await self._perform(name, arguments)
        except KeyError as error:
            return self._json({"error": f"no control {error}"}, 404)
        except Exception as error:
            return self._json({"error": repr(error)}, 400)
        return self._json({"result": result}, 200)

    async def _perform(self, name: str, arguments: dict[str, Any]) -> Any:
        server = self._server
        if name == "counters":
            return server.counters.as_dict()
        if name == "state":
            return {"url": server.url, "commits": server.commits, "latency": server.latency}
        if name == "events":
            return server.hub.events
        if name == "settings":
            for key, value in arguments.items():
                setattr(server if key == "latency" else server.hub, key, float(value))
            return None
        if name == "hold":
            self._holds.append(server.hold(**arguments))
            return len(self._holds)
        if name == "release":
            while self._holds:
                self._holds.pop().release()
            return None
        if name == "away":
            task = asyncio.create_task(self._away(float(arguments.get("seconds", 5))))
            self._returning.add(task)
            task.add_done_callback(self._returning.discard)
            return None
        positional = arguments.pop("args", [])
        # The controls may wait for something: not on the server's own loop.
        return await asyncio.to_thread(functools.partial(self._method(name), *positional, **arguments))

    def _method(self, name: str) -> Callable[..., Any]:
        if name in SERVER_METHODS:
            return getattr(self._server, name)  # type: ignore[no-any-return]
        if name in ENGINE_METHODS:
            return getattr(self._server.engine, name)  # type: ignore[no-any-return]
        kind, _, rest = name.partition("/")
        if kind == "hub" and rest in HUB_METHODS:
            return getattr(self._server.hub, rest)  # type: ignore[no-any-return]
        raise KeyError(name)

    async def _away(self, seconds: float) -> None:
        await asyncio.sleep(0.05)
        await asyncio.to_thread(self._server.refuse)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(self._server.accept)

    def _json(self, content: Any, status: int) -> web.Response:
        body = orjson.dumps(content, default=str, option=orjson.OPT_NON_STR_KEYS)
        return web.Response(body=body, status=status, content_type="application/json")
