"""Answers while the event hub sends malformed frames: they never hide a change whose event was lost."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.harness import until
from tests.hostile.test_hub import FRAMES
from tests.scenarios.studio import Studio, open_studio, warm
from tests.test_hub.stage import update

pytestmark = pytest.mark.required("G2.3")

_NAMES = itertools.count()


@pytest.fixture(scope="module")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Studio]:
    with open_studio(Path(tmp_path_factory.mktemp("hub"))) as opened:
        yield opened


def changed_unheard(studio: Studio) -> str:
    """The task's name is in the store, and another by now, of which no event tells."""
    studio.proxy.wait_for_feed()
    warm(studio.person(), studio.name_of_task)
    name = f"unheard {next(_NAMES)}"
    studio.server.hub.drop_next()
    studio.server.update("Task", studio.task, name=name)
    studio.server.hub.wait_delivered()
    return name


def told(studio: Studio) -> str:
    name: str = studio.person().ask(studio.name_of_task).rows[0]["name"]
    return name


# These say nothing of changes, and that is all that they say.
_HARMLESS = ("an acknowledgement of nothing", "an unreadable acknowledgement")
# This can be read: it is about components alone.
_READABLE = "nested 300 deep"


@pytest.mark.parametrize(
    "kind", [kind for kind, frame in FRAMES.items() if isinstance(frame, str) and kind not in _HARMLESS]
)
def test_after_a_frame_that_cannot_be_read_nothing_old_is_served(studio: Studio, kind: str) -> None:
    name, before, feed = changed_unheard(studio), studio.changes, studio.proxy.status()["feed"]["epoch"]
    studio.server.hub.say(str(FRAMES[kind]))
    studio.wait_for_change(before)
    assert kind == _READABLE or told(studio) == name
    status = studio.proxy.status()["feed"]
    assert (status["connected"], status["epoch"]) == (True, feed)
    studio.foreign(name=f"heard {next(_NAMES)}")
    assert told(studio).startswith("heard")


@pytest.mark.required("G4.4")
@pytest.mark.parametrize("frame", ["0::", "7:::"])
def test_after_the_first_sign_of_the_end_nothing_old_is_served(studio: Studio, frame: str) -> None:
    name, feed = changed_unheard(studio), studio.proxy.status()["feed"]["epoch"]
    studio.server.hub.say(frame)
    until(lambda: studio.proxy.status()["feed"]["epoch"] != feed, "the gap")
    assert told(studio) == name


@pytest.mark.required("G4.2")
def test_after_sleep_nothing_old_is_served_though_the_steady_clock_stood_still(studio: Studio) -> None:
    name = changed_unheard(studio)
    studio.proxy.wall_ahead += 3_600
    assert told(studio) == name


def test_a_large_event_leaves_nothing_old_and_goes_by(studio: Studio) -> None:
    name, before = changed_unheard(studio), studio.changes
    # Too large ever to be taken apart.
    studio.server.hub.say(update(1_500, id="too large"))
    studio.wait_for_change(before)
    assert told(studio) == name
    before = studio.changes
    studio.server.hub.say(update(500, id="large"))
    until(lambda: studio.changes >= before + 501, "the event to be taken apart")
    warm(studio.person(), studio.name_of_task)


def test_entities_of_made_up_types_leave_a_short_status(studio: Studio) -> None:
    before = studio.changes
    for number in range(100):
        entities = [{"entityType": f"type{number}x{index}", "action": f"act{index}"} for index in range(10)]
        studio.server.hub.publish("ftrack.update", {"entities": entities})
    until(lambda: studio.changes >= before + 1_000, "all events")
    assert len(studio.proxy.status()["wide_events"]) < 10
