"""Recognising ftrack by one answer; the message holds nothing that could forge a log line."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ftrack_proxy.upstream.recognition import Finding, Recognition, recognise, recognise_page

INFORMATION = {"version": "4.13.8", "schema_hash": "x", "user_information": {"username": "ana"}}


def found(content: Any, status: int = 200, user: str | None = None, **headers: str) -> Finding:
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    return recognise(status, headers, body, user)


@pytest.mark.parametrize(
    ("content", "user", "words"),
    [
        ([INFORMATION], None, "is ftrack 4.13.8"),
        ([INFORMATION], "ana", "is ftrack 4.13.8; it accepts the key of ana"),
        ([INFORMATION], "Ana", "is ftrack 4.13.8; it accepts the key of Ana, who is ana there"),
        (
            [{**INFORMATION, "user_information": {"username": "bo", "is_global_access_key": True}}],
            "bo",
            "is ftrack 4.13.8; it accepts the key of bo (a global key)",
        ),
        ([{"version": None, "schema_hash": "x"}], "bo", "is ftrack; it accepts the key of bo"),
        (
            {"exception": "InvalidCredentialsError", "content": "x", "error_code": "api_credentials_invalid"},
            None,
            "is ftrack; it asks for a user and key, as it should",
        ),
        ({"exception": "ValueError", "content": "x"}, "ana", "answers as ftrack does, though with an error"),
    ],
)
def test_ftrack(content: Any, user: str | None, words: str) -> None:
    assert found(content, user=user) == Finding(Recognition.FTRACK, words)


@pytest.mark.parametrize("name", ["InvalidCredentialsError", "FTAuthenticationError"])
def test_a_wrong_key_is_told_with_the_way_out(name: str) -> None:
    finding = found({"exception": name, "content": "x"}, status=401, user="ana")
    assert finding.what is Recognition.REFUSED
    assert "refuses user ana" in finding.message
    assert "FTRACK_PROXY_API_KEY" in finding.message


@pytest.mark.parametrize(
    ("content", "status", "headers", "what", "words"),
    [
        (b"<html>", 200, {}, Recognition.OTHER, "not as ftrack does (status 200"),
        (b"", 404, {}, Recognition.OTHER, "status 404"),
        ([], 200, {}, Recognition.OTHER, "not as ftrack does"),
        ([{}], 200, {}, Recognition.OTHER, "not as ftrack does"),
        ([{"schema_hash": 1, "version": 1}], 200, {}, Recognition.OTHER, "not as ftrack does"),
        ({"exception": 5}, 200, {}, Recognition.OTHER, "not as ftrack does"),
        (b"[" * 5_000, 200, {}, Recognition.OTHER, "not as ftrack does"),
        (b"\xff\xfe", 200, {}, Recognition.OTHER, "not as ftrack does"),
        (b"", 401, {}, Recognition.OTHER, "what stands in front of it"),
        (b"", 301, {"Location": "https://studio.ftrackapp.com/x?apiKey=s"}, Recognition.OTHER, "https://studio.ftrackapp.com:"),
        (b"", 302, {"Location": "https://me:secret@host/"}, Recognition.OTHER, "sends on to https://host:"),
        (b"", 302, {}, Recognition.OTHER, "the address that it leads to"),
        (b"", 302, {"Location": "http://[::"}, Recognition.OTHER, "the address that it leads to"),
        (b"", 502, {}, Recognition.TROUBLE, "status 502"),
        (b"", 429, {}, Recognition.TROUBLE, "overloaded"),
        (b"", 407, {}, Recognition.TROUBLE, "HTTP proxy"),
        (
            {"exception": "UpstreamUnreachableError", "content": "x", "error_code": "proxy_upstream_unreachable"},
            502,
            {},
            Recognition.TROUBLE,
            "another ftrack-proxy",
        ),
    ],
)  # fmt: skip
def test_what_is_not_ftrack(content: Any, status: int, headers: dict[str, str], what: Recognition, words: str) -> None:
    finding = found(content, status, user="ana", **headers)
    assert finding.what is what
    assert words in finding.message
    assert "secret" not in finding.message
    assert "apiKey" not in finding.message


def test_ftrack_s_own_page_tells_it_if_the_api_does_not() -> None:
    other = Finding(Recognition.OTHER, "x")
    assert recognise_page(200, {"FTRACK_VERSION": "4"}, other).what is Recognition.FTRACK
    assert recognise_page(200, {}, other) is other
    assert recognise_page(502, {"FTRACK_VERSION": "4"}, other) is other


def test_what_a_server_says_cannot_forge_a_line() -> None:
    odd = "4\n2026 INFO x\x1b[2J" + "x" * 1_000
    finding = found([{**INFORMATION, "version": odd, "user_information": {"username": odd}}], user="ana")
    assert finding.message.startswith("is ftrack; ")
    assert finding.message.isprintable()
    assert len(finding.message) < 300
