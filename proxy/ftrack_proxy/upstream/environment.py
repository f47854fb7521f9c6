"""What the environment says about the way to ftrack: HTTP proxies, and whose certificates are trusted."""

from __future__ import annotations

import logging
import os
import ssl
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field

from yarl import URL

_log = logging.getLogger(__name__)

# As ftrack's Python client (requests) reads them, the first that is set. SSL_CERT_FILE is read by OpenSSL itself.
BUNDLE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class BadEnvironment(ValueError):
    """A variable cannot be used; the text names it and says what is expected. It shows no password."""


@dataclass(frozen=True, slots=True)
class HttpProxy:
    """The HTTP proxy on the way to ftrack; ``origin`` names the variable, or the system's settings, that name it."""

    # With user and password, if there are any.
    url: URL = field(repr=False)
    origin: str


def environment_proxy(upstream: URL) -> HttpProxy | None:
    """Read ``HTTPS_PROXY`` or ``HTTP_PROXY``, by the scheme of ``upstream``, or the system's settings.

    ``NO_PROXY`` is honoured.

    Raises:
        BadEnvironment: what is there is no address of an HTTP proxy.
    """
    named = urllib.request.getproxies().get(upstream.scheme)
    if not named or not upstream.host or urllib.request.proxy_bypass(upstream.host):
        return None
    origin = _origin_of(upstream.scheme, os.environ)
    try:
        url = URL(named if "://" in named else f"http://{named}")
        host, port = url.host, url.port
    except ValueError:
        host = port = None
        url = URL()
    if url.scheme not in ("http", "https") or not host or not port:
        raise BadEnvironment(
            f"{origin} names no HTTP proxy that can be used; expected http://HOST:PORT. Correct or unset it, or add "
            f"{upstream.host} to no_proxy to go without"
        )
    return HttpProxy(url, origin)


def _origin_of(scheme: str, environment: Mapping[str, str]) -> str:
    # The lower-case spelling wins, as in urllib.
    for name in (f"{scheme}_proxy", f"{scheme.upper()}_PROXY"):
        if environment.get(name):
            return f"the environment variable {name}"
    others = [name for name, text in environment.items() if name.lower() == f"{scheme}_proxy" and text]
    return f"the environment variable {others[0]}" if others else "the system's proxy setting"


def tls_context(upstream: URL) -> ssl.SSLContext:
    """The system's trust (``SSL_CERT_FILE`` and ``SSL_CERT_DIR`` included) and the bundle that ftrack's client reads.

    What of that cannot be used is left out, with a warning if ``upstream`` needs it.
    """
    context = ssl.create_default_context()
    if upstream.scheme == "https":
        for problem in trust_problems(os.environ):
            _log.warning("%s; it is left out", problem)
    bundle = next((os.environ[name] for name in BUNDLE_VARIABLES if os.environ.get(name)), "")
    try:
        if os.path.isdir(bundle):
            context.load_verify_locations(capath=bundle)
        elif bundle:
            context.load_verify_locations(bundle)
    except OSError:
        # Said above.
        pass
    return context


def trust_problems(environment: Mapping[str, str]) -> list[str]:
    """Say of each variable that names certificates to trust what is wrong with it, if anything."""
    problems = []
    for name in ("SSL_CERT_FILE", *BUNDLE_VARIABLES):
        path = environment.get(name)
        if path and not (name != "SSL_CERT_FILE" and os.path.isdir(path)):
            try:
                ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
            except ssl.SSLError:
                problems.append(f"the environment variable {name} names {path}, which holds no certificates (PEM)")
            except OSError as error:
                problems.append(f"the environment variable {name} names {path}: {error.strerror or error}")
    return problems
