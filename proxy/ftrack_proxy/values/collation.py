"""Which texts a database may take for the same: how ftrack's compares them is not known."""

from __future__ import annotations

import re
from typing import Final

_DIGITS_OF_UUID: Final = 32
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def may_be_same(first: str, second: str) -> bool:
    """True unless two texts differ under every collation: case, accents and trailing blanks may not count."""
    return not (is_plain(first) and is_plain(second)) or folded(first) == folded(second)


def is_plain(text: str) -> bool:
    """True for a text in which nothing but case and blanks is open."""
    return text.isascii() and text.isprintable()


def folded(text: str) -> str:
    """One text for all that differ in case and blanks."""
    return text.strip().casefold()


def is_certain_id(identity: str) -> bool:
    """True for an id that a database takes for no other text: a UUID only as ftrack writes it, not in capitals or
    without dashes."""
    bare = identity.replace("-", "")
    if not (bare.isascii() and bare.isalnum()):
        return False
    return len(bare) != _DIGITS_OF_UUID or _UUID.fullmatch(identity) is not None
