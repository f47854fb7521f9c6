"""Runs one target over drawn inputs, and makes an input that breaks a promise small."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from random import Random
from typing import Any, TypeVar

from tests.fuzz import framing, targets

TARGETS: dict[str, tuple[Callable[[Random], Any], Callable[[], AbstractContextManager[Callable[[Any], None]]]]] = {
    **{name: (draw, partial(nullcontext, check)) for name, (draw, check) in targets.TARGETS.items()},
    "client_framing": (framing.request_bytes, framing.client_side),
    "server_framing": (framing.response_bytes, framing.server_side),
}
"""By name: what draws an input, and the stage on which it is checked."""

T = TypeVar("T", str, bytes)
_TRIES = 500


class Broken(AssertionError):
    """A promise is broken; the text holds the smallest input that was found."""


def fuzz(name: str, seed: int, *, examples: int, until: float = float("inf")) -> int:
    """Give a target ``examples`` inputs, fewer if ``until`` (of the monotonic clock) passes; return how many it had.

    Raises:
        Broken: on the first input that breaks a promise.
    """
    draw, stage = TARGETS[name]
    with stage() as check:
        for number in range(examples):
            if time.monotonic() > until:
                return number
            drawn = draw(Random(f"{seed} {number}"))
            try:
                check(drawn)
            except Exception as error:
                small = smallest(drawn, partial(_fails_like, check, type(error)))
                raise Broken(f"{name}, seed {seed}, input {number}: {small!r}") from error
    return examples


def _fails_like(check: Callable[[Any], None], kind: type[Exception], text: str | bytes) -> bool:
    try:
        check(text)
    except Exception as error:
        return type(error) is kind
    return False


def smallest(text: T, fails: Callable[[T], bool]) -> T:
    """Cut pieces out for as long as it still fails, large ones first."""
    size, tries = max(1, len(text) // 2), 0
    while size and tries < _TRIES:
        start = 0
        while start < len(text) and tries < _TRIES:
            shorter = text[:start] + text[start + size :]
            tries += 1
            if fails(shorter):
                text = shorter
            else:
                start += size
        size //= 2
    return text
