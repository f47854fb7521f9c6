"""Bodies to operations: each keeps its own bytes, and what is not ours to read is left to ftrack."""

from __future__ import annotations

import json
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ftrack_proxy.protocol import operations
from ftrack_proxy.protocol.operations import OperationKind, parse_batch

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def kinds(body: str) -> list[OperationKind]:
    batch = parse_batch(body.encode())
    assert batch is not None
    return [operation.kind for operation in batch.operations]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"  ", b"{}", b"null", b"1", b'"x"', b"[", b"[1", b"[1,]", b"[,1]", b"[1 2]", b"[1]x", b"[1][2]", b"\xff",
        b"[nope]",
        b'[{"action":"query","action":"create"}]', "\ufeff[]".encode(), b"[" * 100_000, "[]".encode("utf-16"),
    ],
)  # fmt: skip
def test_what_is_no_list_is_none(body: bytes) -> None:
    assert parse_batch(body) is None


@given(st.lists(JSON, max_size=5), st.sampled_from([None, 1]))
def test_every_entry_keeps_its_bytes(entries: list[object], indent: int | None) -> None:
    body = json.dumps(entries, indent=indent).encode()
    batch = parse_batch(body)
    assert batch is not None
    assert [json.loads(operation.raw) for operation in batch.operations] == entries
    for operation in batch.operations:
        assert operation.raw in body


def test_reads() -> None:
    assert kinds(
        """[{"action": "query", "expression": "Task"}, {"action": "query_schemas"},
        {"action": "query_server_information"},
        {"action": "query_server_information", "values": ["version", "schema_hash"]},
        {"action": "query", "expression": "Task", "metadata": {"any": ["thing"]}}]"""
    ) == [
        OperationKind.QUERY,
        OperationKind.SCHEMAS,
        OperationKind.SERVER_INFORMATION,
        OperationKind.SERVER_INFORMATION,
        OperationKind.QUERY,
    ]


@pytest.mark.parametrize(
    "operation",
    [
        "1", "null", "[]", "{}", '{"action": 5}', '{"action": "create"}', '{"action": "search", "expression": "Task"}',
        '{"action": "query"}', '{"action": "query", "expression": 5}', '{"action": "QUERY", "expression": "Task"}',
        '{"action": "query_server_information", "values": ["user_information"]}',
        '{"action": "query_server_information", "values": "version"}',
        '{"action": "query", "expression": "\\ud800"}',
        '{"action": "query", "expression": "Task", "n": 123456789012345678901234567890}',
        '{"action": "query", "expression": "Task", "n": NaN}',
        '{"action": "query", "expression": "Task", "n": [null, 1e400]}',
        '{"action": "query", "expression": "Task", "n": ' + "[" * 900 + "]" * 900 + "}",
    ],
)  # fmt: skip
def test_everything_else_is_forwarded(operation: str) -> None:
    batch = parse_batch(f"[{operation}]".encode())
    assert batch is not None
    assert batch.operations[0].kind is OperationKind.OTHER
    assert batch.operations[0].canonical is None
    assert not batch.only_reads


def test_nothing_and_null_are_two_questions() -> None:
    batch = parse_batch(b'[{"action": "query", "expression": "Task", "n": null}]')
    assert batch is not None
    assert batch.only_reads


@pytest.mark.parametrize("digits", [5_000, 100_000])
def test_numbers_without_end_are_none(digits: int) -> None:
    assert parse_batch(b'[{"action": "query", "expression": "Task", "n": ' + b"1" * digits + b"}]") is None


@pytest.mark.parametrize(
    "body",
    [b"[" + b"1," * 600_000 + b"1]", b"[" + b"[]" * 600_000 + b"]", b'[{"a": [' + b"1," * 600_000 + b"1]}]"],
)
def test_lists_without_measure_are_not_taken_apart(body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "elements", None)
    assert parse_batch(body) is None


@pytest.mark.parametrize("blank", [" ", "\n", "\t\r\n "])
def test_each_byte_is_looked_at_once_and_not_by_python(blank: str) -> None:
    """A megabyte of blanks costs no more Python steps than one of them."""

    def steps(between: str) -> int:
        count = 0

        def note(*_: object) -> object:
            nonlocal count
            count += 1
            return note

        body = between.join(["", "[", "{}", ",", "{}", "]", ""]).encode()
        sys.settrace(note)
        try:
            assert parse_batch(body) is not None
        finally:
            sys.settrace(None)
        return count

    assert steps(blank * 200_000) == steps(blank)


def test_an_empty_list_reads_nothing() -> None:
    batch = parse_batch(b" [ \n] ")
    assert batch is not None
    assert batch.operations == ()
    assert not batch.only_reads


def test_one_identity_for_all_spellings() -> None:
    first = parse_batch(b'[{"action": "query", "expression": "Task where name is \\u0022a\\u0022"}]')
    second = parse_batch(b'[\n{"expression":"Task where name is \\"a\\"","action":"query"}\n]')
    other = parse_batch(b'[{"action": "query", "expression": "Task where name is \'a\'"}]')
    assert first is not None
    assert second is not None
    assert other is not None
    assert first.operations[0].canonical == second.operations[0].canonical != other.operations[0].canonical
    assert first.operations[0].expression == 'Task where name is "a"'


def test_the_same_question_in_other_words() -> None:
    (asked,) = parse_batch(b'[{"action": "query", "page": 3, "expression": "T"}]').operations  # type: ignore[union-attr]
    other = asked.asking("select id from T")
    assert other.expression == "select id from T"
    batch = parse_batch(b"[" + other.raw + b"]")
    assert batch is not None
    assert batch.operations[0] == other
    assert other.asking("T").canonical == asked.canonical
