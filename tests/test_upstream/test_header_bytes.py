"""Header lines go out with the bytes that they came with; aiohttp's writers have to be the ones that we replaced."""

from __future__ import annotations

import asyncio
import socket
from contextlib import closing
from typing import Any
from unittest import mock

import pytest
from aiohttp import web
from aiohttp.http_writer import StreamWriter
from multidict import CIMultiDict
from pytest_aiohttp.plugin import AiohttpServer

from ftrack_proxy.upstream import header_bytes
from ftrack_proxy.upstream.header_bytes import serialize_headers


def test_every_byte_stays() -> None:
    read = b"ren\xe9 \xff \xc3\xa9".decode("utf-8", "surrogateescape")
    headers = CIMultiDict([("X", read), ("x", "\u20ac"), ("X", "")])
    assert serialize_headers("GET / HTTP/1.1", headers) == (
        b"GET / HTTP/1.1\r\nX: ren\xe9 \xff \xc3\xa9\r\nx: \xe2\x82\xac\r\nX: \r\n\r\n"
    )


@pytest.mark.parametrize("sign", ["\r", "\n", "\0", "\x01", "\x7f", "\r\nX: y"])
@pytest.mark.parametrize("where", ["line", "name", "value"])
def test_nothing_can_begin_a_line_of_its_own(sign: str, where: str) -> None:
    line, name, value = (
        text + sign * (where == key) for key, text in (("line", "GET /"), ("name", "X"), ("value", "y"))
    )
    with pytest.raises(ValueError, match="control character"):
        serialize_headers(line, CIMultiDict([(name, value)]))


async def test_aiohttps_writers_use_it() -> None:
    """Fails when aiohttp writes heads in another way: then bytes would be lost again."""
    header_bytes.install()
    sent: list[bytes] = []
    protocol: Any = mock.Mock(transport=mock.Mock(is_closing=lambda: False, write=sent.append), _paused=False)
    writer = StreamWriter(protocol, asyncio.get_running_loop())
    await writer.write_headers("GET / HTTP/1.1", CIMultiDict([("X", "\udce9")]))
    writer.send_headers()
    assert b"".join(sent) == b"GET / HTTP/1.1\r\nX: \xe9\r\n\r\n"


async def test_an_answer_has_its_bytes(aiohttp_server: AiohttpServer) -> None:
    header_bytes.install()

    async def answer(request: web.Request) -> web.Response:
        return web.Response(headers={"Content-Type": request.headers["X"]}, body=b"x")

    application = web.Application()
    application.router.add_get("/", answer)
    server = await aiohttp_server(application, access_log=None)
    received = await asyncio.to_thread(_get, (server.host, server.port), b"X: text/caf\xe9")
    assert b"\r\nContent-Type: text/caf\xe9\r\n" in received


def _get(address: Any, line: bytes) -> bytes:
    with closing(socket.create_connection(address, timeout=10)) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + line + b"\r\n\r\n")
        received = b""
        while chunk := connection.recv(4096):
            received += chunk
        return received
