"""The host names that clients may use: a web page must not reach the proxy by a name of its own (DNS rebinding)."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Iterable


class HostCheck:
    """Accepts addresses, the local names, the machine's own names and what the operator allows.

    An attacker's page can make its own name resolve to us, but not make the browser send another ``Host``.
    """

    def __init__(self, listen_host: str, allowed: Iterable[str]) -> None:
        names = {"localhost", listen_host, socket.gethostname(), *allowed}
        self._names = {name.lower().rstrip(".") for name in names}
        self._any = "*" in self._names

    def accepts(self, host: str | None) -> bool:
        """True if a request with this ``Host`` header is meant for us. Without one it comes from no browser."""
        if host is None or self._any:
            return True
        name = _without_port(host).lower().rstrip(".")
        return name in self._names or name.endswith(".localhost") or _is_address(name)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] if host.count(":") == 1 else host


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
