"""What is fetched right after a change may come from a replica that has not heard of it: it is asked for again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.scenarios.studio import Studio, open_studio, warm

pytestmark = pytest.mark.required("G3.3")


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with open_studio(tmp_path) as opened:
        yield opened


def pass_time(studio: Studio, seconds: float) -> None:
    """Put the clock forward; the feed has been heard since."""
    studio.proxy.clock.ahead += seconds

    def heard() -> None:
        for feed in studio.proxy.parts.coverage.feeds:
            feed._heard = studio.proxy.clock()

    studio.proxy.inside(heard)


def test_an_answer_fetched_right_after_a_change_is_asked_for_again(studio: Studio) -> None:
    ana = studio.person()
    other = f'select name from Task where id is "{studio.server.production.tasks[1]}"'
    warm(ana, "select id from Status")
    pass_time(studio, 2)
    studio.foreign(name="changed")
    assert ana.ask(studio.name_of_task).cache_status == "ftrack-proxy; fwd=miss; stored"
    assert ana.ask(other).cache_status == "ftrack-proxy; fwd=miss; stored"
    window = studio.proxy.settings.settle_window
    assert window > 0
    pass_time(studio, 2 * window)
    before = studio.queries()
    again = ana.ask(studio.name_of_task)
    assert "fwd=stale" in again.cache_status
    assert again.rows[0]["name"] == "changed"
    assert studio.queries() == before + 1
    assert ana.ask(other).is_hit
    # What was fetched once the window was over is kept.
    pass_time(studio, 2 * window)
    assert ana.ask(studio.name_of_task).is_hit


def test_within_the_window_it_is_served(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, "select id from Status")
    studio.foreign(name="changed")
    ana.ask(studio.name_of_task)
    result_is_young = ana.ask(studio.name_of_task)
    assert result_is_young.is_hit or "fwd=stale" in result_is_young.cache_status
    assert result_is_young.rows[0]["name"] == "changed"


def test_own_writes_settle_too(studio: Studio) -> None:
    ana = studio.person()
    warm(ana, studio.name_of_task)
    studio.proxy.clock.stop()
    ana.update("Task", studio.task, name="mine")
    assert ana.ask(studio.name_of_task).rows[0]["name"] == "mine"
    pass_time(studio, 2 * studio.proxy.settings.settle_window)
    assert "fwd=stale" in ana.ask(studio.name_of_task).cache_status
    assert ana.ask(studio.name_of_task).is_hit
