"""The way to ftrack: what is wrong with it is said with the variable, or the setting, that can put it right.

``certificates/``: a private CA, and three certificates that it signed, each with its key: of this machine, of this
machine but out of date since 2020, and of another machine. All but that one are good until 2119.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest
from yarl import URL

from ftrack_proxy.ports import AnswerLost, NotSent
from ftrack_proxy.upstream.client import UpstreamClient
from ftrack_proxy.upstream.environment import BadEnvironment, environment_proxy, trust_problems

CERTIFICATES = Path(__file__).parent / "certificates"
CA = str(CERTIFICATES / "ca.pem")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SPELLINGS = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "all_proxy", "ALL_PROXY")
TRUST = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SPELLINGS, *TRUST):
        monkeypatch.delenv(name, raising=False)


@asynccontextmanager
async def server(
    answer: Callable[[bytes], bytes], certificate: str | None = None, until: bytes = b"\r\n\r\n"
) -> AsyncIterator[int]:
    """Answer each head, or whatever ends with ``until``, with bytes, and close; give the port."""

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(until)
            writer.write(answer(head))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    context = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
    listening = await asyncio.start_server(handle, "127.0.0.1", 0, ssl=context)
    async with listening:
        yield listening.sockets[0].getsockname()[1]


async def asked(upstream: str) -> str:
    """Post to ``upstream``: the answer's body, or the message of the error."""
    client = UpstreamClient(URL(upstream), "me")
    try:
        answer = await client.ask("/api?apiKey=secret", [], b"[]", accept_encoding=None)
        said = answer.body.decode()
    except (NotSent, AnswerLost) as error:
        said = f"{type(error).__name__}: {client.problem}"
    finally:
        await client.close()
    assert "secret" not in said
    return said


# -- certificates


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
async def test_a_private_ca_can_be_trusted(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(lambda _: OK, "good") as port:
        said = await asked(f"https://localhost:{port}")
        assert said.startswith(f"NotSent: localhost:{port}: its certificate is not trusted (")
        assert "SSL_CERT_FILE or REQUESTS_CA_BUNDLE" in said
        monkeypatch.setenv(variable, CA)
        assert await asked(f"https://localhost:{port}") == "ok"


async def test_other_trouble_with_certificates_has_another_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", CA)
    for certificate, words in (("expired", "out of date"), ("other_name", "for another name")):
        async with server(lambda _: OK, certificate) as port:
            said = await asked(f"https://localhost:{port}")
            assert f"its certificate is {words}" in said
            assert "SSL_CERT_FILE" not in said
    # A greeting by TLS, to a server that speaks none.
    async with server(lambda _: OK, until=b"\x16\x03\x01") as port:
        said = await asked(f"https://localhost:{port}")
        assert "no TLS connection" in said
        assert "listen for https there?" in said


async def test_trust_that_cannot_be_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    garbage, missing = tmp_path / "garbage.pem", tmp_path / "missing.pem"
    garbage.write_text("no certificate")
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        for path, words in ((garbage, "holds no certificates"), (missing, "No such file")):
            with monkeypatch.context() as patch:
                patch.setenv(variable, str(path))
                async with server(lambda _: OK, "good") as port:
                    said = await asked(f"https://localhost:{port}")
            for text in (said, caplog.text):
                assert f"the environment variable {variable} names {path}" in text
                assert words in text
            caplog.clear()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path))
    assert trust_problems({"REQUESTS_CA_BUNDLE": str(tmp_path), "SSL_CERT_FILE": CA}) == []


# -- HTTP proxies


@pytest.mark.parametrize("variable", ["http_proxy", "HTTP_PROXY"])
@pytest.mark.parametrize("prefix", ["http://", ""])
async def test_an_http_proxy_is_used(variable: str, prefix: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heads = []
    async with server(lambda head: heads.append(head) or OK) as port:  # type: ignore[func-returns-value]
        monkeypatch.setenv(variable, f"{prefix}me:pass%20word@127.0.0.1:{port}")
        assert await asked("http://ftrack.invalid") == "ok"
        assert heads[0].startswith(b"POST http://ftrack.invalid/api?")
        assert f"Proxy-Authorization: {aiohttp.BasicAuth('me', 'pass word').encode()}".encode() in heads[0]
        monkeypatch.setenv("no_proxy", "ftrack.invalid")
        assert "HTTP proxy" not in await asked("http://ftrack.invalid")


@pytest.mark.parametrize(("scheme", "variable"), [("http", "http_proxy"), ("https", "HTTPS_PROXY")])
async def test_an_http_proxy_that_cannot_be_reached_is_named(
    scheme: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "http://me:secret@127.0.0.1:9")
    said = await asked(f"{scheme}://ftrack.invalid")
    assert said.startswith(f"NotSent: the HTTP proxy 127.0.0.1:9 of the environment variable {variable} cannot be")
    monkeypatch.setenv(variable, "http://proxy.invalid:3128")
    assert f"of the environment variable {variable} cannot be reached" in await asked(f"{scheme}://ftrack.invalid")


@pytest.mark.parametrize("status", [407, 403])
async def test_an_http_proxy_that_refuses_is_named_and_nothing_was_sent(
    status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(lambda _: f"HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n".encode()) as port:
        monkeypatch.setenv("https_proxy", f"http://127.0.0.1:{port}")
        said = await asked("https://ftrack.invalid")
    assert said.startswith(f"NotSent: the HTTP proxy 127.0.0.1:{port} of the environment variable https_proxy refused")
    assert f"status {status}" in said
    assert ("USER:PASSWORD" in said) is (status == 407)


async def test_other_trouble_on_the_way_through_a_proxy_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with server(lambda _: b"") as port:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{port}")
        said = await asked("http://ftrack.invalid")
    assert said.startswith("AnswerLost: ")
    assert said.endswith(f"(on the way through the HTTP proxy 127.0.0.1:{port} of the environment variable http_proxy)")


@pytest.mark.parametrize("text", ["socks5://127.0.0.1:9", "http://", "http://me:secret@[", "127.0.0.1:port", "://x"])
def test_what_is_no_http_proxy_is_refused_by_name(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("https_proxy", text)
    with pytest.raises(BadEnvironment, match=r"^the environment variable https_proxy names no HTTP proxy") as caught:
        environment_proxy(URL("https://ftrack.invalid"))
    assert "secret" not in str(caught.value)
    assert environment_proxy(URL("http://ftrack.invalid")) is None


def test_the_systems_own_setting_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # What macOS and Windows answer from their own settings.
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"https": "http://127.0.0.1:9"})
    found = environment_proxy(URL("https://ftrack.invalid"))
    assert found is not None
    assert found.origin == "the system's proxy setting"
