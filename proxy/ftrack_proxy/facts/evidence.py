"""Where a fact about ftrack comes from, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Certainty(Enum):
    """``SEEN``: in the code of clients, in data of real servers, or in the vendor's documentation.

    ``INFERRED``: several of these together say so, though none by itself. ``ASSUMED``: nothing says so, and a fetch too
    many does less harm than an old answer.
    """

    SEEN = "seen"
    INFERRED = "inferred"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Source:
    """``where`` names sections of docs/ftrack-protocol.md (``"ftrack-protocol 5.5"``).

    ``because`` says what was seen there, or why it is believed, in a few words.
    """

    where: str
    certainty: Certainty
    because: str = ""


def seen(where: str, because: str = "") -> Source:
    return Source(where, Certainty.SEEN, because)


def inferred(where: str, because: str) -> Source:
    return Source(where, Certainty.INFERRED, because)


def assumed(where: str, because: str) -> Source:
    return Source(where, Certainty.ASSUMED, because)
