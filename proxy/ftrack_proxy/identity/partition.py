"""Whose stored answers may be read: results and entity records are kept apart by partition, and by nothing else of
who asked.

Reading from a partition takes no trust away: its reader has to be a principal that ftrack accepted itself.
"""

from __future__ import annotations

from typing import NewType

from ftrack_proxy.identity.principal import Principal

Partition = NewType("Partition", bytes)


def partition_of(principal: Principal) -> Partition:
    """The partition that a principal reads from and writes to: one of its own."""
    return Partition(principal)
