"""The same over TLS, and through an HTTP proxy's tunnel: connections are kept, and watched."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import pytest

from ftrack_proxy.ports import AnswerLost, Dispatch, NotSent
from tests.test_upstream.peer import STRAY, Line, client_of, peer
from tests.test_upstream.test_error_messages import CA, CERTIFICATES, SPELLINGS, TRUST

pytestmark = pytest.mark.required("G7.5", "G8.1")


@pytest.fixture(autouse=True)
def trusted(monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    for name in (*SPELLINGS, *TRUST):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", CA)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "good.pem")
    return context


@asynccontextmanager
async def tunnel() -> AsyncIterator[tuple[str, list[bytes]]]:
    """An HTTP proxy that connects to where it is told; its address, and the heads that it got."""
    heads: list[bytes] = []
    tasks: set[asyncio.Task[None]] = set()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(2**16):
                writer.write(data)
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        heads.append(head)
        host, _, port = head.split(b" ")[1].decode().rpartition(":")
        there = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        tasks.update(asyncio.create_task(pump(*ends)) for ends in ((reader, there[1]), (there[0], writer)))

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", heads
    server.close()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def encrypted(url: str) -> str:
    return f"https://localhost:{urlsplit(url).port}"


@pytest.mark.parametrize("tunnelled", [False, True])
async def test_connections_are_kept_until_they_bring_what_was_not_asked_for(
    tunnelled: bool, trusted: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stray_later(line: Line) -> None:
        for _ in range(3):
            line.echo(await line.request())
        await arrived.wait()
        line.send(STRAY)
        await line.closed()
        left.set()

    arrived, left = asyncio.Event(), asyncio.Event()
    async with tunnel() as (proxy, heads), peer(stray_later, tls=trusted) as there:
        if tunnelled:
            monkeypatch.setenv("https_proxy", proxy)
        async with client_of(encrypted(there.url)) as client:
            for number in range(3):
                body = b"%d" % number
                assert (await client.write("/api", [], body, Dispatch())).body == body
            arrived.set()
            await left.wait()
            assert (await client.write("/api", [], b"3", Dispatch())).body == b"3"
            assert there.requests == [(0, b"0"), (0, b"1"), (0, b"2"), (1, b"3")]
            assert len(heads) == 2 * tunnelled


async def test_what_breaks_off_while_a_tunnel_is_made_was_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def breaks_off(line: Line) -> None:
        await line.reader.readuntil(b"\r\n\r\n")

    async with peer(breaks_off) as there:
        monkeypatch.setenv("https_proxy", there.url)
        dispatch = Dispatch()
        async with client_of("https://ftrack.invalid") as client:
            with pytest.raises(NotSent):
                await client.write("/api", [], b"x", dispatch)
        assert not dispatch.begun


async def test_a_connection_that_breaks_off_in_the_middle_is_an_unknown_outcome(trusted: ssl.SSLContext) -> None:
    async def breaks_off(line: Line) -> None:
        await line.request()

    async with peer(breaks_off, tls=trusted) as there, client_of(encrypted(there.url)) as client:
        with pytest.raises(AnswerLost):
            await client.write("/api", [], b"x", Dispatch())
