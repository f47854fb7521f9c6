"""Memory for long bodies: so much for all that are under way at once, whoever sends them."""

from __future__ import annotations

# Bodies up to here need no room: there are as many of them as connections.
SHORT = 2**16


class BodyMemory:
    """So many bytes, of which some are taken. Who gets none does not wait: a body passes through, piece by piece."""

    def __init__(self, size: int) -> None:
        self._size = size
        self.taken = 0

    def take(self, size: int) -> bool:
        """Take ``size`` bytes; false if there are not so many."""
        if self.taken + size > self._size:
            return False
        self.taken += size
        return True

    def give_back(self, size: int) -> None:
        """Give back what was taken."""
        self.taken -= size


class Lease:
    """A growing part of a room, given back when the lease is closed or nobody holds it any more."""

    __slots__ = ("_room", "_size")

    def __init__(self, room: BodyMemory) -> None:
        self._room = room
        self._size = 0

    def covers(self, size: int) -> bool:
        """Make sure that the part is of ``size`` bytes, beyond what needs no room; false if there is not so much."""
        wanted = max(0, size - SHORT)
        if wanted > self._size:
            if not self._room.take(wanted - self._size):
                return False
            self._size = wanted
        return True

    def close(self) -> None:
        """Give the part back."""
        self._room.give_back(self._size)
        self._size = 0

    def __del__(self) -> None:
        self.close()
