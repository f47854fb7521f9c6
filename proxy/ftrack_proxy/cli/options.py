"""The settings as options of a command: each one's name, default and words, and how all of them become ``Settings``."""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import platformdirs

from ftrack_proxy.cli.sources import (
    CONFIG,
    SettingText,
    flag_of,
    from_environment,
    from_file,
    from_flags,
    variable_of,
)
from ftrack_proxy.settings import (
    BUILT_IN,
    DEFAULT_PORT,
    BadSetting,
    Settings,
    is_own_listener,
    parse_choice,
    parse_count,
    parse_listen,
    parse_names,
    parse_origins,
    parse_path,
    parse_seconds,
    parse_size,
    parse_upstream,
    parse_wait,
    parse_word,
    read_policy,
)

_APP = "ftrack-proxy"
_FILE = "config.toml"


@dataclass(frozen=True, slots=True)
class Option:
    """One setting: ``kind`` is what its text is called in the help, ``parse`` reads it, ``default`` is a text."""

    name: str
    kind: str
    parse: Callable[[str], Any]
    default: str | None
    help: str
    is_list: bool = False


def _own(folder: Path) -> str:
    """A folder for this machine alone: several machines may share a home folder."""
    return str(folder / (re.sub(r"[^A-Za-z0-9_-]+", ".", socket.gethostname()).strip(".")[:64] or "localhost"))


def _choice(*words: str) -> tuple[str, Callable[[str], str]]:
    return f"[{'|'.join(words)}]", parse_choice(*words)


OPTIONS = (
    Option("upstream", "URL", parse_upstream, None, "The ftrack server."),
    Option("listen", "HOST:PORT", parse_listen, f"127.0.0.1:{DEFAULT_PORT}", "Where clients connect."),
    Option("cache_dir", "FOLDER", parse_path, _own(platformdirs.user_cache_path(_APP)), "Folder for cached answers."),
    Option(
        "state_dir",
        "FOLDER",
        parse_path,
        _own(platformdirs.user_state_path(_APP)),
        "Folder for what must outlive the cache.",
    ),
    Option("cache_size", "SIZE", parse_size, "2 GB", "Limit of the cache on disk."),
    Option("memory_size", "SIZE", parse_size, "128 MB", "Limit of the cache in memory."),
    Option(
        "settle_window",
        "TIME",
        parse_seconds,
        "500 ms",
        "How long after a change ftrack may still answer with what was before.",
    ),
    Option("entities_size", "SIZE", parse_size, "256 MB", "Limit of the memory for what is known of entities."),
    Option(
        "prefetch_rate",
        "ROWS",
        parse_count,
        "60000",
        "Rows a minute that may be fetched before a client asks for them; 0 for none.",
    ),
    Option("connect_wait", "TIME", parse_wait, "15 s", "How long a connection to ftrack may take to be made."),
    Option("pool_wait", "TIME", parse_wait, "15 s", "How long a read waits when very many are under way already."),
    Option("answer_wait", "TIME", parse_wait, "300 s", "How long ftrack may take to begin to answer."),
    Option("idle_wait", "TIME", parse_wait, "60 s", "How long a request or an answer may stand still in its middle."),
    Option(
        "body_limit",
        "SIZE",
        parse_size,
        "16 MB",
        "Longest request or answer that is read into memory; longer ones pass through as they come.",
    ),
    Option("store", *_choice("disk"), "disk", "Where answers are kept."),
    Option(
        "api_user",
        "NAME",
        parse_word,
        None,
        f"User whose access the change feed has; the key goes into {variable_of('api_key')}. Else FTRACK_API_USER "
        "and FTRACK_API_KEY.",
    ),
    Option("api_key", "KEY", parse_word, None, ""),
    Option(
        "allowed_hosts",
        "NAMES",
        parse_names,
        "",
        "Further names that clients may call this proxy by, with commas; * for any.",
        is_list=True,
    ),
    Option(
        "allowed_origins",
        "ORIGINS",
        parse_origins,
        "",
        "Web pages that may send requests without a key of their own (http://localhost:3000), with commas; * for any.",
        is_list=True,
    ),
    Option(
        "trust_lifetime",
        "TIME",
        parse_seconds,
        "300 s",
        "How long a key is believed after ftrack accepted it.",
    ),
    Option(
        "policy",
        "FILE",
        read_policy,
        BUILT_IN,
        "Rules for what is kept and for how long (TOML).",
    ),
    Option("log_level", *_choice("debug", "info", "warning", "error"), "info", "How much is logged."),
    Option("log_format", *_choice("console", "json"), "console", "Lines for people, or one JSON object each."),
    Option(
        "stop_timeout",
        "TIME",
        parse_seconds,
        "8 s",
        "How long stopping may take in all; what is still in progress then is cut off.",
    ),
)
NAMES = tuple(option.name for option in OPTIONS)
_LISTS = frozenset(option.name for option in OPTIONS if option.is_list)
# Everybody who can read the process list could read these.
_NEVER_A_FLAG = {"api_key"}


@dataclass(frozen=True, slots=True)
class Configuration:
    """The settings, the place (in words) where each was found, and notes to log."""

    settings: Settings
    origins: Mapping[str, str]
    notes: tuple[str, ...]

    def complaint(self, name: str, problem: object) -> str:
        """The message for a setting whose value was read but cannot be used: the problem, and where to change it."""
        return f"{self.origins[name]}: {problem}; set another with {flag_of(name)} or {variable_of(name)}"


def settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command all settings as options, and ``--config``: texts, or ``None``, for ``configured``."""
    for option in reversed(OPTIONS):
        command = click.option(
            flag_of(option.name),
            option.name,
            metavar=option.kind,
            help=option.help + (f"  [default: {option.default}]" if option.default else ""),
            hidden=option.name in _NEVER_A_FLAG,
            callback=_refuse if option.name in _NEVER_A_FLAG else None,
        )(command)
    return config_option(command)


def config_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command ``--config``."""
    return click.option(
        flag_of(CONFIG),
        CONFIG,
        metavar="FILE",
        help=f"Settings file (TOML).  [default: {_default_file()}, if there is one]",
    )(command)


def _refuse(_context: click.Context, _parameter: click.Parameter, value: str | None) -> None:
    if value is not None:
        raise click.UsageError(
            "an API key on the command line can be read by every user of this machine; set "
            f"{variable_of('api_key')} or api_key in the settings file"
        )


def configured(flags: Mapping[str, str | None], environment: Mapping[str, str] = os.environ) -> Configuration:
    """Make settings of a command's flags, the environment and the settings file.

    Raises:
        click.UsageError: what is there cannot be used; the text names where it stands.
    """
    try:
        return _configured(flags, environment)
    except BadSetting as error:
        raise click.UsageError(str(error)) from None


def one_setting(name: str, config: str | None, environment: Mapping[str, str] = os.environ) -> Any:
    """Read a single setting as ``configured`` does, for commands that have no flag for it.

    Raises:
        click.UsageError: as ``configured``.
    """
    option = next(option for option in OPTIONS if option.name == name)
    try:
        found, _ = _gather({CONFIG: config}, environment)
        return _parsed(option, found)[0]
    except BadSetting as error:
        raise click.UsageError(str(error)) from None


def _configured(flags: Mapping[str, str | None], environment: Mapping[str, str]) -> Configuration:
    found, notes = _gather(flags, environment)
    values, origins = {}, {}
    for option in OPTIONS:
        values[option.name], origins[option.name] = _parsed(option, found)
    if values["upstream"] is None:
        raise BadSetting(
            "no ftrack server is named; use --upstream https://STUDIO.ftrackapp.com, FTRACK_PROXY_UPSTREAM, or "
            "upstream in the settings file"
        )
    if is_own_listener(values["upstream"], values["listen"]):
        raise BadSetting(
            f"{origins['upstream']}: {values['upstream']} is this proxy's own listener, {values['listen']} by "
            f"{origins['listen']}; name the ftrack server itself"
        )
    kept = {name: value for name, value in values.items() if name != "store"}
    return Configuration(Settings(**kept), origins, notes)


def _gather(
    flags: Mapping[str, str | None], environment: Mapping[str, str]
) -> tuple[dict[str, SettingText], tuple[str, ...]]:
    """Collect the texts; the strongest source last; user and key only together."""
    ours = from_environment(environment, (*NAMES, CONFIG))
    given = from_flags(flags)
    file = _file_of(given, ours.given)
    for name, entry in (*given.items(), *file.items()):
        if not entry.text.strip() and name not in _LISTS:
            raise BadSetting(f"{entry.where} is empty; write a value, or leave it out")
    _refuse_two_users(given, ours.given)
    nearer = {**ours.given, **given}
    pair = _pair(nearer) or _pair(file) or {}
    found = {**file, **nearer}
    for name in ("api_user", "api_key"):
        found.pop(name, None)
    return {**found, **pair}, _notes(ours.ignored, found.get("upstream"))


def _file_of(flags: Mapping[str, SettingText], environment: Mapping[str, SettingText]) -> dict[str, SettingText]:
    given = flags.get(CONFIG) or environment.get(CONFIG)
    if given is None:
        return from_file(_default_file(), NAMES, _LISTS) if _default_file().is_file() else {}
    if not given.text.strip():
        raise BadSetting(f"{given.where} is empty; name a settings file")
    try:
        return from_file(parse_path(given.text), NAMES, _LISTS)
    except BadSetting as error:
        raise BadSetting(f"{given.where}: {error}") from None


def _refuse_two_users(flags: Mapping[str, SettingText], environment: Mapping[str, SettingText]) -> None:
    """The key in the environment belongs to the user in the environment, if one is named there."""
    user, other = flags.get("api_user"), environment.get("api_user")
    if user and other and user.text.strip() != other.text.strip():
        raise BadSetting(
            f"{user.where} and {other.where} name different users, and there is one key for both; name the same, or "
            "only one"
        )


def _pair(place: Mapping[str, SettingText]) -> dict[str, SettingText] | None:
    """The user and the key in one place; a half is an error, since the other half may be anybody's."""
    pair = {name: place[name] for name in ("api_user", "api_key") if name in place}
    if len(pair) == 1:
        ((name, given),) = pair.items()
        other = "api_user" if name == "api_key" else "api_key"
        there = other if "settings file" in given.where else variable_of(other)
        raise BadSetting(
            f"{given.where} is set without {there}; a user and a key work only together and are taken from one "
            f"place: set {there} there too, or remove {name}"
        )
    return pair or None


def _notes(ignored: tuple[str, ...], upstream: SettingText | None) -> tuple[str, ...]:
    notes = []
    if ignored:
        more = f" and {len(ignored) - 3} more" if len(ignored) > 3 else ""
        notes.append(
            f"ignored {', '.join(ignored[:3])}{more} in the environment: a container platform sets them for a service "
            "whose name begins with ftrack-proxy, they are no settings"
        )
    if upstream is not None and "//STUDIO." in upstream.text:
        notes.append(f"{upstream.where} is still the example's {upstream.text}; write your studio's name there")
    return tuple(notes)


def _parsed(option: Option, found: Mapping[str, SettingText]) -> tuple[Any, str]:
    """Return the setting's value, and where it comes from."""
    given = found.get(option.name)
    if given is None:
        where = f"the default of {flag_of(option.name)}"
        return None if option.default is None else option.parse(option.default), where
    try:
        return option.parse(given.text.strip()), given.where
    except BadSetting as error:
        raise BadSetting(f"{given.where}: {error}") from None


def _default_file() -> Path:
    return platformdirs.user_config_path(_APP) / _FILE
