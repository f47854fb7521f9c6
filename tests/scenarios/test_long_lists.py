"""Lists so long that they are taken apart and put together in threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ftrack_proxy.language.parser import LONGEST
from tests.scenarios.studio import Studio, open_studio, warm

pytestmark = pytest.mark.required("G7.4")
WIDE = "select name, description, status.name, parent.name, assignments.resource.username from Task order by name, id"
NARROW = "select name, status.name, assignments.resource.username from Task order by name, id"


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path, sequences=3, shots=20, tasks=6) as opened:
        yield opened


def test_a_narrower_one_is_what_ftrack_would_have_sent(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    assert len(warm(ana, WIDE).rows) == 360
    narrow = ana.ask(NARROW)
    assert narrow.cache_status == "ftrack-proxy; hit; detail=projection"
    assert narrow.rows == direct.ask(NARROW).rows


@pytest.mark.required("G2.1")
def test_it_is_judged_like_any(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    warm(ana, WIDE)
    studio.foreign(name="zzz")
    narrow = ana.ask(NARROW)
    assert not narrow.is_hit
    assert narrow.rows == direct.ask(NARROW).rows


def test_a_list_that_is_no_good_any_more_is_not_put_together_again(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, WIDE)
    studio.foreign(name="zzz")
    assert ana.ask(WIDE).cache_status.startswith("ftrack-proxy; fwd=stale")
    assert ana.ask(WIDE).rows[-1]["name"] == "zzz"


def test_many_rows_by_id_are_put_together_in_steps(studio: Studio) -> None:
    ana, direct = studio.person(), studio.person(direct=True)
    warm(ana, WIDE)
    named = f"select name, status.name from Task where id in ({', '.join(studio.server.production.tasks)})"
    hit = ana.ask(named)
    assert hit.cache_status == "ftrack-proxy; hit; detail=entity"
    assert sorted(row["id"] for row in hit.rows) == sorted(row["id"] for row in direct.ask(named).rows)
    studio.foreign(name="zzz")
    renamed = ana.ask(named)
    assert renamed.cache_status.startswith("ftrack-proxy; fwd=partial")
    assert {row["id"]: row["name"] for row in renamed.rows}[studio.task] == "zzz"


@pytest.mark.parametrize("count", [600, 2_000])
def test_a_text_too_long_to_be_understood_at_once(count: int, studio: Studio) -> None:
    """It is understood in a thread, kept and judged like any other."""
    ana, direct = studio.person(), studio.person(direct=True)
    strangers = (f"{number:08x}-0000-4000-8000-000000000000" for number in range(count))
    parents = [studio.server.production.shots[0], *strangers]
    listed = ", ".join(f'"{parent}"' for parent in parents)
    expression = f"select name from Task where parent_id in ({listed}) order by name, id"
    first = warm(ana, expression)
    assert first.rows == direct.ask(expression).rows
    studio.server.create("Task", name="elsewhere", parent_id=studio.server.production.shots[1])
    studio.foreign(description="another")
    assert ana.ask(expression).is_hit
    studio.foreign(name="zzz")
    assert ana.ask(expression).rows == direct.ask(expression).rows
    named = f"select name from Task where id in ({', '.join([studio.task, *parents])})"
    for _ in range(2):
        assert [row["name"] for row in ana.ask(named).rows] == ["zzz"]


def test_a_text_that_is_longer_still_is_passed_on(studio: Studio) -> None:
    ana = studio.person()
    listed = ", ".join(["x"] * (LONGEST // 2))
    expression = f"select name from Task where name in ({listed})"
    for _ in range(2):
        said = ana.ask(expression)
        assert said.rows == []
        assert not said.is_hit
