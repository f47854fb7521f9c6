"""How long clients may take, how many may connect, and how the time for stopping is shared out: without sockets."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

import pytest

from ftrack_proxy.observe.descriptors import connection_limit
from ftrack_proxy.web.client_timeouts import UNREAD, DownloadTimeout, UploadTimeout
from ftrack_proxy.web.stopping import Deadline, StopStep, end_in_order


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("descriptors", "connections"),
    [(64, 16), (256, 64), (1_024, 384), (4_096, 1_920), (1_048_576, 4_000), (None, 4_000)],
)
def test_half_of_what_is_not_kept_for_ourselves_is_for_clients(descriptors: int | None, connections: int) -> None:
    assert connection_limit(descriptors) == connections
    # Each may take a second one, towards ftrack, and there is still something left.
    assert descriptors is None or descriptors <= 64 or 2 * connections < descriptors


def test_an_upload_that_comes_along_lasts_for_ever() -> None:
    upload = UploadTimeout(0, 0.0)
    assert not any(upload.runs_out(120 * second, float(second), waiting=True) for second in range(100_000))


@pytest.mark.parametrize("rate", [0, 1, 50])
def test_an_upload_that_does_not_come_along_runs_out(rate: int) -> None:
    upload = UploadTimeout(0, 0.0)
    assert any(upload.runs_out(rate * second, float(second), waiting=True) for second in range(100))


def test_much_at_once_earns_no_more_than_the_usual_pause() -> None:
    upload = UploadTimeout(0, 0.0)
    assert not upload.runs_out(10**9, 1.0, waiting=True)
    assert not upload.runs_out(10**9, 30.0, waiting=True)
    assert upload.runs_out(10**9, 32.0, waiting=True)


def test_while_we_do_not_read_the_client_has_all_the_time() -> None:
    upload = UploadTimeout(0, 0.0)
    assert not any(upload.runs_out(0, float(second), waiting=False) for second in range(10_000))


def test_an_answer_waits_for_who_reads_on_however_slowly() -> None:
    download = DownloadTimeout(0, 0.0)
    assert not any(download.runs_out(10_000 - step, step * UNREAD * 0.9) for step in range(5_000))
    assert not download.runs_out(0, 10**9)


def test_an_answer_that_nobody_reads_runs_out_even_if_it_grows() -> None:
    download = DownloadTimeout(0, 0.0)
    assert not download.runs_out(10, 1.0)
    assert not download.runs_out(20, UNREAD)
    assert download.runs_out(30, UNREAD + 2.0)


def test_the_time_of_an_answer_begins_when_something_waits_to_be_read() -> None:
    """However long the machine has run, and the connection has rested."""
    download = DownloadTimeout(0, 0.0)
    assert not download.runs_out(10, 10 * UNREAD)
    assert not download.runs_out(0, 11 * UNREAD)
    assert not download.runs_out(10, 20 * UNREAD)
    assert not download.runs_out(10, 21 * UNREAD - 1)
    assert download.runs_out(10, 21 * UNREAD + 1)


def test_shares_of_a_deadline() -> None:
    clock = Clock(100.0)
    deadline = Deadline(8.0, clock)
    clock.now = 102.0
    assert (deadline.left(), deadline.left(0.5), deadline.left(0.25)) == (6.0, 2.0, 0.0)


async def test_what_hangs_or_fails_does_not_keep_the_rest_from_being_ended(caplog: pytest.LogCaptureFixture) -> None:
    ended: list[str] = []

    async def hang() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("hang")

    async def fail() -> None:
        raise ValueError("secret")

    async def end() -> None:
        ended.append("end")

    await end_in_order(
        [StopStep("what hangs", hang, 0.0), StopStep("what fails", fail), StopStep("what ends", end)], Deadline(20.0)
    )
    assert "end" in ended
    assert "what hangs could not be ended in time" in caplog.text
    assert "what fails did not end well: ValueError" in caplog.text
    assert "secret" not in caplog.text
