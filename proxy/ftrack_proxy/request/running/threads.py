"""Long computations, beside the event loop: two threads for all of them, one call at a time for each client.

Threads share the interpreter with the event loop, so more of them would slow everybody's hits down and finish nothing
sooner. A client with much to do waits for its own calls only. asyncio's own threads are left to what waits for the
system (names looked up, files written).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import ParamSpec, TypeVar
from weakref import WeakValueDictionary

T = TypeVar("T")
P = ParamSpec("P")

# The client for which the current task works: any hashable value, set by the listener, and not proven.
working_for: ContextVar[object] = ContextVar("working_for", default=None)

_THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="long-work")
_turns: WeakValueDictionary[tuple[int, object], asyncio.Lock] = WeakValueDictionary()


async def in_thread(function: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    """Call ``function`` in a thread; of one client one call at a time, in the order in which they came."""
    loop = asyncio.get_running_loop()
    key = (id(loop), working_for.get())
    turn = _turns.get(key)
    if turn is None:
        turn = _turns[key] = asyncio.Lock()
    async with turn:
        return await loop.run_in_executor(_THREADS, lambda: function(*arguments, **named))
