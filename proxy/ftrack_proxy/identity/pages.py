"""From which web page a request comes, as its browser says: pages cannot change these headers."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

ANY = "*"
# A request without any of these comes from no web page, as far as we can know.
ORIGIN_HEADERS = ("Origin", "Sec-Fetch-Site", "Referer")
# A page whose origin the browser does not say (sandboxed, from a file), or whose Origin is none.
OPAQUE = "null"
_PORTS = {"http": 80, "https": 443}


def normal_origin(text: str) -> str | None:
    """One spelling of an origin (RFC 6454 6.2): ``https://host`` or ``http://host:8080``; ``None`` if it is none."""
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        return None
    if not parts.scheme or not parts.hostname or parts.username is not None:
        return None
    if parts.path not in ("", "/") or parts.query or parts.fragment or not parts.netloc.isascii():
        return None
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    scheme = parts.scheme.lower()
    return f"{scheme}://{host}" if port in (None, _PORTS.get(scheme)) else f"{scheme}://{host}:{port}"


def foreign_page(headers: Iterable[tuple[str, str]]) -> str | None:
    """The origin of the page of another origin that sends a request; ``None`` if no such page does.

    A browser says so in ``Sec-Fetch-Site`` (Fetch Metadata), which it sends to secure addresses and to this machine,
    or in ``Origin``, which it sends with whatever is not a plain GET. Where both are missing, as for an image in a page
    of the local network, ``Referer`` is left. Programs send none of them. Another port is another origin.
    """
    sent: dict[str, list[str]] = {}
    for name, value in headers:
        sent.setdefault(name.lower(), []).append(value)
    origins = [normal_origin(value) or OPAQUE for value in sent.get("origin", ())]
    sites = {value.strip().lower() for value in sent.get("sec-fetch-site", ())}
    referers = [_origin_of_page(value) for value in sent.get("referer", ())]
    if sites:
        if sites <= {"same-origin", "none"}:
            return None
        return next(iter([*origins, *filter(None, referers)]), OPAQUE)
    hosts = sent.get("host", [])
    own = {normal_origin(f"{scheme}://{host}") for scheme in _PORTS for host in hosts}
    if origins:
        return next((origin for origin in origins if origin not in own), None)
    return next((page for page in referers if page is not None and page not in own), None)


def _origin_of_page(address: str) -> str | None:
    try:
        parts = urlsplit(address.strip())
    except ValueError:
        return None
    return normal_origin(f"{parts.scheme}://{parts.netloc}") if parts.scheme in _PORTS else None
