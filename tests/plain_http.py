"""Kept-alive HTTP with little work a request: a client library costs several times what the proxy does.

Whether real clients' own transports are understood is tested in ``tests/clients``; here it is only in the way.
"""

from __future__ import annotations

import datetime
import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import orjson
import requests

PATIENCE = 20.0


@dataclass(frozen=True)
class Answer:
    """What ``requests`` calls a response, as far as it is used."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    elapsed = datetime.timedelta()

    @property
    def text(self) -> str:
        return self.body.decode()

    def json(self) -> Any:
        return orjson.loads(self.body)

    def raise_for_status(self) -> None:
        """Raise what ``requests`` raises, and the real client expects."""
        if self.status >= 400:
            raise requests.HTTPError(f"{self.status} Error")


class PlainClient:
    """Kept-alive connections to one server, as many as are in use at once. Cookies are kept."""

    def __init__(self, url: str, cookies: Mapping[str, str] | None = None) -> None:
        self.cookies = dict(cookies or {})
        self._address = urlsplit(url)
        self._idle: list[http.client.HTTPConnection] = []

    def close(self) -> None:
        while self._idle:
            self._idle.pop().close()

    def request(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Raises OSError, or ``http.client.HTTPException``, if there is no answer. Nothing is sent twice."""
        sent = dict(headers)
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{name}={value}" for name, value in self.cookies.items()))
        connection = self._idle.pop() if self._idle else self._connected()
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            body = answer.read()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        for line in answer.headers.get_all("Set-Cookie") or ():
            self.cookies.update((name, morsel.value) for name, morsel in SimpleCookie(line).items())
        return Answer(answer.status, answer.headers, body)

    def _connected(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._address.hostname or "", self._address.port, timeout=PATIENCE)


class PlainTransport:
    """Takes the place of the ``requests`` session that a real client made, with its headers and credentials.

    The client does all else: what it asks, in which order, and what it makes of the answers.
    """

    def __init__(self, url: str, made: requests.Session) -> None:
        signed = made.prepare_request(requests.Request("POST", url))
        self._headers = {name: value for name, value in signed.headers.items() if name.lower() != "accept-encoding"}
        self._headers.pop("Content-Length", None)
        self._headers.pop("Cookie", None)
        self._client = PlainClient(url, made.cookies.get_dict())
        self.cookies = made.cookies
        made.close()

    def post(self, url: str, headers: Mapping[str, str], data: str, timeout: float) -> Answer:
        return self._client.request("POST", urlsplit(url).path, data.encode(), {**self._headers, **headers})

    def close(self) -> None:
        self._client.close()
