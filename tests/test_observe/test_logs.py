"""What is logged holds nothing that others sent, in one line each, in either form."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from ftrack_proxy.observe.exception_summary import exception_summary
from ftrack_proxy.observe.log_throttle import LogThrottle
from ftrack_proxy.observe.logs import ConsoleFormatter, JsonFormatter, log_text, on_loop_fault
from tests.harness import PATIENCE

SECRET = "f00dfacef00dface"


def record(name: str, message: str, *arguments: object, error: BaseException | None = None) -> logging.LogRecord:
    info = None if error is None else (type(error), error, error.__traceback__)
    return logging.LogRecord(name, logging.ERROR, __file__, 1, message, arguments, info)


def raised() -> BaseException:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError:
            raise ValueError(f"header {SECRET} is bad") from None
    except ValueError as error:
        return error


def chained() -> BaseException:
    try:
        try:
            raise KeyError(SECRET)
        except KeyError as cause:
            raise ValueError(SECRET) from cause
    except ValueError as error:
        return error


def test_of_an_exception_type_and_place_are_told_and_nothing_that_it_says() -> None:
    assert exception_summary(raised()).startswith("ValueError in raised (test_observe/test_logs.py:")
    assert ", after KeyError in chained" in exception_summary(chained())
    assert SECRET not in exception_summary(raised()) + exception_summary(chained())
    assert exception_summary(ValueError(SECRET)) == "ValueError"
    assert exception_summary(None) == ""


def test_causes_are_bounded() -> None:
    error: BaseException = ValueError("0")
    for _ in range(50):
        error, cause = ValueError(SECRET), error
        error.__cause__ = cause
    assert exception_summary(error).count("ValueError") == 3


@pytest.mark.parametrize("formatter", [ConsoleFormatter(), JsonFormatter()])
@pytest.mark.parametrize(
    "of_a_library",
    [
        record("aiohttp.internal", "Illegal cookie name %r", SECRET),
        record("asyncio", f"Task exception was never retrieved\nfuture: <Task {SECRET}>", error=raised()),
        record("py.warnings", SECRET),
        record("ftrack_proxyish", SECRET),
    ],
)
def test_texts_of_libraries_are_not_shown(formatter: logging.Formatter, of_a_library: logging.LogRecord) -> None:
    line = formatter.format(of_a_library)
    assert SECRET not in line
    assert of_a_library.name in line
    assert "\n" not in line


def test_own_lines_are_shown_without_the_text_of_exceptions() -> None:
    line = log_text(record("ftrack_proxy.web", "it is %s", "so", error=raised()))
    assert line.startswith("it is so: ValueError in raised")
    assert SECRET not in line


def test_one_line_each_whatever_a_name_contains() -> None:
    forged = "ana\n2026-01-01 INFO forged\x1b[31m\u2028"
    assert log_text(record("ftrack_proxy", "as %s", forged)) == "as ana\\x0a2026-01-01 INFO forged\\x1b[31m\\x2028"


def test_arguments_that_do_not_fit_lose_the_line_only() -> None:
    assert "cannot be shown" in log_text(record("ftrack_proxy", "%d", SECRET))


def test_json_has_time_level_logger_message_and_fields() -> None:
    line = record("ftrack_proxy.request", "done")
    line.created = 1.5
    line.fields = {"milliseconds": 1.25, "odd": object(), "lone": "\ud800"}
    assert json.loads(JsonFormatter().format(line)) == {
        "time": "1970-01-01T00:00:01.500Z",
        "level": "error",
        "logger": "ftrack_proxy.request",
        "message": "done",
        "milliseconds": 1.25,
        "odd": "object",
        "lone": "\ud800",
    }


async def test_the_event_loop_s_complaints_name_the_task_alone(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError(SECRET)

    loop = asyncio.get_running_loop()
    task = loop.create_task(fail(), name="change feed of ana")
    await asyncio.wait([task])
    on_loop_fault(loop, {"message": SECRET, "task": task, "exception": task.exception(), "protocol": SECRET})
    on_loop_fault(loop, {"message": SECRET})
    assert SECRET not in caplog.text
    assert "change feed of ana" in caplog.text
    assert "ValueError in fail" in caplog.text


_EVERYTHING_ELSE = f"""
import asyncio, logging, threading, warnings
from ftrack_proxy.observe.logs import configure_logging
configure_logging("debug", "{{form}}")
class Odd:
    def __del__(self): raise ValueError("{SECRET}")
Odd()
thread = threading.Thread(target=lambda: [][int("{SECRET}", 16)])
thread.start(); thread.join()
warnings.warn("{SECRET}")
logging.getLogger("aiohttp.server").error("{SECRET}")
logging.getLogger("ftrack_proxy.x").error("%d", "{SECRET}")
"""


@pytest.mark.parametrize("form", ["console", "json"])
def test_nothing_gets_to_stderr_past_the_log(form: str) -> None:
    script = _EVERYTHING_ELSE.replace("{form}", form)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True)
    lines = done.stderr.splitlines()
    assert len(lines) == 5
    assert SECRET not in done.stdout + done.stderr
    if form == "json":
        shown: list[dict[str, Any]] = [json.loads(line) for line in lines]
        assert {"time", "level", "logger", "message"} <= set(shown[0])


def test_what_comes_often_is_said_seldom_and_counted() -> None:
    now = [0.0]
    seldom = LogThrottle(lambda: now[0], pause=60.0)
    assert seldom.due("full") == 0
    assert [seldom.due("full") for _ in range(7)] == [None] * 7
    assert seldom.due("other") == 0
    now[0] = 59.0
    assert seldom.due("full") is None
    now[0] = 61.0
    assert seldom.is_recent("full")
    assert seldom.due("full") == 8
    now[0] = 200.0
    assert not seldom.is_recent("full")
    assert not seldom.is_recent("never")
