"""Answers whose end two readers could see in different places are refused."""

from __future__ import annotations

import pytest

from ftrack_proxy.protocol.headers import is_clearly_framed


@pytest.mark.parametrize(
    "headers",
    [
        [("Transfer-Encoding ", "chunked")],
        [("Content-Length ", "3")],
        [("Transfer-Encoding", "gzip, chunked")],
        [("Transfer-Encoding", "chunked, chunked")],
        [("transfer-encoding", "identity")],
        [("X Y", "1")],
        [("", "1")],
    ],
)
def test_readers_may_differ(headers: list[tuple[str, str]]) -> None:
    assert not is_clearly_framed([("Content-Type", "text/plain"), *headers])


@pytest.mark.parametrize("headers", [[], [("Transfer-Encoding", " Chunked ")], [("X-A.b_c!", "é")]])
def test_readers_agree(headers: list[tuple[str, str]]) -> None:
    assert is_clearly_framed(headers)
