"""ftrack, or a gateway in front of it, refuses requests for many rows at once: clients do not notice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.studio import Studio, open_studio, warm

pytestmark = pytest.mark.required("G7.7")

ERROR = b'{"exception": "ServerError", "content": "The expression is too complex.", "error_code": null}'
FAULTS = {
    "too large": {"status": 413, "body": b"<html>Request Entity Too Large</html>"},
    "too slow": {"status": 504, "body": b"<html>Gateway Time-out</html>"},
    "too complex": {"status": 200, "body": ERROR, "content_type": "application/json"},
    "dropped": None,
}
WALKS = {
    "rows": ("select id from Task", 'select status.name from Task where id is "{id}"', " in ("),
    "lists": ("select id from Shot", 'select name from Task where parent.id is "{id}"', " in ("),
}


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, sequences=4, shots=10, tasks=1) as opened:
        yield opened


@pytest.mark.parametrize("walk", WALKS)
@pytest.mark.parametrize("fault", FAULTS)
def test_much_at_once(fault: str, walk: str, studio: Studio) -> None:
    listed, each, contains = WALKS[walk]
    ana, direct = studio.person(), studio.person(direct=True)
    rows = warm(ana, listed).rows
    assert len(rows) == 40
    ana.ask(each.format(id=rows[0]["id"]))
    _fail_from_now_on(studio, fault, contains)
    truth = [direct.ask(each.format(id=row["id"])).content for row in rows]
    before = studio.queries()
    for row, expected in zip(rows, truth, strict=True):
        said = ana.ask(each.format(id=row["id"]))
        assert (said.status, said.content) == (200, expected)
    # One attempt in twenty fails, and nobody hears of it.
    assert studio.queries() - before <= 40 + 3


def _fail_from_now_on(studio: Studio, fault: str, contains: str) -> None:
    what = FAULTS[fault]
    if what is None:
        studio.server.drop_next(count=1_000, contains=contains)
    else:
        studio.server.fail_next(count=1_000, contains=contains, **what)
