"""Which texts a database may take for the same: how ftrack's compares them is not known."""

from __future__ import annotations


def may_be_same(first: str, second: str) -> bool:
    """True unless two texts differ under every collation: case, accents and trailing blanks may not count."""
    return not (is_plain(first) and is_plain(second)) or folded(first) == folded(second)


def is_plain(text: str) -> bool:
    """True for a text in which nothing but case and blanks is open."""
    return text.isascii() and text.isprintable()


def folded(text: str) -> str:
    """One text for all that differ in case and blanks."""
    return text.strip().casefold()
