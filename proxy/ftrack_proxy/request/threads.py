"""Long work of the processor's, beside the event loop: two threads for all of it, one call at a time for each client.

Threads take turns at the interpreter with the event loop, so more of them would make everybody's hits slower and no
work quicker. Clients take turns: one with much to do waits for itself. asyncio's own threads are left to what waits for
the system (names looked up, files written).
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

# For whom the current task works: any hashable value, told by the listener. What a client sends is not yet proven.
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
