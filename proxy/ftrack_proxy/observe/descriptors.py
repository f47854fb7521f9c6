"""File descriptors: how many this process may have open, how many of them clients may take, and what waits on one."""

from __future__ import annotations

import select
from contextlib import suppress

try:
    import resource
except ImportError:  # Windows: sockets are no descriptors there, and nothing limits them.
    resource = None  # type: ignore[assignment]

# What is asked for where the system names no upper limit but has one (macOS: 10,240).
_WHERE_UNLIMITED = (65_536, 10_240)
# Kept for connections to ftrack, change feeds, the store and the lock; at most half of what there is.
_RESERVE = 256
_MOST_CONNECTIONS = 4_000
_LEAST_CONNECTIONS = 16


def raise_descriptor_limit() -> None:
    """Raise this process's soft limit to the hard one, as far as the system allows."""
    if resource is None:
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _WHERE_UNLIMITED if hard == resource.RLIM_INFINITY else (hard,)
    for limit in wanted:
        if soft != resource.RLIM_INFINITY and limit > soft:
            with suppress(ValueError, OSError):
                resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
                return


def descriptor_limit() -> int | None:
    """How many descriptors may be open, ``None`` for any number."""
    if resource is None:
        return None
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if soft == resource.RLIM_INFINITY else soft


def has_input(descriptor: int) -> bool:
    """True if bytes wait to be read from a socket, or its peer has closed it.

    Raises:
        OSError, ValueError: it is no open socket.
    """
    if hasattr(select, "poll"):
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        return bool(poll.poll(0))
    return bool(select.select([descriptor], [], [], 0)[0])


def connection_limit(descriptors: int | None) -> int:
    """How many clients may be connected: each takes a second descriptor when it is joined to ftrack."""
    if descriptors is None:
        return _MOST_CONNECTIONS
    free = descriptors - min(_RESERVE, descriptors // 2)
    return max(_LEAST_CONNECTIONS, min(_MOST_CONNECTIONS, free // 2))
