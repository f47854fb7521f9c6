"""Where the texts of settings come from: flags, the environment, a file; and what each place is called."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ftrack_proxy.settings import BadSetting

PREFIX = "FTRACK_PROXY_"
CONFIG = "config"

# What Kubernetes and Docker links set in every container for a service called ftrack-proxy, or ftrack-proxy-redis.
_INJECTED = re.compile(
    r"(?:\w+_)?(?:"
    r"SERVICE_HOST|SERVICE_PORT(?:_\w+)?|"
    r"PORT_\d+_(?:TCP|UDP|SCTP)(?:_(?:PROTO|PORT|ADDR|START|END))?|(?:PORT_\d+_\w+_)?ENV_.+)"
)
_INJECTED_VALUES = {"PORT": re.compile(r"(?:tcp|udp|sctp)://.*"), "NAME": re.compile(r"/.*/.*")}


@dataclass(frozen=True, slots=True)
class SettingText:
    """A setting's text, and words that lead to the place where it was found."""

    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says: settings by name, and the variables that a platform set for a service of our name."""

    given: Mapping[str, SettingText]
    ignored: tuple[str, ...]


def flag_of(name: str) -> str:
    """The command line's spelling of a setting."""
    return "--" + name.replace("_", "-")


def variable_of(name: str) -> str:
    """The environment's spelling of a setting."""
    return PREFIX + name.upper()


def from_flags(values: Mapping[str, str | None]) -> dict[str, SettingText]:
    """Take what was given on the command line."""
    return {name: SettingText(text, flag_of(name)) for name, text in values.items() if text is not None}


def from_environment(environment: Mapping[str, str], known: Collection[str]) -> Environment:
    """Take what the environment says; an empty variable counts as none, as everywhere.

    Raises:
        BadSetting: a variable of ours is not known.
    """
    given, ignored = {}, []
    for variable, text in environment.items():
        name = variable.removeprefix(PREFIX)
        if name == variable:
            continue
        if name.lower() in known and name.isupper():
            if text.strip():
                given[name.lower()] = SettingText(text, f"the environment variable {variable}")
        elif _is_injected(name, text):
            ignored.append(variable)
        else:
            raise BadSetting(_unknown(f"the environment variable {variable}", name.lower(), known, variable_of))
    return Environment(given, tuple(sorted(ignored)))


def _is_injected(name: str, text: str) -> bool:
    pattern = _INJECTED_VALUES.get(name.rpartition("_")[2])
    return bool(_INJECTED.fullmatch(name) or (pattern and pattern.fullmatch(text)))


def from_file(path: Path, known: Collection[str], lists: Collection[str]) -> dict[str, SettingText]:
    """Take what a settings file (TOML) says; ``lists``: the settings that may be lists of texts there.

    Raises:
        BadSetting: the file cannot be read, or holds something else than known settings.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
        content = tomllib.loads(text)
    except OSError as error:
        raise BadSetting(f"cannot read the settings file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadSetting(f"the settings file {path} is not valid TOML: {error or 'nested too deep'}") from None
    given = {}
    for name, value in content.items():
        where = _place(name, path, text)
        if name not in known or name == CONFIG:
            raise BadSetting(_unknown(where, name, known, str))
        given[name] = SettingText(_as_text(value, where, may_be_list=name in lists), where)
    return given


def _as_text(value: Any, where: str, *, may_be_list: bool) -> str:
    if may_be_list and isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    if isinstance(value, str) or (isinstance(value, int) and not isinstance(value, bool)):
        return str(value)
    raise BadSetting(f"{where} must be a text" + (" or a list of texts" if may_be_list else "") + ", in quotes")


def _place(name: str, path: Path, text: str) -> str:
    """Say where in the file a name stands: the parser does not tell."""
    setting = re.compile(rf"""\s*\[*\s*["']?{re.escape(name)}["']?\s*[=.\]]""")
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if setting.match(line) and _is_whole("\n".join(lines[:number])):
            return f"{name} in the settings file {path}, line {number + 1}"
    return f"{name} in the settings file {path}"


def _is_whole(text: str) -> bool:
    """False within a text of several lines."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True


def _unknown(where: str, name: str, known: Iterable[str], spell: Callable[[str], str]) -> str:
    near = difflib.get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"did you mean {spell(near[0])}?" if near else f"known are {', '.join(map(spell, known))}"
    return f"{where} is not a setting; {hint}"
