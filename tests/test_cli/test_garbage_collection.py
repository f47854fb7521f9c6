from __future__ import annotations

from ftrack_proxy.cli.garbage_collection import IdleSchedule


def test_it_waits_for_quiet_and_looks_once() -> None:
    times = IdleSchedule(0, quiet=5, longest=100)
    looks = [now for now in range(1, 60) if times.is_due(now, activity=min(now, 10))]
    assert looks == [15]


def test_nothing_happened_nothing_to_look_for() -> None:
    times = IdleSchedule(0, quiet=5, longest=100)
    assert [now for now in range(1, 300) if times.is_due(now, 0)] == [5]


def test_without_quiet_it_looks_all_the_same_but_rarely() -> None:
    times = IdleSchedule(0, quiet=5, longest=100)
    assert [now for now in range(1, 301) if times.is_due(now, now)] == [100, 200, 300]
