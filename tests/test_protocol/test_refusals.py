"""What an answer proves: that ftrack knows the asker, that it does not, that nothing was done."""

from __future__ import annotations

from typing import Any

import pytest

from ftrack_proxy.protocol.headers import end_to_end
from ftrack_proxy.protocol.refusals import api_changed_nothing, changed_nothing, proves_acceptance, turns_away

ROWS = {"action": "query", "data": [], "metadata": {}}


def error(name: str) -> dict[str, Any]:
    return {"exception": name, "content": "", "error_code": None}


@pytest.mark.parametrize(
    ("actions", "answer", "proves"),
    [
        (["query"], [ROWS], True),
        (["update", "query_schemas"], [{"action": "update", "data": {}}, []], True),
        (["delete"], [{"action": "delete", "data": True}], True),
        # May be for anybody.
        (["query_server_information"], [{"schema_hash": "x", "data": []}], False),
        (["query_schemas"], [[{"id": "Task"}]], False),
        (["an unknown one"], [{"data": []}], False),
        ([], [], False),
        (["query"], [], False),
        (["query"], ["no entity"], False),
        (["query"], error("PermissionError"), False),
        (["query"], None, False),
        ([None], [ROWS], False),
    ],
)
def test_acceptance(actions: list[str | None], answer: object, proves: bool) -> None:
    assert proves_acceptance(answer, actions) is proves


@pytest.mark.parametrize(
    ("status", "content_type", "answer", "away"),
    [
        (200, "text/html", None, True), (302, "", None, True), (401, "text/plain", None, True),
        (403, "application/json", {"message": "no"}, True), (200, "application/json; charset=utf-8", None, False),
        (200, "application/json", [ROWS], False), (401, "application/json", error("ValueError"), False),
        (404, "text/html", None, False), (413, "text/html", None, False), (429, "", None, False),
        (500, "text/html", None, False), (502, "text/html", None, False), (504, "text/html", None, False),
    ],
)  # fmt: skip
def test_a_gateway_that_turns_away(status: int, content_type: str, answer: object, away: bool) -> None:
    assert turns_away(status, content_type, answer) is away


@pytest.mark.parametrize(
    ("status", "answer", "actions", "nothing", "nothing_of_nobody"),
    [
        (200, error("InvalidCredentialsError"), ["create"], True, True),
        (401, error("FTAuthenticationError"), None, True, True),
        (200, error("PermissionError"), ["create", "query", "delete"], True, True),
        (200, error("PermissionError"), ["create", "encode_media"], False, True),
        (200, error("PermissionError"), None, False, True),
        # These may come after the commit.
        (200, error("ValidationError"), ["create"], False, True),
        (500, error("InternalError"), ["create"], False, True),
        (200, [{}], ["create"], False, False),
        (401, [{}], ["create"], False, False),
        (200, None, ["create"], False, False),
        (500, None, ["create"], False, False),
        (504, None, ["create"], False, False),
        (403, None, ["create"], False, True),
        (302, None, ["create"], False, True),
        (400, None, ["create"], False, True),
        (401, None, ["create"], True, True),
        (413, None, ["create"], True, True),
        (429, {"message": "slow down"}, ["create"], True, True),
        (200, {"no": "error"}, ["create"], False, False),
    ],
)
def test_batches(
    status: int, answer: object, actions: list[str | None] | None, nothing: bool, nothing_of_nobody: bool
) -> None:
    assert api_changed_nothing(status, answer, actions, is_anonymous=False) is nothing
    assert api_changed_nothing(status, answer, actions, is_anonymous=True) is nothing_of_nobody


@pytest.mark.parametrize(
    ("status", "nothing", "nothing_of_nobody"),
    [
        (200, False, False), (204, False, False), (302, False, True), (400, False, True), (401, True, True),
        (403, True, True), (404, True, True), (405, True, True), (409, False, True), (500, False, False),
        (502, False, False), (504, False, False),
    ],
)  # fmt: skip
def test_other_requests(status: int, nothing: bool, nothing_of_nobody: bool) -> None:
    assert changed_nothing(status, is_anonymous=False) is nothing
    assert changed_nothing(status, is_anonymous=True) is nothing_of_nobody


def test_connection_names_what_is_dropped_but_not_what_is_meant_for_ftrack() -> None:
    kept = [
        ("ftrack-user", "ana"), ("Ftrack-Api-Key", "k"), ("ftrack-api-options", "x"), ("ftrack-strict-api", "true"),
        ("Authorization", "Basic x"), ("Cookie", "a=b"), ("Content-Type", "application/json"), ("Origin", "http://x"),
        ("Access-Control-Allow-Origin", "*"), ("Set-Cookie", "a=b"), ("Sec-Fetch-Site", "cross-site"),
    ]  # fmt: skip
    named = ("Connection", ", ".join(name for name, _ in kept) + ", X-Hop"), ("X-Hop", "1"), ("Keep-Alive", "5")
    assert end_to_end([*kept, *named]) == kept
