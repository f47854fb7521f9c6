"""The settings of a proxy: one object, and the parsers of their texts."""

from __future__ import annotations

import ipaddress
import re
import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from yarl import URL

from ftrack_proxy.cache_policy.policy import BadPolicy, Policy
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.identity.pages import ANY, normal_origin

DEFAULT_PORT = 8089
# The policy that comes with the proxy.
BUILT_IN = "built-in"
_SIZE = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*([kmgt]?)i?b?", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)\s*(ms|s)")
_COUNT = re.compile(r"[0-9]{1,15}")
_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


# A wheel has the policy next to this file; an editable install finds that of the checkout.
_POLICIES = (Path(__file__).parent / "policy.toml", Path(__file__).parents[2] / "config" / "policy.toml")


class BadSetting(ValueError):
    """A setting's text cannot be used; the message says what is expected."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where to listen. Port 0 lets the system choose."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """True if only this machine can connect."""
        return all(ipaddress.ip_address(a).is_loopback for a in _addresses(self.host)) and bool(self.host)


def read_policy(text: str = BUILT_IN) -> Policy:
    """Read the policy file that ``text`` names, or the one that comes with the proxy."""
    path = next(filter(Path.is_file, _POLICIES), _POLICIES[0]) if text == BUILT_IN else parse_path(text)
    try:
        return Policy.from_document(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise BadSetting(f"cannot read the policy file {path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadSetting(f"the policy file {path} is not valid TOML: {error}") from None
    except BadPolicy as error:
        raise BadSetting(f"the policy file {path}: {error}") from None


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. Sizes in bytes, times in seconds, ``prefetch_rate`` in rows a minute."""

    upstream: URL
    listen: Address
    cache_dir: Path
    state_dir: Path
    cache_size: int
    memory_size: int
    api_user: str | None
    api_key: str | None = field(repr=False)
    allowed_hosts: tuple[str, ...]
    log_level: str
    settle_window: float = 0.5
    trust_lifetime: float = 300.0
    allowed_origins: tuple[str, ...] = ()
    entities_size: int = 256 * 2**20
    prefetch_rate: int = 60_000
    connect_wait: float = 15.0
    pool_wait: float = 15.0
    answer_wait: float = 300.0
    idle_wait: float = 60.0
    stop_timeout: float = 8.0
    log_format: str = "console"
    body_limit: int = 16 * 2**20
    policy: Policy = field(default_factory=read_policy, repr=False)

    def feed_credentials(self, environment: Mapping[str, str]) -> Credentials | None:
        """The credentials of the change feed: the settings', else those that ftrack's own tools use.

        A user and a key are taken from one place only: from two places they may belong to different users.
        """
        if self.api_user or self.api_key:
            return _pair(self.api_user, self.api_key)
        return _pair(environment.get("FTRACK_API_USER"), environment.get("FTRACK_API_KEY"))


_COMMON = ("FTRACK_API_USER", "FTRACK_API_KEY")


def _pair(user: str | None, key: str | None) -> Credentials | None:
    """A user and a key for use in headers, stripped: secrets often end with a line break."""
    user, key = (user or "").strip(), (key or "").strip()
    return Credentials(user, key) if user and key and user.isprintable() and key.isprintable() else None


def problem_with_common_credentials(environment: Mapping[str, str]) -> str | None:
    """Say why the variables that ftrack's own tools use are not used, if one of them is set and they are not."""
    given = [name for name in _COMMON if environment.get(name, "").strip()]
    if not given or _pair(*map(environment.get, _COMMON)) is not None:
        return None
    ours = "FTRACK_PROXY_API_USER and FTRACK_PROXY_API_KEY"
    if len(given) == 1:
        (missing,) = set(_COMMON) - set(given)
        return f"{given[0]} is set without {missing}, so the change feed does not use it; set both, or {ours}"
    return (
        f"there is a control character in {' or '.join(given)}, so the change feed does not use them; correct that, "
        f"or set {ours}"
    )


def parse_upstream(text: str) -> URL:
    """Read the address of the ftrack server."""
    # Passwords and keys are not shown.
    shown = repr(re.sub(r"//[^/]*@", "//", text.partition("?")[0]))
    try:
        url = URL(text.strip())
    except ValueError:
        raise BadSetting(f"{shown} is no address; expected https://STUDIO.ftrackapp.com") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise BadSetting(f"{shown} is no http or https address; expected https://STUDIO.ftrackapp.com")
    if url.user or url.password:
        raise BadSetting("the address of the server must not contain a user or password")
    if url.query_string or url.fragment:
        raise BadSetting(f"{shown} has more than a server and a path; expected https://STUDIO.ftrackapp.com")
    return url.with_path(url.path.rstrip("/"))


def parse_listen(text: str) -> Address:
    """Read HOST:PORT."""
    host, _, port = text.strip().rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise BadSetting(f"{text!r} is not HOST:PORT; expected for example 127.0.0.1:{DEFAULT_PORT}")
    return Address(host, int(port))


def parse_size(text: str) -> int:
    """Read a size such as ``512 MB`` or ``2GB``."""
    match = _SIZE.fullmatch(str(text).strip())
    size = int(float(match[1]) * _UNITS[match[2].lower()]) if match else 0
    if size < 2**20:
        raise BadSetting(f"{text!r} is no size of at least 1 MB; expected for example 512 MB or 2 GB")
    return size


def parse_seconds(text: str) -> float:
    """Read a short time such as ``500 ms`` or ``2 s``, in seconds."""
    match = _TIME.fullmatch(str(text).strip())
    if match is None:
        raise BadSetting(f"{text!r} is no time; expected for example 500 ms or 2 s")
    return float(match[1]) / (1000 if match[2] == "ms" else 1)


def parse_wait(text: str) -> float:
    """Read how long something is waited for: a time that is not 0."""
    seconds = parse_seconds(text)
    if not seconds:
        raise BadSetting(f"{text!r} is no time to wait; expected for example 15 s")
    return seconds


def parse_count(text: str) -> int:
    """Read a whole number that is not negative."""
    if not _COUNT.fullmatch(text.strip()):
        raise BadSetting(f"{text!r} is no whole number of 0 or more")
    return int(text)


def parse_choice(*words: str) -> Callable[[str], str]:
    """Make a reader of one of ``words``, in any case."""

    def parse(text: str) -> str:
        if text.strip().lower() not in words:
            raise BadSetting(
                f"{text!r} is not known here; expected {', '.join(words[:-1])}{' or ' * (len(words) > 1)}{words[-1]}"
            )
        return text.strip().lower()

    return parse


def parse_word(text: str) -> str:
    """Read a text that goes into a header, as it is. The error does not show it: it may be a key."""
    if not text.isprintable():
        raise BadSetting("there is a control character in it; write it on one line, without any")
    return text


def parse_names(text: str) -> tuple[str, ...]:
    """Read names with commas between them."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def parse_origins(text: str) -> tuple[str, ...]:
    """Read origins of web pages with commas between them; ``*`` is any."""
    origins = []
    for name in parse_names(text):
        origin = ANY if name == ANY else normal_origin(name)
        if origin is None:
            raise BadSetting(f"{name!r} is no origin; expected for example http://localhost:3000, or * for any")
        origins.append(origin)
    return tuple(origins)


def parse_path(text: str) -> Path:
    """Read the name of a file or folder; ``~`` is the home folder. The result is absolute."""
    try:
        path = Path(text).expanduser()
    except RuntimeError:
        raise BadSetting(f"{text!r} begins with the home folder of a user who is not known; write it in full") from None
    if "\0" in text:
        raise BadSetting(f"{text!r} is no name of a file or folder")
    if "$" in text:
        raise BadSetting(f"{text!r} has a $ in it, and variables are not filled in here; write the path in full")
    return path.absolute()


def is_own_listener(upstream: URL, listen: Address) -> bool:
    """True if requests to ``upstream`` would come back to ``listen``."""
    if upstream.port != listen.port or not upstream.host:
        return False
    wildcard = any(ipaddress.ip_address(a).is_unspecified for a in _addresses(listen.host))
    own = _addresses(listen.host)
    return any(a in own or (wildcard and _is_local(a)) for a in _addresses(upstream.host))


def _addresses(host: str) -> set[str]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return set()
    return {str(entry[4][0]).partition("%")[0] for entry in found}


def _is_local(address: str) -> bool:
    """True if ``address`` belongs to this machine: only such can be bound."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind((address, 0))
    except OSError:
        return False
    return True
