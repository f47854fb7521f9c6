"""What is decided of a batch as a whole, and what is told of each decision."""

from __future__ import annotations

import pytest

from ftrack_proxy.decision.batch import AskApart, AskTogether, Proceed, admit, compose, share_out
from ftrack_proxy.decision.decisions import ForwardBatch, ForwardReason, RefusalReason, Refuse
from ftrack_proxy.protocol.headers import parse_cache_control

FORWARDED = {reason: ForwardBatch(reason) for reason in ForwardReason}
NOT_CACHED = Refuse(RefusalReason.NOT_CACHED)
ADMITTED = [
    ("", False, True, Proceed.READ_EACH),
    ("no-cache", False, True, Proceed.READ_EACH),
    ("max-age=5", False, True, Proceed.READ_EACH),
    ("", False, False, FORWARDED[ForwardReason.NOT_KEPT]),
    ("no-store", False, True, FORWARDED[ForwardReason.NO_STORE]),
    ("", True, True, FORWARDED[ForwardReason.COOKIES]),
    ("only-if-cached", False, True, Proceed.READ_EACH),
    ("only-if-cached", False, False, NOT_CACHED),
    ("only-if-cached", True, True, NOT_CACHED),
    ("only-if-cached, no-store", False, True, NOT_CACHED),
]


@pytest.mark.parametrize(("wishes", "needs_cookies", "is_kept", "expected"), ADMITTED)
def test_whether_it_is_answered_operation_by_operation(
    wishes: str, needs_cookies: bool, is_kept: bool, expected: object
) -> None:
    assert admit(parse_cache_control(wishes), needs_cookies=needs_cookies, is_kept=is_kept) == expected


@pytest.mark.parametrize(
    ("readable", "asked", "expected"),
    [
        ([True] * 8, 8, [AskApart(place) for place in range(8)]),
        ([True] * 8, 100, [AskApart(place) for place in range(8)]),
        ([True] * 9, 9, [AskTogether(tuple(range(9)))]),
        ([True] * 9 + [False] * 2, 11, [AskTogether(tuple(range(9))), AskApart(9), AskApart(10)]),
        ([False] * 9 + [True], 10, [AskApart(9), AskTogether(tuple(range(9)))]),
        ([], 10, []),
    ],
)
def test_how_misses_are_shared_out(readable: list[bool], asked: int, expected: list[object]) -> None:
    assert list(share_out(readable, asked)) == expected


@pytest.mark.parametrize(
    ("failed", "needs_cookies", "stands_for_all", "torn", "expected"),
    [
        (False, False, False, False, Proceed.COMPOSE),
        (False, False, False, True, FORWARDED[ForwardReason.TORN]),
        (True, False, True, False, Proceed.HAND_ON),
        (True, False, False, False, FORWARDED[ForwardReason.NOT_ONE_ANSWER]),
        (True, True, True, False, FORWARDED[ForwardReason.COOKIES]),
    ],
)
def test_whether_its_parts_make_one_answer(
    failed: bool, needs_cookies: bool, stands_for_all: bool, torn: bool, expected: object
) -> None:
    said = compose(failed=failed, needs_cookies=needs_cookies, stands_for_all=stands_for_all, torn=torn)
    assert said == expected
