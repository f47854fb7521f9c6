"""Messages for errors between the proxy and ftrack, with what can be done. They show no URL: it may hold a key."""

from __future__ import annotations

import os
import ssl

import aiohttp

from ftrack_proxy.upstream.environment import HttpProxy, trust_problems

# OpenSSL's numbers (x509_vfy.h): what could not be verified of a certificate.
_UNKNOWN_ISSUER = {2, 18, 19, 20, 21, 24, 26, 27}
_OUT_OF_DATE = {9, 10}
_OTHER_NAME = {62, 64}


class MismatchedAnswer(aiohttp.ClientError):
    """The answer may belong to another request."""

    def __init__(self) -> None:
        super().__init__("what came back may be the answer to another request")


class AmbiguousFraming(aiohttp.ClientError):
    """Two readers could see the end of the answer in different places."""

    def __init__(self) -> None:
        super().__init__("where the answer ends cannot be told")


def error_message(error: BaseException, proxy: HttpProxy | None = None) -> str:
    """Say what is wrong and what can be done; ``proxy``: the HTTP proxy that was on the way, if one was."""
    if proxy is None:
        return _message(error)
    if isinstance(error, aiohttp.ClientHttpProxyError):
        user = "; it wants a user and password: http://USER:PASSWORD@HOST:PORT" if error.status == 407 else ""
        return f"{_named(proxy)} refused to connect to it (status {error.status}){user}"
    if isinstance(error, aiohttp.ClientConnectorError) and (error.host, error.port) == (proxy.url.host, proxy.url.port):
        return (
            f"{_named(proxy)} cannot be reached: {error.os_error.strerror or error.os_error}; correct or unset that, "
            "or add ftrack's host to no_proxy to go without"
        )
    return f"{_message(error)} (on the way through {_named(proxy)})"


def _named(proxy: HttpProxy) -> str:
    return f"the HTTP proxy {proxy.url.host}:{proxy.url.port} of {proxy.origin}"


def _message(error: BaseException) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return _certificate(error)
    if isinstance(error, aiohttp.ClientConnectorSSLError):
        return (
            f"{error.host}:{error.port}: no TLS connection ({_short(error.os_error)}); does the server listen for "
            "https there?"
        )
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"{error.host}:{error.port}: {error.os_error.strerror or error.os_error}"
    if isinstance(error, aiohttp.ServerDisconnectedError | ConnectionResetError):
        return "the server closed the connection"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return str(error) if isinstance(error, MismatchedAnswer | AmbiguousFraming) else type(error).__name__


def _certificate(error: aiohttp.ClientConnectorCertificateError) -> str:
    where, cause = f"{error.host}:{error.port}", error.certificate_error
    code, message = getattr(cause, "verify_code", 0), getattr(cause, "verify_message", "") or _short(cause)
    if code in _OUT_OF_DATE:
        return f"{where}: its certificate is out of date ({message}); renew it there, and check this machine's clock"
    if code in _OTHER_NAME:
        return f"{where}: its certificate is for another name ({message}); use the server's name as the upstream"
    if code in _UNKNOWN_ISSUER:
        amiss = "".join(f"; {problem}" for problem in trust_problems(os.environ))
        return (
            f"{where}: its certificate is not trusted ({message}). If a private CA signed it, name a file with that "
            f"CA's certificate (PEM) in SSL_CERT_FILE or REQUESTS_CA_BUNDLE, and start the proxy again{amiss}"
        )
    return f"{where}: its certificate cannot be verified ({message})"


def _short(error: BaseException) -> str:
    """OpenSSL's reason, such as WRONG_VERSION_NUMBER."""
    return (error.reason if isinstance(error, ssl.SSLError) else None) or type(error).__name__
