"""Which texts a database may take for the same: how ftrack's compares them is not known."""

from __future__ import annotations


def may_be_same(first: str, second: str) -> bool:
    """True unless two texts differ under every collation: case, accents and trailing blanks may not count."""
    if not (first.isascii() and first.isprintable() and second.isascii() and second.isprintable()):
        return True
    return first.strip().casefold() == second.strip().casefold()
