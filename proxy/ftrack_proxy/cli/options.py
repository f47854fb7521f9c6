"""The options of ``serve``: flags over environment over a settings file over defaults."""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import click
import platformdirs

from ftrack_proxy.settings import (
    DEFAULT_PORT,
    BadSetting,
    Settings,
    is_own_listener,
    parse_listen,
    parse_seconds,
    parse_size,
    parse_upstream,
    read_policy,
)

PREFIX = "FTRACK_PROXY_"
_APP = "ftrack-proxy"
_FILE = "config.toml"
# Known to the environment and the file alike; the first also names the file itself.
_CONFIG = "config"
_NAMES = (
    "upstream",
    "listen",
    "cache_dir",
    "state_dir",
    "cache_size",
    "memory_size",
    "store",
    "api_user",
    "api_key",
    "allowed_hosts",
    "log_level",
    "settle_window",
    "entities_size",
    "prefetch_rate",
    "policy",
)
_LEVELS = ("debug", "info", "warning", "error")


class _Parsed(click.ParamType[Any]):
    """A parameter whose text is read by one of the settings' own functions."""

    def __init__(self, name: str, parse: Callable[[str], Any]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except BadSetting as error:
            self.fail(str(error), param, ctx)


def _hosts(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _not_on_the_command_line(context: click.Context, parameter: click.Parameter, value: Any) -> Any:
    source = context.get_parameter_source(parameter.name or "")
    if source is click.core.ParameterSource.COMMANDLINE:
        raise click.UsageError(
            "an API key on the command line can be read by every user of this machine; set "
            "FTRACK_PROXY_API_KEY or api_key in the settings file"
        )
    return value


def _option(name: str, kind: click.ParamType[Any] | None, default: Any, text: str, **more: Any) -> Any:
    flag = "--" + name.replace("_", "-")
    return click.option(flag, name, envvar=PREFIX + name.upper(), type=kind, default=default, help=text, **more)


_OPTIONS = (
    _option("upstream", _Parsed("URL", parse_upstream), None, "The ftrack server."),
    _option(
        "listen",
        _Parsed("HOST:PORT", parse_listen),
        f"127.0.0.1:{DEFAULT_PORT}",
        "Where clients connect.",
        show_default=True,
    ),
    _option(
        "cache_dir",
        click.Path(path_type=Path),
        lambda: platformdirs.user_cache_path(_APP),
        "Folder for cached answers; it is made private (0700).",
    ),
    _option(
        "state_dir",
        click.Path(path_type=Path),
        lambda: platformdirs.user_state_path(_APP),
        "Folder for what must outlive the cache; it is made private (0700).",
    ),
    _option("cache_size", _Parsed("SIZE", parse_size), "2 GB", "Limit of the cache on disk.", show_default=True),
    _option(
        "memory_size",
        _Parsed("SIZE", parse_size),
        "128 MB",
        "Limit of the cache in memory.",
        show_default=True,
    ),
    _option(
        "settle_window",
        _Parsed("TIME", parse_seconds),
        "500 ms",
        "How long after a change ftrack may still answer with what was before.",
        show_default=True,
    ),
    _option(
        "entities_size",
        _Parsed("SIZE", parse_size),
        "256 MB",
        "Limit of the memory for what is known of entities.",
        show_default=True,
    ),
    _option(
        "prefetch_rate",
        click.IntRange(min=0),
        60_000,
        "Rows a minute that may be fetched before a client asks for them; 0 for none.",
        show_default=True,
    ),
    _option("store", click.Choice(["disk"]), "disk", "Where answers are kept.", show_default=True),
    _option("api_user", None, None, "User whose access the change feed has; else FTRACK_API_USER."),
    _option("api_key", None, None, "", hidden=True, callback=_not_on_the_command_line),
    _option(
        "allowed_hosts",
        _Parsed("NAMES", _hosts),
        "",
        "Further names that clients may call this proxy by, with commas; * for any.",
    ),
    _option(
        "policy",
        _Parsed("FILE", read_policy),
        None,
        "Rules for what is kept and for how long (TOML), instead of the ones that come along.",
    ),
    _option(
        "log_level",
        click.Choice(_LEVELS, case_sensitive=False),
        "info",
        "How much is logged.",
        show_default=True,
    ),
)


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all settings as options, and ``--config``."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return click.option(
        "--config",
        type=click.Path(path_type=Path),
        envvar=PREFIX + "CONFIG",
        is_eager=True,
        expose_value=False,
        callback=_read_file,
        help=f"Settings file (TOML).  [default: {platformdirs.user_config_path(_APP) / _FILE}, if there is one]",
    )(command)


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Make settings of a command's parsed options.

    Raises:
        click.UsageError: what is there does not fit together.
    """
    _refuse_unknown(
        (name.removeprefix(PREFIX).lower() for name in os.environ if name.startswith(PREFIX)),
        lambda name: f"the environment variable {PREFIX}{name.upper()}",
        lambda name: f"{PREFIX}{name.upper()}",
    )
    if values["upstream"] is None:
        raise click.UsageError(
            "no ftrack server is named; use --upstream https://STUDIO.ftrackapp.com, FTRACK_PROXY_UPSTREAM, or "
            "upstream in the settings file"
        )
    if is_own_listener(values["upstream"], values["listen"]):
        raise click.UsageError(
            f"the upstream {values['upstream']} is this proxy's own listener; name the ftrack server itself"
        )
    kept = {name: value for name, value in values.items() if name != "store" and (name, value) != ("policy", None)}
    for folder in ("cache_dir", "state_dir"):
        kept[folder] = kept[folder].expanduser().absolute()
    return Settings(**kept)


def _read_file(context: click.Context, _parameter: click.Parameter, value: Path | None) -> None:
    """Take the settings file's values as defaults."""
    path = value or platformdirs.user_config_path(_APP) / _FILE
    if value is None and not path.is_file():
        return
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.UsageError(f"cannot read the settings file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"the settings file {path} is not valid TOML: {error}") from None
    _refuse_unknown(content, lambda name: f"{name!r} in the settings file {path}", lambda name: name)
    context.default_map = {name: _as_text(name, value, path) for name, value in content.items()}


def _as_text(name: str, value: Any, path: Path) -> str:
    if name == "allowed_hosts" and isinstance(value, list) and all(isinstance(v, str) for v in value):
        return ",".join(value)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise click.UsageError(f"{name} in the settings file {path} must be a text")


def _refuse_unknown(names: Iterable[str], describe: Callable[[str], str], spell: Callable[[str], str]) -> None:
    for name in names:
        if name in _NAMES or name == _CONFIG:
            continue
        near = difflib.get_close_matches(name, _NAMES, n=1, cutoff=0.4)
        hint = f"did you mean {spell(near[0])}?" if near else f"known are {', '.join(map(spell, _NAMES))}"
        raise click.UsageError(f"{describe(name)} is not a setting; {hint}")
