"""Where settings come from, and that every complaint names the place."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import click
import pytest

from ftrack_proxy.cli.options import NAMES, OPTIONS, Configuration, configured, one_setting
from ftrack_proxy.cli.sources import flag_of, variable_of
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.settings import Address, problem_with_common_credentials

UPSTREAM = {"FTRACK_PROXY_UPSTREAM": "https://ftrack.invalid"}
PAIR = {"FTRACK_PROXY_API_USER": "ana", "FTRACK_PROXY_API_KEY": "ana's key"}
COMMON = {"FTRACK_API_USER": "bo", "FTRACK_API_KEY": "bo's key"}


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No settings file of whoever runs this."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)


def told(environment: dict[str, str] | None = None, **flags: str) -> Configuration:
    return configured(flags, UPSTREAM | (environment or {}))


def complaint(environment: dict[str, str] | None = None, **flags: str) -> str:
    with pytest.raises(click.UsageError) as caught:
        told(environment, **flags)
    return caught.value.message


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "settings.toml"


def feed_of(it: Configuration, environment: dict[str, str]) -> Credentials | None:
    return it.settings.feed_credentials(environment)


# -- credentials


def test_a_pair_is_taken_from_one_place(file: Path) -> None:
    file.write_text('api_user = "cy"\napi_key = "cy\'s key"\n')
    ana, bo, cy = (Credentials(name, f"{name}'s key") for name in ("ana", "bo", "cy"))
    assert feed_of(told(PAIR, config=str(file)), COMMON) == ana
    assert feed_of(told(config=str(file)), COMMON) == cy
    assert feed_of(told(), COMMON) == bo
    assert feed_of(told(), {}) is None
    # The flag has the key of the environment: it can have none of its own.
    assert feed_of(told(PAIR, api_user="ana"), COMMON) == ana
    assert feed_of(told({"FTRACK_PROXY_API_KEY": "ana's key"}, api_user="ana"), COMMON) == ana


@pytest.mark.parametrize(
    ("environment", "flags", "content", "words"),
    [
        ({"FTRACK_PROXY_API_USER": "ana"}, {}, "", ("FTRACK_PROXY_API_USER", "without FTRACK_PROXY_API_KEY")),
        ({"FTRACK_PROXY_API_KEY": "k"}, {}, "", ("FTRACK_PROXY_API_KEY", "without FTRACK_PROXY_API_USER")),
        ({"FTRACK_PROXY_API_USER": "ana", "FTRACK_PROXY_API_KEY": ""}, {}, "", ("without FTRACK_PROXY_API_KEY",)),
        ({}, {"api_user": "ana"}, "", ("--api-user", "without FTRACK_PROXY_API_KEY")),
        ({}, {}, '\napi_user = "ana"\n', ("api_user in the settings file", "line 2", "without api_key")),
        ({}, {}, 'api_key = "k"\n', ("api_key in the settings file", "line 1", "without api_user")),
        # A whole pair further away does not complete a half, nor hide it.
        ({"FTRACK_PROXY_API_KEY": "k"}, {}, 'api_user = "a"\napi_key = "b"\n', ("without FTRACK_PROXY_API_USER",)),
        ({"FTRACK_PROXY_API_KEY": "k"}, {}, 'api_user = "a"\n', ("without FTRACK_PROXY_API_USER",)),
        (PAIR, {"api_user": "bo"}, "", ("--api-user", "FTRACK_PROXY_API_USER", "different users")),
    ],
)
def test_half_a_pair_is_refused_and_never_completed(
    environment: dict[str, str], flags: dict[str, str], content: str, words: tuple[str, ...], file: Path
) -> None:
    file.write_text(content)
    said = complaint({**environment, **COMMON}, config=str(file), **flags)
    for word in words:
        assert word in said


def test_half_of_the_common_pair_is_said_and_not_used() -> None:
    for present, missing in (("FTRACK_API_USER", "FTRACK_API_KEY"), ("FTRACK_API_KEY", "FTRACK_API_USER")):
        environment = {present: "secret", missing: ""}
        said = problem_with_common_credentials(environment)
        assert said is not None
        assert f"{present} is set without {missing}" in said
        assert "secret" not in said
        assert feed_of(told(), environment) is None
    assert problem_with_common_credentials({}) is None
    assert problem_with_common_credentials(COMMON) is None


def test_common_credentials_go_into_headers_as_they_are() -> None:
    assert feed_of(told(), {"FTRACK_API_USER": " bo", "FTRACK_API_KEY": "bo's key\n"}) == Credentials("bo", "bo's key")
    for environment in ({**COMMON, "FTRACK_API_KEY": "sec\nret"}, {**COMMON, "FTRACK_API_USER": "sec\x00ret"}):
        assert feed_of(told(), environment) is None
        said = problem_with_common_credentials(environment)
        assert said is not None
        assert "control character" in said
        assert "ret" not in said
    assert feed_of(told({"FTRACK_PROXY_API_USER": "ana", "FTRACK_PROXY_API_KEY": "k\n"}), {}) == Credentials("ana", "k")


def test_keys_are_not_shown() -> None:
    said = complaint({"FTRACK_PROXY_API_USER": "ana", "FTRACK_PROXY_API_KEY": "secret\nof two lines"})
    assert "FTRACK_PROXY_API_KEY" in said
    assert "secret" not in said
    assert "secret" not in repr(told({"FTRACK_PROXY_API_USER": "ana", "FTRACK_PROXY_API_KEY": "secret"}))
    for address in ("https://me:secret@x", "https://me:secret@[", "ftp://me:secret@x", "https://x?key=secret"):
        assert "secret" not in complaint(upstream=address)


# -- places

BAD = {
    "upstream": "nonsense",
    "listen": "8089",
    "cache_dir": "~nobody-of-that-name/x",
    "state_dir": "~nobody-of-that-name/x",
    "cache_size": "much",
    "memory_size": "9" * 400,
    "settle_window": "soon",
    "allowed_origins": "studio",
    "trust_lifetime": "long",
    "entities_size": "3 KB",
    "prefetch_rate": "-1",
    "connect_wait": "0 s",
    "pool_wait": "0 ms",
    "answer_wait": "long",
    "idle_wait": "-1 s",
    "body_limit": "12 KB",
    "store": "tape",
    "policy": "/no/such/policy.toml",
    "log_level": "loud",
    "log_format": "xml",
    "stop_timeout": "soon",
}
# Settings of which no text on one line is wrong.
ANY_TEXT = {"api_user", "api_key", "allowed_hosts"}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_value_is_blamed_on_its_place(name: str, file: Path) -> None:
    assert complaint(**{name: BAD[name]}).startswith(f"{flag_of(name)}: ")
    assert complaint({variable_of(name): BAD[name]}).startswith(f"the environment variable {variable_of(name)}: ")
    file.write_text(f'# first\n\n  {name} = "{BAD[name]}"\n')
    environment = {} if name == "upstream" else UPSTREAM
    with pytest.raises(click.UsageError) as caught:
        configured({"config": str(file)}, environment)
    assert f"{name} in the settings file {file}, line 3: " in caught.value.message
    # What is not used is not complained about, and what wins is blamed.
    if name != "upstream":
        good = next(option.default for option in OPTIONS if option.name == name)
        if good is not None:
            assert told({variable_of(name): BAD[name]}, **{name: good}).origins[name] == flag_of(name)


def test_every_setting_has_a_bad_value_here() -> None:
    assert set(BAD) == set(NAMES) - ANY_TEXT


@pytest.mark.parametrize("name", NAMES)
def test_empty_is_no_value(name: str, file: Path) -> None:
    if next(option.is_list for option in OPTIONS if option.name == name):
        assert getattr(told(**{name: ""}).settings, name) == ()
        return
    for empty in ("", "  "):
        if name != "api_key":
            assert complaint(**{name: empty}).startswith(f"{flag_of(name)} is empty")
        other = {"api_user": 'api_key = "k"\n', "api_key": 'api_user = "ana"\n'}.get(name, "")
        file.write_text(f'{name} = "{empty}"\n{other}')
        environment = {} if name == "upstream" else UPSTREAM
        with pytest.raises(click.UsageError, match=r"line 1 is empty"):
            configured({"config": str(file)}, environment)
    # A variable without a value is what platforms set for a variable that they do not have.
    assert complaint({"FTRACK_PROXY_UPSTREAM": " "}).startswith("no ftrack server is named")
    if name not in ("upstream", "api_user", "api_key"):
        assert told({variable_of(name): ""}).origins[name] == f"the default of {flag_of(name)}"


def test_the_file_itself(file: Path, tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    assert complaint(config=str(missing)).startswith(f"--config: cannot read the settings file {missing}: No such file")
    assert complaint({"FTRACK_PROXY_CONFIG": str(tmp_path)}).startswith(
        f"the environment variable FTRACK_PROXY_CONFIG: cannot read the settings file {tmp_path}: Is a directory"
    )
    assert "--config is empty" in complaint(config=" ")
    for content, words in (
        (b"\n\nlsten = 'x'", (r"lsten in the settings file .*, line 3 is not a setting", r"did you mean listen\?")),
        (b"config = 'x'", ("config in the settings file .*, line 1 is not a setting",)),
        (b"upstream = \nlisten = 1", ("not valid TOML", "line 1", re.escape(str(file)))),
        (b"\n[upstream]\nurl = 1", ("upstream in .*, line 2 must be a text",)),
        (b"log_level = true", ("log_level in .*, line 1 must be a text",)),
        (b"\nallowed_hosts = [1]", ("allowed_hosts in .*, line 2 must be a text or a list",)),
        (b"\nlisten = ['localhost:1']", ("listen in .*, line 2 must be a text",)),
        (b"upstream = '\xff'", ("not valid TOML",)),
        (b"a = " + b"[" * 5000, ("not valid TOML",)),
    ):
        file.write_bytes(content)
        said = complaint(config=str(file))
        for word in words:
            assert re.search(word, said), said


def test_lines_are_those_of_the_file(file: Path) -> None:
    file.write_bytes(b'\xef\xbb\xbf# upstream = "x"\r\npolicy = """\r\nlisten = 1\r\n"""\r\n"listen" = "nonsense"\r\n')
    assert "line 5: 'nonsense' is not HOST:PORT" in complaint(config=str(file))


def test_unknown_variables_are_refused() -> None:
    assert "did you mean FTRACK_PROXY_LISTEN?" in complaint({"FTRACK_PROXY_LISEN": "x"})
    assert "did you mean FTRACK_PROXY_LISTEN?" in complaint({"FTRACK_PROXY_Listen": "127.0.0.1:1"})
    assert "FTRACK_PROXY_PORT is not a setting" in complaint({"FTRACK_PROXY_PORT": "8089"})
    assert "FTRACK_PROXY_HOST is not a setting" in complaint({"FTRACK_PROXY_HOST": "tcp://x"})


@pytest.mark.parametrize("service", ["", "REDIS_"])
def test_what_container_platforms_set_for_a_service_of_our_name_is_ignored(service: str) -> None:
    kubernetes = {
        "SERVICE_HOST": "10.0.0.11",
        "SERVICE_PORT": "8089",
        "SERVICE_PORT_HTTP": "8089",
        "PORT": "tcp://10.0.0.11:8089",
        "PORT_8089_TCP": "tcp://10.0.0.11:8089",
        "PORT_8089_TCP_PROTO": "tcp",
        "PORT_8089_TCP_PORT": "8089",
        "PORT_8089_TCP_ADDR": "10.0.0.11",
    }
    docker = {"NAME": "/tool/ftrack-proxy", "ENV_PATH": "/bin", "ENV_FTRACK_PROXY_LISTEN": "0.0.0.0:8089"}
    injected = {f"FTRACK_PROXY_{service}{name}": text for name, text in {**kubernetes, **docker}.items()}
    it = told(injected)
    assert it.settings == told().settings
    assert len(it.notes) == 1
    assert "container platform" in it.notes[0]
    assert f"and {len(injected) - 3} more" in it.notes[0]
    assert told().notes == ()


def test_the_examples_placeholder_is_said() -> None:
    assert "still the example's" in told(upstream="https://STUDIO.ftrackapp.com").notes[0]


def test_the_own_listener_names_both_places(file: Path) -> None:
    file.write_text('listen = "127.0.0.1:9000"\n')
    said = complaint(config=str(file), upstream="http://127.0.0.1:9000")
    assert said.startswith("--upstream: ")
    assert "listen in the settings file" in said


def test_one_setting_alone(file: Path) -> None:
    file.write_text('listen = "127.0.0.1:9000"\ncache_size = "much"\n')
    assert one_setting("listen", str(file), {}) == Address("127.0.0.1", 9000)
    assert one_setting("listen", None, {"FTRACK_PROXY_LISTEN": "127.0.0.1:9001"}) == Address("127.0.0.1", 9001)
    assert one_setting("listen", None, {}) == Address("127.0.0.1", 8089)
    with pytest.raises(click.UsageError, match="FTRACK_PROXY_LISTEN: 'x' is not HOST:PORT"):
        one_setting("listen", str(file), {"FTRACK_PROXY_LISTEN": "x"})


@pytest.mark.parametrize("name", ["cache_dir", "state_dir"])
def test_a_folder_of_the_users_own(name: str, tmp_path: Path) -> None:
    it: Any = told(**{name: "~/here"}).settings
    assert getattr(it, name) == tmp_path / "here"
