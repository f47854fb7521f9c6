"""What is logged at the start: where the proxy listens, what answers at the upstream, and whose key the feed has."""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable, Mapping

from aiohttp import StreamReader

from ftrack_proxy import __version__
from ftrack_proxy.identity.credentials import Credentials
from ftrack_proxy.observe.exception_summary import exception_summary
from ftrack_proxy.ports import AnswerLost, NotSent
from ftrack_proxy.settings import Address, Settings
from ftrack_proxy.upstream.client import UpstreamClient
from ftrack_proxy.upstream.environment import HttpProxy
from ftrack_proxy.upstream.recognition import PROBE_REQUEST, Finding, Recognition, recognise, recognise_page

_log = logging.getLogger(__name__)

_TIMEOUT = 30.0
_FIRST_PAUSE = 5.0
_LONGEST_PAUSE = 300.0
_MOST_READ = 2**16


def log_addresses(settings: Settings, port: int, way: HttpProxy | None, feed: Credentials | None) -> None:
    """Log what is known without asking ftrack, and the lines to copy."""
    _log.info(
        "ftrack-proxy %s listening on http://%s for %s",
        __version__,
        Address(settings.listen.host, port),
        settings.upstream,
    )
    if way is not None:
        _log.info(
            "%s is reached through the HTTP proxy %s:%s of %s",
            settings.upstream,
            way.url.host,
            way.url.port,
            way.origin,
        )
    if feed is not None:
        _log.info("the change feed is to see what %s sees", feed.user)
    elif settings.listen.is_loopback:
        _log.info("no user is named for the change feed: each client that ftrack accepts gets one of its own")
    else:
        _log.warning(
            "no user is named for the change feed, so little is cached: set FTRACK_PROXY_API_USER and "
            "FTRACK_PROXY_API_KEY to those of a user who sees every project"
        )
    address = f"http://{Address(reachable_host(settings.listen.host), port)}"
    _log.info("export FTRACK_SERVER=%s", address)
    _log.info("status: %s/-/status", address)


def reachable_host(host: str) -> str:
    """The name by which clients reach a listener on ``host``: all addresses have that of the machine."""
    try:
        everywhere = ipaddress.ip_address(host).is_unspecified
    except ValueError:
        everywhere = False
    return socket.gethostname() if everywhere else host


class StartupCheck:
    """Asks the upstream whether it is ftrack, and whose the feed's key is, until that succeeded once.

    ``complaint`` adds to a problem with the upstream's address where that address was set.
    """

    def __init__(self, client: UpstreamClient, feed: Credentials | None, complaint: Callable[[str], str]) -> None:
        self._client = client
        self._feed = feed
        self._complaint = complaint
        self._logged: str | None = None

    async def run(self) -> None:
        """Ask repeatedly, with growing pauses; returns once ftrack has answered."""
        pause = _FIRST_PAUSE
        while True:
            try:
                finding = await self.ask()
            except Exception as error:
                _log.error("cannot tell what answers at the upstream; please report it: %s", exception_summary(error))
                return
            self._log_finding(finding)
            if finding.what is Recognition.FTRACK:
                return
            await asyncio.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)

    async def ask(self) -> Finding:
        """Ask once."""
        user = self._feed.user if self._feed else None
        headers = [("Content-Type", "application/json"), ("Accept", "application/json")]
        if self._feed:
            headers += [("ftrack-user", self._feed.user), ("ftrack-api-key", self._feed.key)]
        try:
            async with asyncio.timeout(_TIMEOUT):
                finding = recognise(*await self._exchange("POST", "/api", headers, PROBE_REQUEST), user)
                if finding.what is Recognition.OTHER:
                    finding = recognise_page(*(await self._exchange("GET", "/", [], None))[:2], finding)
        except TimeoutError:
            return Finding(Recognition.TROUBLE, f"takes more than {_TIMEOUT:g} s to answer; it is asked again")
        except (NotSent, AnswerLost):
            # Logged for every request, by ``upstream/reachability_log.py``.
            return Finding(Recognition.TROUBLE, "")
        return finding

    async def _exchange(
        self, method: str, path: str, headers: list[tuple[str, str]], body: bytes | None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Send, and return status, headers and the beginning of the body of the answer."""
        async with self._client.stream(method, path, headers, body, repeatable=True) as answer:
            return answer.status, answer.headers, await _beginning(answer.content)

    def _log_finding(self, finding: Finding) -> None:
        if finding.message in ("", self._logged):
            return
        self._logged = finding.message
        message = f"{self._client.origin} {finding.message}"
        match finding.what:
            case Recognition.FTRACK:
                _log.info("%s", message)
            case Recognition.OTHER:
                _log.warning("%s", self._complaint(message))
            case _:
                _log.warning("%s", message)


async def _beginning(content: StreamReader) -> bytes:
    read = b""
    while len(read) < _MOST_READ and (piece := await content.read(_MOST_READ)):
        read += piece
    return read
