"""Lists so long that they are taken apart and put together in threads."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.studio import Studio, open_studio, warm

pytestmark = pytest.mark.required
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
