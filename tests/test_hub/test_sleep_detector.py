"""Sleep is seen on every system, whatever its clocks do meanwhile; a clock that is set costs one gap at most."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ftrack_proxy.hub.sleep_detector import LOOK_INTERVAL, SleepDetector


@dataclass
class Clocks:
    """A steady clock and the time of day, moved by hand."""

    steady: float = 100.0
    wall: float = 1e9

    def __post_init__(self) -> None:
        self.sleep_detector = SleepDetector(lambda: self.steady, lambda: self.wall)

    def go_on(self, seconds: float) -> bool:
        """Both go on; a look at each second. Returns whether anything was noticed."""
        noticed = False
        for _ in range(int(seconds / LOOK_INTERVAL)):
            self.steady += LOOK_INTERVAL
            self.wall += LOOK_INTERVAL
            noticed |= self.sleep_detector.stood_still()
        return noticed


@pytest.mark.parametrize(
    ("steadily", "by_the_wall"),
    [
        (3_600, 3_600),  # Linux: CLOCK_BOOTTIME goes on in sleep
        (0, 3_600),  # a steady clock that stops in sleep, as Python's does on macOS
        (0.5, 30),
        (3_600, 0),  # the time of day was set back by the length of the sleep
        (3_600, -3_600),
    ],
)
def test_sleep_is_noticed_once_by_whoever_looks_first(steadily: float, by_the_wall: float) -> None:
    clocks = Clocks()
    assert not clocks.go_on(60)
    clocks.steady += steadily
    clocks.wall += by_the_wall
    assert clocks.sleep_detector.stood_still()
    assert not clocks.sleep_detector.stood_still()
    assert not clocks.go_on(60)


def test_a_task_that_was_to_look_each_second_and_overslept() -> None:
    """Stopped and continued, or suspended together with its clocks but for the time that a busy process may lose."""
    clocks = Clocks()
    clocks.steady += 10
    clocks.wall += 10
    assert not clocks.sleep_detector.stood_still()
    clocks.steady += 12
    clocks.wall += 12
    assert clocks.sleep_detector.stood_still()


@pytest.mark.parametrize("step", [3_600, -3_600, 5, -5])
def test_a_clock_that_is_set_costs_one_gap(step: float) -> None:
    clocks = Clocks()
    clocks.wall += step
    assert clocks.sleep_detector.stood_still()
    assert not clocks.go_on(600)


@pytest.mark.parametrize("rate", [0.5, 0.999, 1.001, 1.5])
def test_a_clock_that_is_slewed_or_wrong_costs_none(rate: float) -> None:
    clocks = Clocks()
    for _ in range(600):
        clocks.steady += LOOK_INTERVAL
        clocks.wall += LOOK_INTERVAL * rate
        assert not clocks.sleep_detector.stood_still()


def test_small_corrections_cost_none() -> None:
    clocks = Clocks()
    for correction in (1.0, -1.0) * 50:
        clocks.wall += correction
        assert not clocks.go_on(1)
