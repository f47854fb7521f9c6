"""``ftrack-proxy serve``: settings, and errors of one line that say what to do."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import requests

from ftrack_proxy.cli.options import NAMES
from tests.harness import PATIENCE, ProxyCommand, until
from tests.test_cli import warm_command
from tests.test_web.origin import Origin

UPSTREAM = ("--upstream", "http://ftrack.invalid")


def run(*arguments: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("FTRACK_", "XDG_"))}
    return warm_command.run(*arguments, **{**inherited, "HOME": str(home), **environment})


def refused(done: subprocess.CompletedProcess[str], *words: str, code: int = 2) -> None:
    """One line on stderr, in our name, with the way out, and no traceback."""
    assert done.returncode == code, done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("ftrack-proxy: ")
    for word in words:
        assert word in lines[0]


@pytest.fixture(scope="module")
def origin() -> Iterator[Origin]:
    with Origin() as running:
        yield running


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), ("--upstream", "FTRACK_PROXY_UPSTREAM")),
        (("--upstream", "studio.ftrackapp.com"), ("https://",)),
        (("--upstream", "ftp://x"), ("http",)),
        (("--upstream", "https://me:secret@x"), ("user or password",)),
        (("--upstream", "https://x/?a=b"), ("https://",)),
        (("--upstream", "http://127.0.0.1:8089"), ("own listener",)),
        (("--upstream", "http://localhost:8089"), ("own listener",)),
        (("--upstream", "http://127.0.0.1:9", "--listen", "0.0.0.0:9"), ("own listener",)),
        ((*UPSTREAM, "--listen", "8089"), ("HOST:PORT",)),
        ((*UPSTREAM, "--listen", "localhost:99999"), ("HOST:PORT",)),
        ((*UPSTREAM, "--cache-size", "much"), ("512 MB",)),
        ((*UPSTREAM, "--cache-size", "3 KB"), ("1 MB",)),
        ((*UPSTREAM, "--settle-window", "soon"), ("500 ms",)),
        ((*UPSTREAM, "--api-key", "k"), ("FTRACK_PROXY_API_KEY",)),
        ((*UPSTREAM, "--lisen", "x"), ("--listen",)),
        ((*UPSTREAM, "--config", "/no/such.toml"), ("/no/such.toml",)),
        ((*UPSTREAM, "--log-level", "loud"), ("debug",)),
        ((*UPSTREAM, "--cache-dir", "/proc/self/nope"), ("--cache-dir",)),
        ((*UPSTREAM, "--cache-dir", "/"), ("--cache-dir", "top of the file system")),
        ((*UPSTREAM, "--state-dir", "/tmp"), ("--state-dir", "temporary files")),
    ],
)
def test_bad_settings(arguments: tuple[str, ...], words: tuple[str, ...], tmp_path: Path) -> None:
    refused(run("serve", *arguments, home=tmp_path), *words)


def test_bad_environment_and_files(tmp_path: Path) -> None:
    refused(run("serve", *UPSTREAM, home=tmp_path, FTRACK_PROXY_LISEN="x"), "FTRACK_PROXY_LISTEN")
    refused(run("serve", home=tmp_path, FTRACK_PROXY_UPSTREAM="nonsense"), "nonsense")
    file = tmp_path / "settings.toml"
    for content, words in (
        ('lsten = "x"', ("lsten", "listen")),
        ("upstream = ", ("not valid TOML", str(file))),
        ("[upstream]\nurl = 1", ("upstream", "text")),
        ("log_level = true", ("log_level",)),
    ):
        file.write_text(content)
        refused(run("serve", "--config", str(file), home=tmp_path), *words)


def test_ftrack_server_is_no_upstream(tmp_path: Path) -> None:
    refused(run("serve", home=tmp_path, FTRACK_SERVER="https://studio.ftrackapp.com"), "--upstream")


def test_a_busy_port_may_be_free_later(origin: Origin, tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        listen = f"127.0.0.1:{holder.getsockname()[1]}"
        done = run(
            "serve", "--upstream", origin.url, "--listen", listen, "--cache-dir", str(tmp_path / "c"), home=tmp_path
        )
    refused(done, listen, "--listen", code=1)


def test_one_process_a_folder(origin: Origin, tmp_path: Path) -> None:
    with ProxyCommand(origin.url, tmp_path) as first:
        second = run(*first.arguments[3:], home=tmp_path)
        refused(second, "in use", "--cache-dir", code=1)
    with ProxyCommand(origin.url, tmp_path) as again:
        assert again.status()["version"]


def test_flag_over_environment_over_file_over_default(origin: Origin, tmp_path: Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('upstream = "http://file.invalid"\nallowed_hosts = ["one.lan", "two.lan"]\ncache_size = "3 MB"\n')
    with ProxyCommand(origin.url, tmp_path, "--config", str(file), FTRACK_PROXY_UPSTREAM="http://env.invalid") as proxy:
        assert proxy.status()["upstream"] == origin.url
        with requests.get(f"{proxy.url}/-/health", headers={"Host": "two.lan"}, timeout=PATIENCE) as answer:
            assert answer.status_code == 200
    arguments = (
        *(sys.executable, "-m", "ftrack_proxy", "serve", "--config", str(file), "--listen", "127.0.0.1:0"),
        *("--cache-dir", str(tmp_path / "c2"), "--state-dir", str(tmp_path / "s2")),
    )
    for environment, expected in (({}, "file"), ({"FTRACK_PROXY_UPSTREAM": "http://env.invalid"}, "env")):
        proxy = ProxyCommand(origin.url, tmp_path, **environment)
        proxy.arguments = arguments
        with proxy:
            assert proxy.status()["upstream"] == f"http://{expected}.invalid"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_drains(origin: Origin, number: int, tmp_path: Path) -> None:
    with ProxyCommand(origin.url, tmp_path) as proxy, ThreadPoolExecutor(2) as threads:
        with origin.held("/slow") as slow:
            asked = threads.submit(requests.get, f"{proxy.url}/slow", timeout=PATIENCE)
            slow.wait()
            ended = threads.submit(proxy.stop, number)
            until(lambda: any("stopping" in line for line in proxy.log), "the proxy to stop")
        assert asked.result().status_code == 200
        assert ended.result() == 0


def test_a_second_signal_ends_at_once(origin: Origin, tmp_path: Path) -> None:
    with ProxyCommand(origin.url, tmp_path) as proxy, ThreadPoolExecutor(2) as threads, origin.held("/slow") as slow:
        asked = threads.submit(requests.get, f"{proxy.url}/slow", timeout=PATIENCE)
        slow.wait()
        proxy.process.send_signal(signal.SIGTERM)
        until(lambda: any("stopping" in line for line in proxy.log), "the proxy to stop")
        assert proxy.stop(patience=3) == 128 + signal.SIGTERM
        assert isinstance(asked.exception(), requests.ConnectionError)


def test_killed_and_started_again(origin: Origin, tmp_path: Path) -> None:
    for _ in range(2):
        with ProxyCommand(origin.url, tmp_path) as proxy:
            assert proxy.status()["version"]
            proxy.kill()


def test_help_and_version(tmp_path: Path) -> None:
    cold = subprocess.run([sys.executable, "-m", "ftrack_proxy", "--version"], capture_output=True, text=True)
    assert re.fullmatch(r"ftrack-proxy, version \d+\.\d+\.\d+\n", cold.stdout)
    assert run("--version", home=tmp_path).stdout == cold.stdout
    shown = run(home=tmp_path)
    assert shown.returncode == 0
    assert "ftrack-proxy serve --upstream" in shown.stdout
    assert "FTRACK_PROXY_UPSTREAM" in run("serve", "--help", home=tmp_path).stdout


EXAMPLE = (Path(__file__).parents[2] / "config" / "settings.example.toml").read_text()
UNCOMMENTED = re.sub(r"^# (\w+ = )", r"\1", EXAMPLE, flags=re.MULTILINE)


def test_the_example_names_every_setting_and_no_other() -> None:
    assert set(tomllib.loads(UNCOMMENTED)) == set(NAMES)


@pytest.mark.parametrize("example", [EXAMPLE, UNCOMMENTED], ids=["as it is", "all of it"])
def test_the_example_starts_once_its_upstream_is_set(example: str, origin: Origin, tmp_path: Path) -> None:
    file = tmp_path / ".config" / "ftrack-proxy" / "config.toml"
    file.parent.mkdir(parents=True)
    file.write_text(example.replace("https://STUDIO.ftrackapp.com", origin.url))
    proxy = ProxyCommand(origin.url, tmp_path)
    proxy.arguments = (sys.executable, "-m", "ftrack_proxy", "serve", "--listen", "127.0.0.1:0")
    with proxy:
        assert proxy.status()["upstream"] == origin.url


def test_what_is_no_http_proxy_is_told_by_its_variable(tmp_path: Path) -> None:
    refused(run("serve", *UPSTREAM, home=tmp_path, http_proxy="socks5://127.0.0.1:9"), "http_proxy", "http://HOST:PORT")


@pytest.mark.parametrize("setting", ["cache_dir", "state_dir"])
def test_a_folder_that_cannot_be_used_is_blamed_on_its_own_setting(setting: str, tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.write_text("")
    flag, variable = f"--{setting.replace('_', '-')}", f"FTRACK_PROXY_{setting.upper()}"
    refused(run("serve", *UPSTREAM, flag, str(taken), home=tmp_path), f"{flag}: {taken}")
    refused(run("serve", *UPSTREAM, home=tmp_path, **{variable: str(taken)}), f"variable {variable}: {taken}")


def test_an_address_that_cannot_be_had_is_blamed_on_its_place(tmp_path: Path) -> None:
    # A documentation address (RFC 5737 3): no machine has it.
    done = run("serve", *UPSTREAM, home=tmp_path, FTRACK_PROXY_LISTEN="192.0.2.1:8089")
    refused(done, "the environment variable FTRACK_PROXY_LISTEN: cannot listen on 192.0.2.1:8089", code=1)
    file = tmp_path / "settings.toml"
    file.write_text('listen = "nowhere.invalid:8089"\n')
    refused(run("serve", *UPSTREAM, "--config", str(file), home=tmp_path), "settings.toml, line 1: cannot", code=1)


@pytest.mark.skipif(sys.platform != "linux", reason="needs a folder that even root cannot write")
def test_without_folders_it_works_in_memory_and_says_so(origin: Origin, tmp_path: Path) -> None:
    proxy = ProxyCommand(origin.url, tmp_path)
    folders = ("--cache-dir", "/sys/ftrack-proxy/cache", "--state-dir", "/sys/ftrack-proxy/state")
    proxy.arguments = (*proxy.arguments, *folders)
    with proxy:
        degraded = proxy.status()["degraded"]
        for what in ("store: results are kept in memory only", "state: what was learned is not kept"):
            assert any(line.startswith(what) and "/sys/ftrack-proxy" in line for line in degraded)
            assert sum(what.partition(": ")[2] in line for line in proxy.log) == 1
        assert proxy.stop() == 0
    assert not any("Traceback" in line for line in proxy.log)


@pytest.mark.skipif(sys.platform == "win32", reason="open files cannot be deleted there")
def test_a_folder_deleted_while_running_is_made_again(origin: Origin, tmp_path: Path) -> None:
    with ProxyCommand(origin.url, tmp_path) as proxy:
        shutil.rmtree(tmp_path / "cache")
        shutil.rmtree(tmp_path / "state")
        # Whoever asks for the state of the store looks at it.
        assert not any("store" in line for line in proxy.status()["degraded"])
        assert (tmp_path / "cache" / "results" / "cache.db").exists()
        assert any("was deleted while in use" in line for line in proxy.log)
        assert proxy.stop() == 0
    assert not any("Traceback" in line for line in proxy.log)


def test_the_default_folders_are_of_one_machine(origin: Origin, tmp_path: Path) -> None:
    proxy = ProxyCommand(origin.url, tmp_path)
    proxy.arguments = tuple(a for a in proxy.arguments if not a.startswith((str(tmp_path), "--cache", "--state")))
    with proxy:
        proxy.status()
    machine = re.sub(r"[^A-Za-z0-9_-]+", ".", socket.gethostname()).strip(".")
    if sys.platform == "linux":
        assert (tmp_path / ".cache" / "ftrack-proxy" / machine / "results").is_dir()
        assert (tmp_path / ".local" / "state" / "ftrack-proxy" / machine).is_dir()


def test_one_folder_in_the_other_or_the_same(origin: Origin, tmp_path: Path) -> None:
    for number, (cache, state) in enumerate((("a", "a/b"), ("a/b", "a"), ("a", "a"))):
        for _ in range(2):
            proxy = ProxyCommand(origin.url, tmp_path)
            top = tmp_path / str(number)
            proxy.arguments = (*proxy.arguments, "--cache-dir", str(top / cache), "--state-dir", str(top / state))
            with proxy:
                assert not any(line.startswith(("store", "state")) for line in proxy.status()["degraded"])


def test_half_of_the_common_credentials_is_said(origin: Origin, tmp_path: Path) -> None:
    with ProxyCommand(origin.url, tmp_path, FTRACK_API_USER="ana", FTRACK_PROXY_PORT="tcp://10.0.0.1:8089") as proxy:
        assert any("FTRACK_API_USER is set without FTRACK_API_KEY" in line for line in proxy.log)
        assert sum("FTRACK_PROXY_PORT" in line for line in proxy.log) == 1
