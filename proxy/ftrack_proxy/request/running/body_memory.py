"""Memory for long bodies: one budget for all that are in memory at the same time."""

from __future__ import annotations

# Bytes up to which bodies are not counted: there are only as many of them as connections.
SHORT = 2**16


class BodyMemory:
    """A budget of bytes. A body that gets none of it does not wait: it is passed through, piece by piece."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.taken = 0

    def take(self, size: int) -> bool:
        """Take ``size`` bytes; false if fewer are left."""
        if self.taken + size > self._size:
            return False
        self.taken += size
        return True

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self.taken -= size


class Lease:
    """A growing part of the budget, given back when the lease is closed or nobody holds it any more."""

    __slots__ = ("_memory", "_size")

    def __init__(self, memory: BodyMemory) -> None:
        self._memory = memory
        self._size = 0

    def covers(self, size: int) -> bool:
        """Make sure that the part is enough for a body of ``size`` bytes; false if too little is left."""
        wanted = max(0, size - SHORT)
        if wanted > self._size:
            if not self._memory.take(wanted - self._size):
                return False
            self._size = wanted
        return True

    def close(self) -> None:
        """Give the part back."""
        self._memory.give_back(self._size)
        self._size = 0

    def __del__(self) -> None:
        self.close()
