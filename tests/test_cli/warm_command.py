"""The ``ftrack-proxy`` command in a process of its own each time, without its imports each time.

One process imports the command and is told by lines of JSON what to run; it runs each in a fork of itself, and ends
with whoever started it. It has one thread, so a fork of it is as good as a new process.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import IO, NoReturn

from tests.plain_http import PATIENCE


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``ftrack-proxy`` with exactly this environment; returns its exit code and what it wrote."""
    if not hasattr(os, "fork"):
        cold = [sys.executable, "-m", "ftrack_proxy", *arguments]
        return subprocess.run(cold, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False)
    with tempfile.TemporaryDirectory() as folder:
        files = [str(Path(folder) / name) for name in ("stdout", "stderr")]
        warm = _warm()
        assert warm.stdin is not None
        assert warm.stdout is not None
        warm.stdin.write(json.dumps([arguments, environment, os.getcwd(), files]) + "\n")
        warm.stdin.flush()
        code = int(warm.stdout.readline())
        out, err = (Path(file).read_text(encoding="utf-8") for file in files)
        return subprocess.CompletedProcess(arguments, code, out, err)


@functools.cache
def _warm() -> subprocess.Popen[str]:
    warm = subprocess.Popen([sys.executable, "-m", __name__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    # Its input ends, and so does it.
    atexit.register(warm.communicate)
    return warm


def _serve(lines: IO[str]) -> None:
    # Imports are what takes the time. `ftrack_proxy.cli` is none of them: it finds default folders when it is imported.
    import click  # noqa: F401
    import platformdirs  # noqa: F401

    import ftrack_proxy.assembly  # noqa: F401

    assert not any(name.startswith("ftrack_proxy.cli") for name in sys.modules)

    for line in lines:
        child = os.fork()
        if child == 0:
            _become(*json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


def _become(arguments: list[str], environment: dict[str, str], folder: str, files: list[str]) -> NoReturn:
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    for target, path in enumerate((os.devnull, *files)):
        os.dup2(os.open(path, os.O_RDWR | os.O_CREAT), target)
    sys.argv = ["ftrack-proxy", *arguments]
    code = 0
    try:
        runpy.run_module("ftrack_proxy", run_name="__main__", alter_sys=True)
    except SystemExit as error:
        code = error.code if isinstance(error.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())  # type: ignore[arg-type]
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    _serve(sys.stdin)
